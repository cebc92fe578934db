(module
  (type $t (func (result i32)))
  (import "env" "h" (func))
  (memory 1)
  (global (mut i32) (i32.const 1))
  (table 2 funcref)
  (elem (i32.const 1) 2)
  (func (export "f") (result i32)
    call 0
    global.get 0
    i32.const 8
    i32.load8_u
    i32.add
    i32.const 0
    call_indirect (type $t)
    i32.add)
  (func (type $t) i32.const 27))
