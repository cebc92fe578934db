;; A program of objects: lists of structures that hold arrays, made anew in each repetition. References
;; live in locals and, below the arguments of calls, on the operand stack.
(module
  (type $data (array (mut i32)))
  (type $node (sub (struct
    (field $value (mut i64)) (field $next (mut (ref null $node))) (field $data (ref null $data)))))
  (type $marked (sub final $node (struct
    (field $value (mut i64)) (field $next (mut (ref null $node))) (field $data (ref null $data))
    (field $mark i8))))

  ;; A node before `$next`; every other one of the subtype.
  (func $push (param $next (ref null $node)) (param $value i64) (result (ref null $node))
    (local $data (ref null $data))
    (local.set $data
      (array.new $data (i32.wrap_i64 (local.get $value)) (i32.const 3)))
    (array.set $data (local.get $data) (i32.const 1) (i32.const 7))
    (if (result (ref null $node)) (i64.eqz (i64.and (local.get $value) (i64.const 1)))
      (then (struct.new $node (local.get $value) (local.get $next) (local.get $data)))
      (else (struct.new $marked
        (local.get $value) (local.get $next) (local.get $data) (i32.const 1)))))

  ;; Adds up a list, and counts its nodes up on the way.
  (func $sum (param $at (ref null $node)) (result i64)
    (local $sum i64)
    (block $end
      (loop $next
        (br_if $end (ref.is_null (local.get $at)))
        (local.set $sum
          (i64.add
            (local.get $sum)
            (i64.add
              (struct.get $node $value (local.get $at))
              (i64.extend_i32_u
                (array.get $data (struct.get $node $data (local.get $at)) (i32.const 2))))))
        (struct.set $node $value
          (local.get $at)
          (i64.add (struct.get $node $value (local.get $at)) (i64.const 2)))
        (local.set $at (struct.get $node $next (local.get $at)))
        (br $next)))
    (local.get $sum))

  (func (export "run") (param $n i32) (result i64)
    (local $head (ref null $node)) (local $i i32) (local $sum i64)
    (loop $again
      (local.set $head (ref.null $node))
      (local.set $i (i32.const 4))
      (loop $build
        (local.set $head
          (call $push
            (local.get $head)
            (i64.extend_i32_u (i32.add (local.get $n) (local.get $i)))))
        (br_if $build (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
      ;; The list and its second node wait on the operand stack for two calls.
      (struct.set $node $next
        (local.get $head)
        (struct.get $node $next
          (struct.get $node $next (local.get $head))
          (local.set $sum (i64.add (local.get $sum) (call $sum (local.get $head))))))
      (local.set $sum (i64.add (local.get $sum) (call $sum (local.get $head))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
