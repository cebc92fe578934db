(module
  (import "env" "f" (func $host))
  (func $callee
    return_call $host)
  (func (export "f")
    call $callee))
