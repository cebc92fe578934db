;; Loops, branches and integer arithmetic: every kind of branch, taken and not.
(module
  (func $gcd (export "gcd") (param $a i32) (param $b i32) (result i32)
    (local $t i32)
    (loop $again
      (if (i32.eqz (local.get $b)) (then (return (local.get $a))))
      (local.set $t (i32.rem_u (local.get $a) (local.get $b)))
      (local.set $a (local.get $b))
      (local.set $b (local.get $t))
      (br $again))
    (unreachable))

  ;; Steps until 1 is reached; a block with a result and a two-way branch in each.
  (func $collatz (export "collatz") (param $n i64) (result i64)
    (local $steps i64)
    (block $done (result i64)
      (loop $again
        (drop (br_if $done (local.get $steps) (i64.eq (local.get $n) (i64.const 1))))
        (local.set $n
          (if (result i64) (i64.eqz (i64.and (local.get $n) (i64.const 1)))
            (then (i64.shr_u (local.get $n) (i64.const 1)))
            (else (i64.add (i64.mul (local.get $n) (i64.const 3)) (i64.const 1)))))
        (local.set $steps (i64.add (local.get $steps) (i64.const 1)))
        (br $again))
      (unreachable)))

  ;; Primes below the limit, by trial division.
  (func $primes (export "primes") (param $limit i32) (result i32)
    (local $n i32) (local $d i32) (local $count i32)
    (local.set $n (i32.const 2))
    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $n) (local.get $limit)))
        (local.set $d (i32.const 2))
        (block $composite
          (loop $divide
            (if (i32.le_u (i32.mul (local.get $d) (local.get $d)) (local.get $n))
              (then
                (br_if $composite (i32.eqz (i32.rem_u (local.get $n) (local.get $d))))
                (local.set $d (i32.add (local.get $d) (i32.const 1)))
                (br $divide))))
          (local.set $count (i32.add (local.get $count) (i32.const 1))))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br $next)))
    (local.get $count))

  ;; A state machine over br_table, with floats and several values across a loop's label.
  (func $mix (export "mix") (param $n i32) (result f64 i64)
    (f64.const 1)
    (i64.const 0x9e3779b97f4a7c15)
    (loop $again (param f64 i64) (result f64 i64)
      (block $default (param f64 i64) (result f64 i64)
        (block $two (param f64 i64) (result f64 i64)
          (block $one (param f64 i64) (result f64 i64)
            (block $zero (param f64 i64) (result f64 i64)
              (br_table $zero $one $two $default (i32.rem_u (local.get $n) (i32.const 4))))
            (i64.rotl (i64.const 7))
            (br $default))
          (i64.xor (i64.extend_i32_s (local.get $n)))
          (br $default))
        (i64.popcnt)
        (i64.mul (i64.const 0xbf58476d1ce4e5b9)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))))
