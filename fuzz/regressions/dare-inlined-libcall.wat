;; The record that is found for an interruption of the loop is of $never, inlined and never executed.
(module
  (func $never
    nop)
  (func (export "f") (param i32)
    loop
      local.get 0
      i32.const 1
      i32.sub
      local.tee 0
      br_if 0
    end
    local.get 0
    if
      return_call $never
    end))
