;; Traps of every kind that arithmetic and memory have, in deep stacks, after a start function.
(module
  (memory 1 1)
  (global $calls (mut i32) (i32.const 0))
  (start $prepare)

  (func $prepare
    (local $i i32)
    (loop $again
      (i32.store8 (local.get $i) (i32.mul (local.get $i) (i32.const 7)))
      (br_if $again
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 16)))))

  (func $enter (global.set $calls (i32.add (global.get $calls) (i32.const 1))))

  (func (export "divide") (param $a i32) (param $b i32) (result i32)
    (call $enter)
    (i32.const 100)
    (i32.div_s (local.get $a) (local.get $b))
    (i32.add))

  (func (export "truncate") (param $x f64) (result i32)
    (call $enter)
    (i32.trunc_f64_s (local.get $x)))

  (func (export "load") (param $at i32) (result i32)
    (call $enter)
    (i32.load (local.get $at)))

  ;; Traps at the bottom of a recursion.
  (func $deep (export "deep") (param $n i32) (result i32)
    (local $mine i64)
    (local.set $mine (i64.extend_i32_u (local.get $n)))
    (if (i32.eqz (local.get $n)) (then (unreachable)))
    (i32.add
      (i32.wrap_i64 (local.get $mine))
      (call $deep (i32.sub (local.get $n) (i32.const 1)))))

  (func (export "count") (result i32) (global.get $calls)))
