;; The consequent of an `if` with parameters: 42.0.2 shows parameters that are gone.
(module
  (func (export "f") (param i32 i32) (result i32)
    i32.const 100
    local.get 0
    local.get 1
    if (param i32 i32) (result i32)
      drop
      i32.const 5
      i32.add
      i32.const 7
      drop
    else
      i32.sub
    end))
