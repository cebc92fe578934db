(module
  (tag $e (param i32))
  (tag $f (param i32 i64))
  (func (export "f") (param i32) (result i32)
    (local i64)
    block $caught (result i32)
      block $other (result i32 i64)
        try_table (result i32) (catch $e $caught) (catch $f $other)
          local.get 0
          throw $e
        end
        br $caught
      end
      local.set 1
    end
    i32.const 100
    i32.add)
  (func (export "g")
    i32.const 3
    throw $e))
