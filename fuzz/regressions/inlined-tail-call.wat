(module
  (func $count (param i32) (result i32)
    local.get 0
    if
      local.get 0
      i32.const 1
      i32.sub
      return_call $count
    end
    i32.const 5)
  (func (export "f") (param i32) (result i32)
    local.get 0
    call $count))
