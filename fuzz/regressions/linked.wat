;; The main module: it imports from another module, from the host, and is called back.
(module
  (import "lib" "twice" (func $twice (param i32) (result i32)))
  (import "env" "memory" (memory 1))
  (import "env" "base" (global $base i32))
  (import "env" "tick" (func $tick (result f32)))
  (global $calls (export "calls") (mut i32) (i32.const 0))
  (func (export "on_tick") (global.set $calls (i32.add (global.get $calls) (i32.const 1))))
  (func (export "run") (param v128) (result i32 f32)
    (call $twice (i32.load (global.get $base)))
    (call $tick)
    (i32.store (i32.const 0) (i32x4.extract_lane 2 (local.get 0)))))
