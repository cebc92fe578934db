(module
  (func (export "dot16") (result i32)
    (i16x8.extract_lane_s 0
      (i16x8.relaxed_dot_i8x16_i7x16_s
        (i8x16.splat (i32.const -128)) (i8x16.splat (i32.const -128)))))
  (func (export "dot32") (result i32)
    (i32x4.extract_lane 0
      (i32x4.relaxed_dot_i8x16_i7x16_add_s
        (i8x16.splat (i32.const -128)) (i8x16.splat (i32.const -128))
        (v128.const i32x4 0 0 0 0)))))
