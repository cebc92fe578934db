(module
  (type $a (array i32))
  (table $t (export "t") 2 (ref null $a))
  (elem $e (ref $a) (item (array.new_fixed $a 1 (i32.const 7))))
  (func (export "f") (result i32)
    i32.const 0
    i32.const 0
    i32.const 1
    table.init $t $e
    i32.const 1
    i32.const 0
    i32.const 1
    table.init $t $e
    i32.const 0
    table.get $t
    i32.const 1
    table.get $t
    ref.eq))
