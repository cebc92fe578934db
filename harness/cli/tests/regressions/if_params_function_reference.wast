;; The validator's type of `ref.func` is more precise than `funcref`; its slot is the same.
(module
  (elem declare func $f)
  (func $f (export "f") (param i32) (result i32)
    i64.const 1  ref.func $f  v128.const i64x2 1 2  local.get 0
    if (param funcref v128) (result i32)
      drop drop  ref.func $f  v128.const i64x2 3 4  i32.const 7  i32.const 8  i32.add
      local.set 0  drop drop  local.get 0
    else
      drop drop  i32.const 9
    end
    local.set 0  drop  local.get 0))
(assert_return (invoke "f" (i32.const 1)) (i32.const 15))
(assert_return (invoke "f" (i32.const 0)) (i32.const 9))
