(module
  (import "env" "h" (func $h (param i32) (result i32)))
  (tag $e (param i32))
  (global $count (mut i32) (i32.const 0))
  (func $private (param i64) (result i64)
    call $bump
    local.get 0
    i64.const 3
    i64.add)
  (func $bump
    global.get $count
    i32.const 1
    i32.add
    global.set $count)
  (func (export "traps") (result i32)
    call $bump
    i32.const 1
    i32.const 0
    i32.div_u)
  (func (export "throws")
    i32.const 5
    throw $e)
  (func (export "f") (param i32) (result i32)
    local.get 0
    call $h
    global.get $count
    i32.add))
