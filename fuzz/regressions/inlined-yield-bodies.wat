;; The same function by itself and inlined: its two bodies have records of their own.
(module
  (type (;0;) (func (param i32) (result i32 f64)))
  (type (;1;) (func))
  (memory (;0;) 1)
  (tag (;0;) (type 1))
  (export "b" (func 0))
  (export "a" (func 1))
  (func (;0;) (type 0) (param i32) (result i32 f64)
    local.get 0
    if ;; label = @1
      throw 0
    end
    i32.const 0
    i32.const 0
    f64.convert_i32_s
    i32.const 0
    i32.const 0
    i32.const 0
    i32.const 0
    i32.and
    memory.copy
  )
  (func (;1;) (type 1)
    i32.const 0
    call 0
    unreachable
  )
)
