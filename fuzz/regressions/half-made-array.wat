(module
  (type $s (struct))
  (type $a (array (mut (ref null $s))))
  (func (export "a")
    i32.const 0
    array.new_default $a
    i32.const 0
    array.new_default $a
    i32.const 0
    array.new_default $a
    i32.const 0
    array.new_default $a
    unreachable)
  (func (export "b")
    struct.new_default $s
    i32.const 0
    array.new_default $a
    i32.const 0
    array.new_default $a
    unreachable)
  (func (export "c"))
  (func (export "d"))
  (func (export "e")
    i32.const 0
    array.new_default $a
    i32.const 2
    array.new_default $a
    unreachable))
