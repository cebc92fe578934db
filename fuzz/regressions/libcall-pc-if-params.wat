(module
  (type (;0;) (func (param externref i64 funcref)))
  (type (;1;) (func))
  (global (;0;) (mut externref) ref.null extern)
  (export "a" (func 0))
  (func (;0;) (type 1)
    ref.null extern
    i64.const 0
    ref.null func
    i32.const 0
    i32.eqz
    if (type 0) (param externref i64 funcref) ;; label = @1
      drop
      drop
      global.set 0
    else
      unreachable
    end
    loop ;; label = @1
    end
  )
)
