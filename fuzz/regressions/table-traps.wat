;; Traps of the table instructions: 42.0.2 announces those of `table.fill` and `table.init` as host errors.
(module
  (table 1 funcref)
  (elem funcref (ref.null func))
  (func (export "fill")
    i32.const 1
    ref.null func
    i32.const 1
    table.fill)
  (func (export "init")
    i32.const 1
    i32.const 0
    i32.const 1
    table.init 0)
  (func (export "copy")
    i32.const 1
    i32.const 0
    i32.const 1
    table.copy))
