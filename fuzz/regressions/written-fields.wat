;; Objects that the debugger writes to: a structure with a packed field and one that is not mutable, and an array.
(module
  (type $pair (struct (field (mut i8)) (field i64)))
  (type $row (array (mut f64)))
  (func (export "go") (result i32 i64 f64)
    (local (ref null $pair) (ref null $row))
    i32.const 1
    i64.const 2
    struct.new $pair
    local.set 0
    f64.const 3
    i32.const 2
    array.new $row
    drop
    f64.const 3
    i32.const 2
    array.new $row
    local.set 1
    nop
    local.get 0
    struct.get_u $pair 0
    local.get 0
    struct.get $pair 1
    local.get 1
    i32.const 1
    array.get $row))
