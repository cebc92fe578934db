(module
  (type (;0;) (func))
  (import "a" "b" (func (;0;) (type 0)))
  (tag (;0;) (type 0))
  (export "h" (tag 0))
  (export "i" (func 2))
  (func (;1;) (type 0)
    return_call 0
  )
  (func (;2;) (type 0)
    call 1
  )
)
