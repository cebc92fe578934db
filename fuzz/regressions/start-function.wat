(module
  (import "env" "seen" (func $seen (param i32)))
  (global $g (mut i32) (i32.const 3))
  (memory 1)
  (data (i32.const 8) "start")
  (func $twice (param i32) (result i32)
    local.get 0
    call $seen
    local.get 0
    i32.const 2
    i32.mul)
  (func $start
    global.get $g
    call $twice
    global.set $g)
  (start $start)
  (func (export "g") (result i32)
    global.get $g))
