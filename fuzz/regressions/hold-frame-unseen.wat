(module
  (type (;0;) (func))
  (export "a" (func 0))
  (func (;0;) (type 0)
    unreachable
  )
)
