;; Fuel is used up at a loop, below which there is an operand.
(module
  (func $first nop)
  (func (export "f") (param i32)
    (local i64)
    local.get 0
    loop
      local.get 1
      i64.const 1
      i64.add
      local.set 1
      br 0
    end
    drop))
