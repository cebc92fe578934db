(module
  (import "lib" "f" (func $f (param i32) (result i32)))
  (global $started (mut i32) i32.const 0)
  (func $start
    i32.const 2
    global.set $started)
  (func (export "go") (param i32) (result i32)
    local.get 0
    call $f
    global.get $started
    i32.add)
  (start $start))
