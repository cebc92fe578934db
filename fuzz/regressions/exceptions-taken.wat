(module
  (import "env" "back" (func $back))
  (tag $e (param i32))
  (func (export "caught") (param i32) (result i32)
    block $caught (result i32)
      try_table (catch $e $caught)
        local.get 0
        throw $e
      end
      i32.const 0
    end
    i32.const 100
    i32.add)
  (func (export "escapes")
    i32.const 3
    throw $e)
  ;; The host function passes nothing on: no exception is pending.
  (func (export "back") (result i32)
    call $back
    i32.const 4))
