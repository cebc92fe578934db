(module
  (func (export "f") (result f32)
    v128.const f32x4 0x1.fffffep+127 0 0 0
    v128.const f32x4 2 0 0 0
    v128.const f32x4 -0x1.fffffep+127 0 0 0
    f32x4.relaxed_madd
    f32x4.extract_lane 0))
