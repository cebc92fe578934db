;; An arithmetic loop: integers and floats of both widths, with a branch that is sometimes taken.
(module
  (func (export "run") (param $n i32) (result i64)
    (local $a i64) (local $b i32) (local $x f64) (local $y f32)
    (local.set $a (i64.const 0x9e3779b97f4a7c15))
    (local.set $b (i32.const 12345))
    (local.set $x (f64.const 1.5))
    (local.set $y (f32.const 0.25))
    (loop $again
      ;; xorshift on 64 bits
      (local.set $a (i64.xor (local.get $a) (i64.shl (local.get $a) (i64.const 13))))
      (local.set $a (i64.xor (local.get $a) (i64.shr_u (local.get $a) (i64.const 7))))
      ;; a linear congruence on 32
      (local.set $b
        (i32.add (i32.mul (local.get $b) (i32.const 1664525)) (i32.const 1013904223)))
      (if (i32.and (local.get $b) (i32.const 0x10000))
        (then
          (local.set $x
            (f64.add (f64.mul (local.get $x) (f64.const 0.999)) (f64.const 0.125))))
        (else
          (local.set $y
            (f32.sub (f32.mul (local.get $y) (f32.const 0.5)) (f32.const 0.75)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.xor
      (i64.xor (local.get $a) (i64.extend_i32_u (local.get $b)))
      (i64.xor
        (i64.reinterpret_f64 (local.get $x))
        (i64.extend_i32_u (i32.reinterpret_f32 (local.get $y)))))))
