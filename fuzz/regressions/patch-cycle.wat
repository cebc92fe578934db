;; A loop that calls: its code is patched and published again while both frames are live.
(module
  (func $square (param i64) (result i64) (i64.mul (local.get 0) (local.get 0)))
  (func (export "sum") (param i32) (result i64)
    (local i64)
    (loop $again
      (local.set 1 (i64.add (local.get 1) (call $square (i64.extend_i32_u (local.get 0)))))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1)))
