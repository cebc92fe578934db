;; `atomic.fence`: the official scripts have none. It takes and leaves nothing, and needs no memory.

(module
  (func (export "alone") (atomic.fence))
  (func (export "between") (param i32 i32) (result i32)
    (local.get 0)
    (atomic.fence)
    (local.get 1)
    (atomic.fence)
    (i32.sub)))

(assert_return (invoke "alone"))
(assert_return (invoke "between" (i32.const 44) (i32.const 2)) (i32.const 42))

(assert_invalid
  (module (func (result i32) (atomic.fence)))
  "type mismatch")
