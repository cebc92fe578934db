(module
  (func $f (export "f") (param i32 i32) (result i32)
    local.get 0
    local.get 1
    i32.add)
  (func (export "main") (param i32 i32) (result i32)
    local.get 0
    local.get 1
    call $f))
