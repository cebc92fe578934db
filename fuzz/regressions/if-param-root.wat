(module
  (type $outer (func (param f64 funcref externref i64) (result i32)))
  (type $inner (func (param externref i64 v128) (result v128)))
  (table 1 externref)
  (func (export "f") (param v128)
    f64.const 0
    ref.null func
    ref.null extern
    i64.const 0
    i32.const 1
    if (type $outer)
      i32.const 0
      i8x16.splat
      i32.const 1
      if (type $inner)
        local.get 0
        br 0
      else
        unreachable
      end
      drop
      drop
      drop
      i32.const 0
    else
      unreachable
    end
    drop))
