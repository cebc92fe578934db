(module
  (memory $shared i64 2 2 shared)
  (memory $own 1)
  (func (export "wait")
    i64.const -1
    i64.const 0
    i64.const 0
    memory.atomic.wait64 $shared offset=18446744073709551615
    drop)
  (func (export "unshared")
    i32.const 0x10001
    i32.const 0
    i64.const 0
    memory.atomic.wait32 $own
    drop))
