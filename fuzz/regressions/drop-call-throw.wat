(module
  (tag $e (param i32))
  (func (export "throws")
    i32.const 3
    throw $e)
  (func (export "traps")
    unreachable))
