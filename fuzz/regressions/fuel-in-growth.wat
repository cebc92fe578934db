(module
  (table i64 8 funcref)
  (func (export "run") (local i32)
    (local.set 0 (i32.const 2))
    loop
      (drop (table.grow 0 (ref.null func) (i64.const -1)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
    end))
