(module
  (import "env" "m" (memory 1))
  (func (export "f")))
