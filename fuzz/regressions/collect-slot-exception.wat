(module
  (type $bytes (array (mut i8)))
  (tag $e (param v128 externref))
  (func (export "f")
    (local $zero v128)
    block $caught (result exnref)
      try_table (catch_all_ref $caught)
        local.get $zero
        i32.const 0
        ref.i31
        extern.convert_any
        throw $e
      end
      unreachable
    end
    loop $fill
      i32.const 1024
      array.new_default $bytes
      drop
      br $fill
    end
    drop))
