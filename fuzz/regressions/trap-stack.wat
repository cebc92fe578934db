;; A call through an empty table: 42.0.2 shows its trap at the opcode behind it, and with the operands of
;; that opcode, of which there are fewer.
(module
  (type $three (func (param i32 i32 i32) (result i32)))
  (table 1 funcref)
  (func (export "f")
    (drop (call_indirect (type $three) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 0)))))
