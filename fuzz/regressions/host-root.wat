;; A host function that calls the guest's export of another host function, which calls back: the frames below
;; are visited twice by a collection, and so are their objects. One of them is in a global, too.
(module
  (type $pair (struct (field i32 i32)))
  (import "env" "outer" (func $outer))
  (import "env" "inner" (func $inner))
  (global $pair (mut eqref) ref.null eq)
  (export "inner" (func $inner))
  (func (export "leaf")
    nop)
  (func (export "go") (result i32)
    i32.const 1
    i32.const 2
    struct.new $pair
    global.set $pair
    global.get $pair
    call $outer
    global.get $pair
    ref.eq))
