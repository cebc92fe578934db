;; Blocks in dead code: the validator takes them for live, with operands of no type below.
(module (func (export "a") unreachable select block i32.const 1 drop end drop)
 (func (export "b") unreachable select loop i32.const 1 drop end select drop)
 (func (export "c") unreachable select i32.const 1 if i32.const 1 drop else nop end drop)
 (func (export "d") (result i32) block (result i32) unreachable select br 0 block end end))
(assert_trap (invoke "a") "unreachable")
(assert_trap (invoke "b") "unreachable")
(assert_trap (invoke "d") "unreachable")
