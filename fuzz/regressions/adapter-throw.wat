(component
  (component $thrower
    (core module $m
      (tag $t)
      (func (export "run") (result i32) throw $t))
    (core instance $i (instantiate $m))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))
  (component $caller
    (import "run" (func $run (result u32)))
    (core func $run (canon lower (func $run)))
    (core module $m
      (import "env" "run" (func $run (result i32)))
      (func (export "run") (result i32) call $run))
    (core instance $i (instantiate $m (with "env" (instance (export "run" (func $run))))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))
  (instance $thrower (instantiate $thrower))
  (instance $caller (instantiate $caller (with "run" (func $thrower "run"))))
  (export "run" (func $caller "run")))
