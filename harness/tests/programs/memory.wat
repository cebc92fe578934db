;; A memory-heavy program: loads and stores of every width, aligned and not, and bulk copies.
(module
  (memory 5)
  (func (export "run") (param $n i32) (result i64)
    (local $at i32) (local $sum i64)
    (loop $again
      (local.set $at (i32.and (i32.mul (local.get $n) (i32.const 40503)) (i32.const 0x1ffff)))
      (i64.store (local.get $at) (i64.add (local.get $sum) (i64.extend_i32_u (local.get $n))))
      (i32.store offset=9 (local.get $at) (i32.load offset=3 (local.get $at)))
      (i32.store16 offset=14 (local.get $at) (i32.load8_s offset=10 (local.get $at)))
      (i64.store8 offset=17 (local.get $at) (i64.load16_u offset=5 (local.get $at)))
      (f64.store offset=24 (local.get $at) (f64.load offset=16 (local.get $at)))
      (local.set $sum (i64.add (local.get $sum) (i64.load offset=7 (local.get $at))))
      (if (i32.eqz (i32.and (local.get $n) (i32.const 63)))
        (then
          (memory.copy
            (i32.add (local.get $at) (i32.const 0x20000)) (local.get $at) (i32.const 256))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.xor (local.get $sum) (i64.load offset=0x20000 (local.get $at)))))
