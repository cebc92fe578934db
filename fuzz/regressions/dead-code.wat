;; Blocks in dead code: the validator takes them for live, with operands of no type below.
(module
  (func (export "block") unreachable select block i32.const 1 drop end drop)
  (func (export "loop") unreachable select loop i32.const 1 drop end select drop)
  (func (export "after") (param i32) (result i32)
    block (result i32)
      i32.const 7
      local.get 0
      br_if 0
      drop
      i32.const 8
      br 0
      i64.const 1
      drop
      select
    end
    i32.const 1
    i32.add))
