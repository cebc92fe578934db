;; Growth that a store's limiter fails, alone and below other frames, beside growth that it allows.
(module
  (import "env" "back" (func $back (param i32) (result i32)))
  (memory 1)
  (memory $other 1 100)
  (table 1 funcref)
  (table $refs 1 externref)
  (func $grow-memory (param i32) (result i32)
    i64.const 77
    local.get 0 memory.grow
    drop drop
    i32.const 1)
  (func $grow-table (param i32 externref) (result i32)
    i64.const 78
    local.get 1 local.get 0 table.grow $refs
    drop drop
    i32.const 2)
  (func (export "memory") (param i32) (result i32)
    i32.const 5 local.get 0 call $grow-memory i32.add)
  (func (export "other") (param i32) (result i32)
    i32.const 5 local.get 0 memory.grow $other i32.add)
  (func (export "table") (param i32 externref) (result i32)
    i32.const 5 local.get 0 local.get 1 call $grow-table i32.add)
  (func (export "far") (result i32) i32.const 5000 call $grow-memory)
  (func (export "back") (result i32) i32.const 6 call $back)
  (func (export "sizes") (result i32 i32 i32 i32)
    memory.size memory.size $other table.size 0 table.size $refs))
