(component
  (component $callee
    (core module $m
      (memory (export "memory") 1)
      (global $alignment (mut i32) (i32.const 0))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $alignment (local.get 2))
        (i32.const 64))
      (func (export "take") (param i32 i32) (result i32) (global.get $alignment)))
    (core instance $i (instantiate $m))
    (func (export "take") (param "text" string) (result u32)
      (canon lift (core func $i "take") string-encoding=latin1+utf16
        (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  (component $caller
    (import "take" (func $take (param "text" string) (result u32)))
    (core module $libc (memory (export "memory") 1))
    (core instance $libc (instantiate $libc))
    (core func $take (canon lower (func $take) string-encoding=latin1+utf16
      (memory (core memory $libc "memory"))))
    (core module $m
      (import "env" "take" (func $take (param i32 i32) (result i32)))
      (func (export "run") (result i32) (call $take (i32.const 2) (i32.const 3))))
    (core instance $i (instantiate $m (with "env" (instance (export "take" (func $take))))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))
  (instance $callee (instantiate $callee))
  (instance $caller (instantiate $caller (with "take" (func $callee "take"))))
  (export "run" (func $caller "run")))
