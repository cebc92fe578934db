;; 42.0.2 shows the trap at the `return`, with more operands than there ever were.
(module
  (func (export "f") (param i32) (result i32)
    i32.const 8
    local.get 0
    i32.div_u
    drop
    i32.const 1
    i32.const 2
    i32.const 3
    i32.const 4
    return))
