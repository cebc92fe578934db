;; Vectors: locals and operands between narrower ones, lanes, shuffles, NaNs in lanes.
(module
  (memory 1)

  ;; A dot product of i16 lanes, four f32 lanes scaled beside it.
  (func (export "dot") (param $n i32) (result v128 i32)
    (local $sum v128) (local $i i32) (local $scale v128)
    (local.set $scale (f32x4.splat (f32.const 1.5)))
    (loop $again
      (v128.store offset=1024
        (i32.shl (local.get $i) (i32.const 4))
        (i16x8.mul
          (i16x8.splat (local.get $i))
          (v128.const i16x8 1 -2 3 -4 5 -6 7 -8)))
      (local.set $sum
        (i32x4.add
          (local.get $sum)
          (i32x4.dot_i16x8_s
            (v128.load offset=1024 (i32.shl (local.get $i) (i32.const 4)))
            (v128.const i16x8 1 1 2 2 3 3 4 4))))
      (local.set $scale
        (f32x4.mul (local.get $scale) (f32x4.convert_i32x4_s (local.get $sum))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (v128.xor (local.get $scale) (local.get $sum))
    (i32.add
      (i32x4.extract_lane 0 (local.get $sum))
      (i32x4.extract_lane 3 (local.get $sum))))

  ;; Shuffles, saturation, comparison masks and float lanes that hold NaNs.
  (func (export "mix") (param $a v128) (param $b v128) (result v128)
    (v128.bitselect
      (i8x16.shuffle 0 31 1 30 2 29 3 28 4 27 5 26 6 25 7 24 (local.get $a) (local.get $b))
      (i8x16.swizzle (local.get $b) (local.get $a))
      (f32x4.lt (local.get $a) (local.get $b)))
    (i8x16.add_sat_u (local.get $a))
    (f64x2.max (local.get $b))
    (f32x4.sqrt)
    (i16x8.narrow_i32x4_s (local.get $b))
    (i8x16.popcnt))

  ;; Vectors in slots of every alignment: some cannot be read on every version.
  (func $lanes (export "unaligned") (param $x i32) (param $v v128) (param $y i32) (result i64 v128 i32)
    (local $w v128) (local $z i64) (local $u v128)
    (local.set $w (i32x4.splat (local.get $x)))
    (local.set $u (v128.not (local.get $v)))
    (i64.const 5)
    (i64x2.add (local.get $u) (local.get $w))
    (i32.const 6)
    (v128.any_true (i8x16.replace_lane 7 (local.get $u) (local.get $y)))
    (i32.add)))
