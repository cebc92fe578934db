;; The host calls the import `c` that the module exports, a host function, which calls `d` again: both calls of `d` have
;; frames at the same places, with other locals.
(module
  (import "env" "b" (func $b (result i64)))
  (import "env" "c" (func $c (result i64)))
  (export "c" (func $c))
  (func $waits (result i64)
    call $b)
  (func (export "d") (param f64)
    call $waits
    drop))
