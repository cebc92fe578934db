;; The relaxed truncations: the official script has a module for them and invokes none. What is in range is
;; truncated; for the rest there is a choice, of which the first is that of the deterministic profile.

(module
  (func (export "f32x4_s") (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))
  (func (export "f32x4_u") (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_u (local.get 0)))
  (func (export "f64x2_s_zero") (param v128) (result v128)
    (i32x4.relaxed_trunc_f64x2_s_zero (local.get 0)))
  (func (export "f64x2_u_zero") (param v128) (result v128)
    (i32x4.relaxed_trunc_f64x2_u_zero (local.get 0))))

(assert_return (invoke "f32x4_s" (v128.const f32x4 1.9 -1.9 -0.0 -2147483648.0))
  (v128.const i32x4 1 -1 0 0x80000000))
(assert_return (invoke "f32x4_s" (v128.const f32x4 nan -nan 2147483648.0 -4294967296.0))
  (either
    (v128.const i32x4 0 0 0x7fffffff 0x80000000)
    (v128.const i32x4 0x80000000 0x80000000 0x80000000 0x80000000)))

(assert_return (invoke "f32x4_u" (v128.const f32x4 1.9 -0.9 2147483648.0 4294967040.0))
  (v128.const i32x4 1 0 0x80000000 0xffffff00))
(assert_return (invoke "f32x4_u" (v128.const f32x4 nan -1.0 4294967296.0 inf))
  (either
    (v128.const i32x4 0 0 0xffffffff 0xffffffff)
    (v128.const i32x4 0xffffffff 0xffffffff 0xffffffff 0xffffffff)))

(assert_return (invoke "f64x2_s_zero" (v128.const f64x2 -2147483648.9 2147483647.9))
  (v128.const i32x4 0x80000000 0x7fffffff 0 0))
(assert_return (invoke "f64x2_s_zero" (v128.const f64x2 nan 2147483648.0))
  (either
    (v128.const i32x4 0 0x7fffffff 0 0)
    (v128.const i32x4 0x80000000 0x80000000 0 0)))

(assert_return (invoke "f64x2_u_zero" (v128.const f64x2 -0.9 4294967295.9))
  (v128.const i32x4 0 0xffffffff 0 0))
(assert_return (invoke "f64x2_u_zero" (v128.const f64x2 -1.0 4294967296.0))
  (either
    (v128.const i32x4 0 0xffffffff 0 0)
    (v128.const i32x4 0xffffffff 0xffffffff 0 0)))
