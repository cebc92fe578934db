(module
  (type $s (struct))
  (type $a (array i64))
  (func (export "f")
    struct.new_default $s
    drop)
  (func $g (export "g") (result (ref null $s) v128)
    (local (ref null $s) i32)
    struct.new_default $s
    call $g
    array.new_fixed $a 0
    unreachable))
