(module
  (import "env" "trap" (func (param i32)))
  (import "env" "wrapped" (func (param i32) (result i32)))
  (func (export "trap") (param i32)
    i32.const 3
    local.get 0
    call 0
    drop)
  (func (export "wrapped") (param i32) (result i32)
    i32.const 3
    local.get 0
    call 1
    i32.add))
