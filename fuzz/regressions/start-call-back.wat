;; The start function asks the host for an export of the instance that is being made.
(module
  (import "env" "back" (func $back (param externref) (result i32)))
  (start $start)
  (func $go (export "go")
    ref.null extern
    call $back
    drop)
  (func $start
    call $go))
