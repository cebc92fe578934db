;; Memory: loads and stores of every width, data segments, bulk operations, growth, a trap.
(module
  (memory $memory (export "memory") 1 4)
  (data $words (i32.const 16) "lockstep\00\ff\80\7f")
  (data $passive "passive segment")
  (global $seed (mut i32) (i32.const 12345))

  (func $random (result i32)
    (global.set $seed (i32.add (i32.mul (global.get $seed) (i32.const 1103515245)) (i32.const 12345)))
    (i32.shr_u (global.get $seed) (i32.const 16)))

  ;; Fills words with numbers and sorts them by insertion; answers the middle one.
  (func (export "sort") (param $n i32) (result i32)
    (local $i i32) (local $j i32) (local $key i32)
    (block $filled
      (loop $fill
        (br_if $filled (i32.ge_u (local.get $i) (local.get $n)))
        (i32.store offset=1024 (i32.shl (local.get $i) (i32.const 2)) (call $random))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $fill)))
    (local.set $i (i32.const 1))
    (block $sorted
      (loop $outer
        (br_if $sorted (i32.ge_u (local.get $i) (local.get $n)))
        (local.set $key (i32.load offset=1024 (i32.shl (local.get $i) (i32.const 2))))
        (local.set $j (local.get $i))
        (block $placed
          (loop $inner
            (br_if $placed (i32.eqz (local.get $j)))
            (br_if $placed
              (i32.le_u (i32.load offset=1020 (i32.shl (local.get $j) (i32.const 2))) (local.get $key)))
            (i32.store offset=1024
              (i32.shl (local.get $j) (i32.const 2))
              (i32.load offset=1020 (i32.shl (local.get $j) (i32.const 2))))
            (local.set $j (i32.sub (local.get $j) (i32.const 1)))
            (br $inner)))
        (i32.store offset=1024 (i32.shl (local.get $j) (i32.const 2)) (local.get $key))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $outer)))
    (i32.load offset=1024 (i32.shl (i32.shr_u (local.get $n) (i32.const 1)) (i32.const 2))))

  ;; memory.init, data.drop, memory.fill and overlapping copies both ways.
  (func (export "bulk") (result i64 i64)
    (memory.init $passive (i32.const 200) (i32.const 2) (i32.const 9))
    (data.drop $passive)
    (memory.fill (i32.const 300) (i32.const 0xa5) (i32.const 33))
    (memory.copy (i32.const 204) (i32.const 200) (i32.const 9))
    (memory.copy (i32.const 298) (i32.const 300) (i32.const 20))
    (memory.copy (i32.const 65536) (i32.const 0) (i32.const 0))
    (i64.load align=1 (i32.const 203))
    (i64.load32_s offset=24 (i32.const 0)))

  (func (export "grow") (param $pages i32) (result i32 i32)
    (memory.grow (local.get $pages))
    (memory.size))

  ;; A checksum by bytes, halves and signed loads.
  (func (export "crc") (param $n i32) (result i32)
    (local $crc i32) (local $i i32) (local $bit i32)
    (local.set $crc (i32.const -1))
    (loop $byte
      (local.set $crc (i32.xor (local.get $crc) (i32.load8_u offset=16 (local.get $i))))
      (local.set $bit (i32.const 8))
      (loop $shift
        (local.set $crc
          (i32.xor
            (i32.shr_u (local.get $crc) (i32.const 1))
            (i32.and
              (i32.const 0xedb88320)
              (i32.sub (i32.const 0) (i32.and (local.get $crc) (i32.const 1))))))
        (br_if $shift (local.tee $bit (i32.sub (local.get $bit) (i32.const 1)))))
      (i32.store16 (i32.const 4096) (local.get $crc))
      (local.set $crc (i32.add (local.get $crc) (i32.load16_s (i32.const 4096))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $byte (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $crc))

  ;; Traps at the last byte, with operands waiting below.
  (func (export "past_the_end") (result i64)
    (i64.const 1)
    (i64.load offset=0xfffffff8 (i32.shl (memory.size) (i32.const 16)))
    (i64.add)))
