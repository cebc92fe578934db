(module
  (func $loop (param i32)
    local.get 0
    i32.eqz
    if
      return
    end
    local.get 0
    i32.const 1
    i32.sub
    return_call $loop)
  (func (export "f")
    i32.const 1
    i32.const 1
    call $loop
    return_call $loop))
