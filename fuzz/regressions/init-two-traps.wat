(module
  (type $bytes (array (mut i8)))
  (type $functions (array (mut funcref)))
  (data $d "12")
  (elem $e funcref (ref.null func))
  (func (export "data")
    (array.init_data $bytes $d
      (array.new_default $bytes (i32.const 1)) (i32.const 1) (i32.const 2) (i32.const 1)))
  (func (export "elem")
    (array.init_elem $functions $e
      (array.new_default $functions (i32.const 1)) (i32.const 1) (i32.const 1) (i32.const 1)))
  (func (export "null")
    (array.init_data $bytes $d
      (ref.null $bytes) (i32.const 0) (i32.const 2) (i32.const 1))))
