;; A trap in one arm of an `if`: 42.0.2 shows it at an opcode of the other arm.
(module
  (func (export "f") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 5) (local.get 0)))
      (else (i32.div_u (i32.const 1) (local.get 0))))))
