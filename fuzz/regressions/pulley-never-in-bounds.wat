(module
  (memory $m i64 1 4)
  (memory $n 1 2)
  ;; Beyond the most that the memory may have, whatever the address.
  (func (export "load") (param i64) (result i64)
    local.get 0
    i64.load offset=0x40000)
  (func (export "store") (param i32)
    local.get 0
    i32.const 1
    i32.store8 $n offset=0x20000))
