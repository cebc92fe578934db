;; TRAP-PC may show an opcode before the trapping one: the order is that of the machine code.
(module
  (func (export "f") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 5) (local.get 0)))
      (else (i32.div_u (i32.const 1) (local.get 0)))))
  (func (export "g") (param i32) (result i32)
    (block $a
      (block $b
        (br_if $b (local.get 0))
        (local.set 0 (i32.load (i32.const 70000)))
        (br $a))
      (local.set 0 (i32.add (local.get 0) (i32.const 1))))
    (loop $l
      (br_if $l (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 3))))
    (local.get 0))
  (func (export "h") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (unreachable)))
    (i32.div_u (i32.const 1) (i32.sub (local.get 0) (i32.const 1))))
  (memory 1))
(assert_trap (invoke "h" (i32.const 1)) "integer divide by zero")
(assert_trap (invoke "h" (i32.const 0)) "unreachable")
(assert_trap (invoke "f" (i32.const 0)) "integer divide by zero")
(assert_return (invoke "f" (i32.const 1)) (i32.const 6))
(assert_trap (invoke "g" (i32.const 0)) "out of bounds memory access")
(assert_return (invoke "g" (i32.const 9)) (i32.const 3))
