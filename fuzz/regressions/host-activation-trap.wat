;; A trap above a host function that calls itself: 42.0.2 shows the frames below twice, and the trap elsewhere.
(module
  (import "env" "f" (func $f (result f32 i64 f32)))
  (import "env" "g" (func $g (result i64)))
  (memory 0)
  (export "f" (func $f))
  (func (export "h") (result f32 i64 f32)
    call $g
    i32.const 0
    i32.load16_s
    unreachable))
