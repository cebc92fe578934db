;; The slots of `$none0` and the others are roots of the start function's caller, too: what lies there is
;; one of the numbers, which is no reference.
(module
  (type $empty (array (mut anyref)))
  (global $left (mut i32) (i32.const 5000))
  (func $more (result i32)
    global.get $left
    i32.const 1
    i32.sub
    global.set $left
    global.get $left)
  (func $start (export "start")
    (local $wrong i64)
    (local $none0 externref)
    (local $a0 i64) (local $a1 i64) (local $a2 i64) (local $a3 i64) (local $a4 i64) (local $a5 i64) (local $a6 i64) (local $a7 i64)
    (local $none1 externref)
    (local $b0 i64) (local $b1 i64) (local $b2 i64) (local $b3 i64) (local $b4 i64) (local $b5 i64) (local $b6 i64) (local $b7 i64)
    (local $none2 externref)
    (local $c0 i64) (local $c1 i64) (local $c2 i64) (local $c3 i64) (local $c4 i64) (local $c5 i64) (local $c6 i64) (local $c7 i64)
    (local $none3 externref)
    (local $d0 i64) (local $d1 i64) (local $d2 i64) (local $d3 i64) (local $d4 i64) (local $d5 i64) (local $d6 i64) (local $d7 i64)
    (local.set $wrong (i64.const 0x7ffffff07ffffff0))
    (local.set $a0 (local.get $wrong))
    (local.set $a1 (local.get $wrong))
    (local.set $a2 (local.get $wrong))
    (local.set $a3 (local.get $wrong))
    (local.set $a4 (local.get $wrong))
    (local.set $a5 (local.get $wrong))
    (local.set $a6 (local.get $wrong))
    (local.set $a7 (local.get $wrong))
    (local.set $b0 (local.get $wrong))
    (local.set $b1 (local.get $wrong))
    (local.set $b2 (local.get $wrong))
    (local.set $b3 (local.get $wrong))
    (local.set $b4 (local.get $wrong))
    (local.set $b5 (local.get $wrong))
    (local.set $b6 (local.get $wrong))
    (local.set $b7 (local.get $wrong))
    (local.set $c0 (local.get $wrong))
    (local.set $c1 (local.get $wrong))
    (local.set $c2 (local.get $wrong))
    (local.set $c3 (local.get $wrong))
    (local.set $c4 (local.get $wrong))
    (local.set $c5 (local.get $wrong))
    (local.set $c6 (local.get $wrong))
    (local.set $c7 (local.get $wrong))
    (local.set $d0 (local.get $wrong))
    (local.set $d1 (local.get $wrong))
    (local.set $d2 (local.get $wrong))
    (local.set $d3 (local.get $wrong))
    (local.set $d4 (local.get $wrong))
    (local.set $d5 (local.get $wrong))
    (local.set $d6 (local.get $wrong))
    (local.set $d7 (local.get $wrong))
    loop $fill
      i32.const 0
      array.new_default $empty
      drop
      call $more
      br_if $fill
    end
    i32.const 0
    br 0)
  (start $start))
