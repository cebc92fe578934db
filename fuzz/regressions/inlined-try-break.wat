(module
  (func $callee
    nop)
  (func (export "f")
    block $caught
      try_table (catch_all $caught)
        call $callee
      end
    end))
