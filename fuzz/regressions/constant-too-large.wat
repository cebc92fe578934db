(module
  (type $a (array (mut i64)))
  (global (ref $a) (array.new_default $a (i32.const 0x10000000))))
