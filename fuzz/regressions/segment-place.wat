(module
  (type $s (struct))
  (type $a (array i32))
  (table 8 anyref)
  (elem $e anyref (item i32.const 9 array.new_default $a))
  (func (export "f")
    i32.const 0
    i32.const 0
    i32.const 1
    table.init $e
    struct.new_default $s
    drop))
