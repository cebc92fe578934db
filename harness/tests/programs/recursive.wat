;; A recursive function: two calls in each, both with live operands below the arguments.
(module
  (func $tree (param $depth i32) (param $seed i64) (result i64)
    (local $mixed i64)
    (local.set $mixed
      (i64.add (i64.mul (local.get $seed) (i64.const 31)) (i64.extend_i32_u (local.get $depth))))
    (if (result i64) (i32.eqz (local.get $depth))
      (then (local.get $mixed))
      (else
        (i64.xor
          (local.get $mixed)
          (i64.add
            (call $tree (i32.sub (local.get $depth) (i32.const 1)) (local.get $mixed))
            (call $tree
              (i32.sub (local.get $depth) (i32.const 1))
              (i64.rotl (local.get $mixed) (i64.const 5))))))))

  ;; Grows one tree after another, so that the depth stays the same however long it runs.
  (func (export "run") (param $n i32) (result i64)
    (local $sum i64)
    (loop $again
      (local.set $sum
        (i64.add
          (local.get $sum)
          (call $tree (i32.const 9) (i64.extend_i32_u (local.get $n)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
