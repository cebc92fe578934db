(module
  (func $f (export "f")
    call $f)
  (func (export "g")))
