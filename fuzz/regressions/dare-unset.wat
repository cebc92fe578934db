;; The local of $read has no value, and lies where $fill had numbers that denote nothing. There is no heap
;; before the first reference.
(module
  (func $fill (param i64 i64 i64)
    nop)
  (func $read (local (ref extern))
    nop)
  (func (export "f") (param externref)
    i64.const 0x6666666666666666
    i64.const 0x6666666666666666
    i64.const 0x6666666666666666
    call $fill
    call $read))
