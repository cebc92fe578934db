(module
  (memory 0 0 shared)
  (func (export "run")
    i64.const 0
    f64.convert_i64_s
    i32.const 1
    if (param f64) (result i32)
      drop
      i32.const 0
      v128.load align=8
      unreachable
    else
      unreachable
    end
    drop))
