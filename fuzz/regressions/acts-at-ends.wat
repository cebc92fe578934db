(module
  (import "env" "fails" (func $fails (param i32)))
  (memory (export "m") 1)
  (global (export "g") (mut i32) (i32.const 1))
  (tag $e (param i32))
  (func $traps (param i32) (result i32)
    i32.const 7
    local.get 0
    i32.const 0
    i32.div_u
    i32.add)
  (func (export "traps") (param i32) (result i32)
    local.get 0
    call $traps
    global.get 0
    i32.add)
  (func (export "throws") (param i32) (result i32)
    block $caught (result i32)
      try_table (catch $e $caught)
        local.get 0
        throw $e
      end
      i32.const 0
    end
    global.get 0
    i32.add)
  (func (export "fails") (result i32)
    i32.const 9
    call $fails
    global.get 0)
  (func (export "get") (result i32)
    global.get 0
    i32.const 0
    i32.load8_u
    i32.add))
