(module
  (import "env" "take" (func $take (param funcref)))
  (elem declare func $f)
  (func $f (result i32) (i32.const 1))
  (func $start (export "again") (call $take (ref.func $f)))
  (start $start))
