;; $b and, in its place, $a are inlined into $f; $a's call of itself is not, and leaves its frame.
(module
  (func $a (param i32) (result i32)
    local.get 0
    i32.eqz
    if (result i32)
      i32.const 7
    else
      local.get 0
      i32.const 1
      i32.sub
      return_call $a
    end)
  (func $b (param i32) (result i32)
    local.get 0
    return_call $a)
  (func (export "f") (param i32) (result i32)
    local.get 0
    call $b))
