;; A read of a reference that was not read since the last collection counts it, and a thousand of them collect: from
;; code behind the body, with the roots of the last opcode. That has a reference where the number is.
(module
  (type $box (struct (field i32)))
  (type $bytes (array (mut i8)))
  (table $kept 2000 (ref null $box))
  (func (export "fill") (local i32)
    loop
      local.get 0
      local.get 0
      struct.new $box
      table.set $kept
      local.get 0
      i32.const 1
      i32.add
      local.tee 0
      i32.const 2000
      i32.lt_u
      br_if 0
    end)
  (func (export "read") (local i32)
    i32.const 0x7ffffff0
    loop
      local.get 0
      table.get $kept
      drop
      local.get 0
      i32.const 1
      i32.add
      local.tee 0
      i32.const 2000
      i32.lt_u
      br_if 0
    end
    drop
    i32.const 0
    table.get $kept
    i32.const 0
    array.new_default $bytes
    unreachable))
