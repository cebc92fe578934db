(module
  (type (;0;) (func (result i64)))
  (type (;1;) (func))
  (start 1)
  (func (;0;) (type 0) (result i64)
    return_call 0
  )
  (func (;1;) (type 1)
    call 0
    drop
  )
)
