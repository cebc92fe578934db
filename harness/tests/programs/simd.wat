;; A SIMD program: lanes of several widths in vectors that live in locals and on the operand stack.
;; The first two locals fill 8 bytes, so that the vectors behind them are aligned and readable.
(module
  (memory 1)
  (func (export "run") (param $n i32) (result i64)
    (local $at i32) (local $a v128) (local $b v128) (local $x v128)
    (local.set $a (v128.const i32x4 0x9e3779b9 0x7f4a7c15 0x85ebca6b 0xc2b2ae35))
    (local.set $b (v128.const i16x8 1 2 3 5 8 13 21 34))
    (local.set $x (v128.const f32x4 1.5 0.25 -3.0 7.0))
    (loop $again
      (local.set $a (i32x4.add (i32x4.mul (local.get $a) (local.get $b)) (local.get $a)))
      (local.set $b (i16x8.sub (local.get $b) (i8x16.shuffle
        1 0 3 2 5 4 7 6 9 8 11 10 13 12 15 14 (local.get $a) (local.get $a))))
      (local.set $x (f32x4.add
        (f32x4.mul (local.get $x) (v128.const f32x4 0.5 0.5 0.5 0.5))
        (v128.const f32x4 1.0 2.0 3.0 4.0)))
      (local.set $a (v128.xor (local.get $a) (i64x2.shl (local.get $b) (i32.const 3))))
      (local.set $b (v128.bitselect (local.get $a) (local.get $b) (local.get $x)))
      (local.set $at (i32.and (local.get $n) (i32.const 0xfff0)))
      (v128.store (local.get $at) (local.get $a))
      (local.set $b (i8x16.add (local.get $b) (v128.load (local.get $at))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.xor
      (i64x2.extract_lane 0 (v128.xor (local.get $a) (local.get $x)))
      (i64x2.extract_lane 1 (v128.xor (local.get $a) (local.get $b))))))
