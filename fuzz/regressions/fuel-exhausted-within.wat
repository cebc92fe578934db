;; A host function calls `deep`, which uses up the stack, and passes no error on: `go` ends well.
(module
  (import "env" "call" (func $call))
  (func (export "go")
    call $call)
  (func $deep (export "deep") (param i32 i32) (result i32)
    local.get 1
    local.get 0
    call $deep))
