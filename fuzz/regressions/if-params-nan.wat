(module
  (func (export "f") (param i32) (result f64)
    f64.const 1
    local.get 0
    if (param f64) (result f64)
      drop
      f64.const 0
      f64.const 0
      f64.div
      nop
      f64.abs
    end))
