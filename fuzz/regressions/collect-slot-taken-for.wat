(module
  (type (;0;) (struct (field (mut i32)) (field (mut f64)) (field i64)))
  (rec
    (type (;1;) (struct (field (mut (ref null 1))) (field (mut (ref null 2))) (field (mut anyref))))
    (type (;2;) (array (mut (ref null 1))))
  )
  (type (;3;) (array (mut i8)))
  (type (;4;) (array (mut i32)))
  (type (;5;) (array (mut v128)))
  (type (;6;) (array (mut anyref)))
  (type (;7;) (func))
  (import "env" "g0" (global (;0;) v128))
  (import "env" "g1" (global (;1;) i32))
  (table (;0;) 9 21 funcref)
  (global (;2;) (mut anyref) struct.new_default 0)
  (global (;3;) (mut (ref null 1)) struct.new_default 1)
  (global (;4;) (mut (ref 0)) struct.new_default 0)
  (export "endless6" (func 6))
  (export "filling7" (func 7))
  (elem (;0;) anyref (struct.new_default 0) (struct.new_default 1) (item i32.const 9 array.new_default 3) (item i32.const 5 i32.const 8 array.new 4))
  (func (;0;) (type 7))
  (func (;1;) (type 7))
  (func (;2;) (type 7))
  (func (;3;) (type 7))
  (func (;4;) (type 7))
  (func (;5;) (type 7)
    unreachable
  )
  (func (;6;) (type 7)
    i32.const 11
    array.new_default 5
    i32.const 0
    array.new_default 3
    ref.null any
    i32.const 0
    ref.i31
    global.get 2
    struct.new_default 0
    i32.const 9
    array.new_default 2
    ref.null any
    i32.const 8
    array.new_default 4
    i32.const 0
    ref.i31
    array.new_fixed 6 8
    i32.const 0
    f64.convert_i32_s
    call 6
    return_call 0
  )
  (func (;7;) (type 7)
    (local externref (ref null 1))
    i32.const 11
    array.new_default 2
    extern.convert_any
    local.set 0
    loop ;; label = @1
      local.get 1
      ref.null 2
      i32.const 4096
      array.new_default 3
      i32.const 0
      f32.convert_i32_s
      drop
      struct.new 1
      local.set 1
      br 0 (;@1;)
    end
  )
)
