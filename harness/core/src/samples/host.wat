;; Host functions: results that depend on the call, one that fails, one that calls back in.
(module
  (import "host" "number" (func $number (param i32 f64) (result i32)))
  (import "host" "several" (func $several (result i64 v128 externref)))
  (import "host" "fail" (func $fail (param i32)))
  (import "host" "reenter" (func $reenter (param i32) (result i32)))
  (import "host" "limit" (global $limit i32))
  (import "host" "memory" (memory 1))
  (global $depth (mut i32) (i32.const 0))
  (global $started (mut i32) (i32.const 0))

  (func $start
    (global.set $started (call $number (i32.const -1) (f64.const 0.5)))
    (i32.store (i32.const 0) (global.get $started)))
  (start $start)

  ;; Calls the host with operands waiting below its arguments.
  (func (export "ask") (param $n i32) (result i32)
    (local $sum i32) (local $big i64) (local $vector v128) (local $reference externref)
    (loop $again
      (local.get $sum)
      (call $number (local.get $n) (f64.convert_i32_u (local.get $n)))
      (local.set $sum (i32.add))
      (call $several)
      (local.set $reference)
      (local.set $vector)
      (local.set $big)
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (i32.gt_s (local.get $n) (i32.const 0))))
    (i32.add (local.get $sum) (global.get $limit)))

  ;; The host calls `inner` back: another activation on the same store.
  (func (export "again") (param $n i32) (result i32)
    (local $kept i32)
    (local.set $kept (local.get $n))
    (global.set $depth (i32.const 0))
    (i32.add (call $reenter (local.get $n)) (local.get $kept)))

  ;; Re-enters again until the third level, then traps there: the host goes on.
  (func (export "inner") (result i32)
    (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
    (i32.store offset=8 (global.get $depth) (global.get $depth))
    (if (i32.ge_u (global.get $depth) (i32.const 3)) (then (unreachable)))
    (call $reenter (global.get $depth)))

  (func (export "give_up") (param $really i32) (result i32)
    (i32.const 1)
    (if (local.get $really) (then (call $fail (local.get $really))))
    (i32.add (i32.const 2))))
