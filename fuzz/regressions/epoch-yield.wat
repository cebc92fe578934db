;; Yields at a function's entry and at a loop's header, where a frame may name no instance yet.
(module
  (func $twice (param i32) (result i32)
    local.get 0
    i32.const 2
    i32.mul)
  (func (export "f") (param i32) (result i32)
    (local $sum i32)
    loop
      local.get $sum
      local.get 0
      call $twice
      i32.add
      local.set $sum
      local.get 0
      i32.const 1
      i32.sub
      local.tee 0
      br_if 0
    end
    local.get $sum))
