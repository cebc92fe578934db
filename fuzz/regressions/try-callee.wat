(module
  (type $f (func (param i64) (result i64)))
  (table 1 funcref)
  (elem (i32.const 0) func $leaf)
  (func $leaf (param i64) (result i64)
    local.get 0)
  (func (export "guarded") (result i64)
    block $caught
      f32.const 1
      try_table (result i64) (catch_all $caught)
        i64.const 5
        i32.const 0
        call_indirect (type $f)
        ref.func $leaf
        call_ref $f
      end
      return
    end
    i64.const 0)
  (func (export "plain") (result i64)
    try_table (result i64)
      i64.const 5
      i32.const 0
      call_indirect (type $f)
      ref.func $leaf
      call_ref $f
    end))
