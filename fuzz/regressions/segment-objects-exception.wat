(module
  (type $bytes (array (mut i8)))
  (table $t 8 anyref)
  (elem $e anyref (item i32.const 9 array.new_default $bytes))
  (tag $thrown)
  (func $f (export "f")
    i32.const 0
    i32.const 0
    i32.const 1
    table.init $t $e)
  (func (export "throws")
    call $f
    throw $thrown))
