;; Opcodes that work in bulk, and can be interrupted within.
(module
  (memory 1 4)
  (table 8 funcref)
  (func (export "f") (result i32)
    i32.const 9
    i32.const 0
    i32.const 1
    i32.const 65536
    memory.fill
    i32.const 16
    i32.const 0
    i32.const 60000
    memory.copy
    i32.const 0
    ref.null func
    i32.const 8
    table.fill
    i32.const 1
    memory.grow
    i32.add))
