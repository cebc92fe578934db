(module
  (tag $t)
  (func $throwing
    throw $t)
  (func $catching (result i32)
    block $caught (result exnref)
      try_table (catch_all_ref $caught)
        call $throwing
      end
      unreachable
    end
    drop
    i32.const 1)
  (func (export "f") (result i32)
    i32.const 7
    call $catching
    i32.add))
