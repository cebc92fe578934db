;; Fuel is used up where a function is entered: its own records are all behind the call that says so.
(module
  (func $first nop)
  (func $down (export "f") (param i32)
    local.get 0
    i32.const 1
    i32.add
    call $down))
