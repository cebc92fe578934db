(module
  (func (export "f") (param i32) (result i32)
    i32.const 0
    if
      nop
    end
    block
      local.get 0
      br_if 0
      local.get 0
      return
    end
    i32.const 1000))
