(module
  (type (;0;) (func))
  (type (;1;) (func (param i32)))
  (export "c" (func 0))
  (export "d" (func 1))
  (export "a" (func 2))
  (func (;0;) (type 0))
  (func (;1;) (type 1) (param i32)
    local.get 0
    i32.eqz
    if ;; label = @1
    end
    unreachable
  )
  (func (;2;) (type 0)
    i32.const 1
    return_call 1
  )
)
