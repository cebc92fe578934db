(module
  (type (;0;) (struct))
  (type (;1;) (struct (field (mut i32)) (field (mut f64))))
  (type (;2;) (array (mut (ref null 0))))
  (type (;3;) (func))
  (import "a" "d" (func (;0;) (type 3)))
  (import "a" "f" (func (;1;) (type 3)))
  (import "a" "h" (global (;0;) (mut v128)))
  (global (;1;) (mut i32) i32.const 0)
  (export "h" (global 0))
  (export "j" (global 1))
  (export "a" (func 2))
  (export "b" (func 4))
  (export "c" (func 5))
  (func (;2;) (type 3)
    unreachable
  )
  (func (;3;) (type 3)
    i32.const 0
    array.new_default 2
    struct.new_default 1
    struct.new_default 0
    unreachable
  )
  (func (;4;) (type 3)
    block ;; label = @1
      i32.const 0
      i8x16.splat
      call 1
      drop
    end
    struct.new_default 0
    ref.null exn
    i32.const 0
    call 1
    call 3
    unreachable
  )
  (func (;5;) (type 3)
    call 0
    struct.new_default 0
    i32.const 2
    array.new_default 2
    drop
    unreachable
  )
)
