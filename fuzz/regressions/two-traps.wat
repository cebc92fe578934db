(module
  (type $a (array (mut i32)))
  (func (export "f")
    i32.const 0
    array.new_default $a
    i32.const 0
    ref.null $a
    i32.const 0
    i32.const 1
    array.copy $a $a))
