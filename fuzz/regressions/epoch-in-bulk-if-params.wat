(module
  (type $s (struct))
  (type $p (func (param (ref null $s)) (result i32)))
  (table $t i64 8 anyref)
  (func (export "f") (result i32)
    (ref.null $s)
    (i32.const 1)
    if (type $p)
      drop
      (table.copy $t $t (i64.const 0) (i64.const 1) (i64.const 1))
      (i32.const 2)
    else
      unreachable
    end))
