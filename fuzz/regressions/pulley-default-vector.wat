(module
  (type (;0;) (struct (field (mut v128))))
  (type (;1;) (func))
  (export "a" (func 0))
  (func (;0;) (type 1)
    (local i32 i64 f64 v128 i32 v128)
    i32.const 0
    local.get 2
    local.get 3
    v128.const i32x4 0x00010000 0x00000100 0x00000000 0xfffffffe
    i16x8.lt_s
    struct.new_default 0
    unreachable
  )
)
