(module
  (import "env" "host" (func $host))
  (func (export "f") (param funcref)
    call $host))
