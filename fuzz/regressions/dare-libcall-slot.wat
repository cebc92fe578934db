;; A loop's parameters are written behind the check of the epoch.
(module
  (func (export "f") (param i32) (result i32)
    i32.const 7
    i32.const 3
    loop (param i32 i32) (result i32)
      i32.add
      local.get 0
      i32.const 1
      i32.sub
      local.tee 0
      if (result i32 i32)
        i32.const 7
        i32.const 3
      else
        i32.const 1
        i32.const 2
      end
      local.get 0
      br_if 0
      i32.add
      i32.add
    end))
