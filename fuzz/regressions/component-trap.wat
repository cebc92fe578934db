(component
  (component $inner
    (core module $m
      (func (export "inner") (param i32) (result i32) (i32.div_u (i32.const 42) (local.get 0))))
    (core instance $i (instantiate $m))
    (func (export "inner") (param "n" u32) (result u32) (canon lift (core func $i "inner"))))
  (component $middle
    (import "inner" (func $inner (param "n" u32) (result u32)))
    (core func $inner (canon lower (func $inner)))
    (core module $m
      (import "env" "inner" (func $inner (param i32) (result i32)))
      (func (export "middle") (param i32) (result i32) (i32.add (i32.const 1) (call $inner (local.get 0)))))
    (core instance $i (instantiate $m (with "env" (instance (export "inner" (func $inner))))))
    (func (export "middle") (param "n" u32) (result u32) (canon lift (core func $i "middle"))))
  (component $outer
    (import "middle" (func $middle (param "n" u32) (result u32)))
    (core func $middle (canon lower (func $middle)))
    (core module $m
      (import "env" "middle" (func $middle (param i32) (result i32)))
      (func (export "outer") (param i32) (result i32) (i32.mul (i32.const 2) (call $middle (local.get 0)))))
    (core instance $i (instantiate $m (with "env" (instance (export "middle" (func $middle))))))
    (func (export "outer") (param "n" u32) (result u32) (canon lift (core func $i "outer"))))
  (instance $inner (instantiate $inner))
  (instance $middle (instantiate $middle (with "inner" (func $inner "inner"))))
  (instance $outer (instantiate $outer (with "middle" (func $middle "middle"))))
  (export "outer" (func $outer "outer")))
