(module
  (import "env" "f" (func $host))
  (func (export "back"))
  (func $callee
    return_call $host)
  (func (export "f")
    call $callee))
