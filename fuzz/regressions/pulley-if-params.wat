;; On 42 a vector's slot can be read where it is aligned, which an `if`'s parameter that is gone decides: it is shown
;; below the operands of the consequent.
(module
  (func (export "go")
    (local i64)
    i32.const 0
    i32.const 1
    if (param i32)
      drop
      i64.const 0
      i32.const 0
      i32.const 0
      i8x16.splat
      i32.const 1
      i8x16.splat
      f32x4.ne
      drop
      drop
      drop
    else
      unreachable
    end))
