;; As `host-root.wat`, and the program itself allocates until it must collect.
(module
  (type $pair (struct (field i32 i32)))
  (import "env" "outer" (func $outer))
  (import "env" "inner" (func $inner))
  (global $pair (mut eqref) ref.null eq)
  (export "inner" (func $inner))
  (func (export "leaf")
    (local i32)
    i32.const 1100
    local.set 0
    loop
      i32.const 1
      i32.const 2
      struct.new $pair
      drop
      local.get 0
      i32.const 1
      i32.sub
      local.tee 0
      br_if 0
    end)
  (func (export "go") (result i32)
    i32.const 1
    i32.const 2
    struct.new $pair
    global.set $pair
    global.get $pair
    call $outer
    global.get $pair
    ref.eq))
