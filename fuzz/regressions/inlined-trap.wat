(module
  (type $f (func))
  (func $callee)
  (func (export "f")
    (local i32)
    i32.const 0
    ref.null extern
    ref.null $f
    ref.as_non_null
    return_call $callee))
