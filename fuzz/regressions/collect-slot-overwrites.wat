(module
  (type (;0;) (struct (field (mut i8))))
  (type (;1;) (struct (field i64) (field (mut i16)) (field (mut i32)) (field i8) (field eqref) (field i8) (field f32) (field (mut i8)) (field (mut f64)) (field i64)))
  (type (;2;) (func))
  (global (;0;) (mut i32) i32.const 54)
  (export "b" (func 0))
  (export "c" (global 0))
  (func (;0;) (type 2)
    (local (ref null 0))
    loop ;; label = @1
      global.get 0
      i32.eqz
      if ;; label = @2
        unreachable
      end
      global.get 0
      i32.const 1
      i32.sub
      global.set 0
      struct.new_default 1
      struct.new_default 0
      local.set 0
      br 0 (;@1;)
    end
  )
)
