(module
  (import "env" "h" (func $h (param i32) (result i32)))
  (memory 1) (data (i32.const 0) "abc")
  (global (mut i32) (i32.const 1))
  (table 2 funcref) (elem (i32.const 0) 1)
  (func $f (export "f") (param i32) (result i32)
    local.get 0  i32.const 1  i32.store8 offset=7
    global.get 0  local.get 0  call $h  i32.add  global.set 0
    global.get 0  i32.load8_u offset=1))
