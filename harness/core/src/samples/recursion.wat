;; Calls: deep stacks with operands waiting in every frame, mutual recursion, several results.
(module
  (global $moves (mut i64) (i64.const 0))

  (func $fib (export "fib") (param $n i32) (result i32)
    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else
        (i32.add
          (call $fib (i32.sub (local.get $n) (i32.const 1)))
          (call $fib (i32.sub (local.get $n) (i32.const 2)))))))

  (func $ackermann (export "ackermann") (param $m i32) (param $n i32) (result i32)
    (if (i32.eqz (local.get $m)) (then (return (i32.add (local.get $n) (i32.const 1)))))
    (if (i32.eqz (local.get $n))
      (then (return (call $ackermann (i32.sub (local.get $m) (i32.const 1)) (i32.const 1)))))
    (call $ackermann
      (i32.sub (local.get $m) (i32.const 1))
      (call $ackermann (local.get $m) (i32.sub (local.get $n) (i32.const 1)))))

  (func $even (export "even") (param $n i32) (result i32)
    (if (result i32) (local.get $n)
      (then (call $odd (i32.sub (local.get $n) (i32.const 1))))
      (else (i32.const 1))))

  (func $odd (param $n i32) (result i32)
    (if (result i32) (local.get $n)
      (then (call $even (i32.sub (local.get $n) (i32.const 1))))
      (else (i32.const 0))))

  ;; Three results from every level, added up below operands that wait.
  (func $hanoi (export "hanoi") (param $n i32) (result i64 f32 i32)
    (local $depth i32)
    (if (i32.eqz (local.get $n))
      (then (return (global.get $moves) (f32.const 0.5) (i32.const 0))))
    (i64.const -1)
    (call $hanoi (i32.sub (local.get $n) (i32.const 1)))
    (local.set $depth)
    (drop)
    (drop)
    (drop)
    (global.set $moves (i64.add (global.get $moves) (i64.const 1)))
    (call $hanoi (i32.sub (local.get $n) (i32.const 1)))
    (i32.add (local.get $depth))))
