(component
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 8) "\11\00\00\00\02\00\00\00")
    (data (i32.const 17) "o\00k\00")
    (func (export "run") (result i32) (i32.const 8)))
  (core instance $i (instantiate $m))
  (func (export "run") (result string)
    (canon lift (core func $i "run") string-encoding=utf16 (memory (core memory $i "memory")))))
