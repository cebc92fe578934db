(module
  (tag $e (param i32))
  (global (export "g") (mut i32) (i32.const 1))
  ;; The first exception is caught here, the second nowhere.
  (func (export "caught") (param i32) (result i32)
    block $caught (result i32)
      try_table (catch $e $caught)
        local.get 0
        throw $e
      end
      i32.const 0
    end
    global.get 0
    i32.add)
  (func (export "escapes")
    i32.const 3
    throw $e)
  ;; What the debugger calls at the events: each throws within, or does not.
  (func (export "within")
    block $caught (result i32)
      try_table (catch $e $caught)
        i32.const 5
        throw $e
      end
      i32.const 0
    end
    drop)
  (func (export "returns")
    global.get 0
    drop))
