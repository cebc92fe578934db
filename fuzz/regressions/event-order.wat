;; Places at which several events are due.
(module
  (tag $t (param i32))
  (import "env" "fail" (func $fail (param i32)))
  (table 1 funcref)
  ;; The first opcode of a function, which traps, throws, or calls a host function that fails.
  (func $traps (param i32) unreachable)
  (func $divides (param i32) (result i32) local.get 0 i32.const 0 i32.div_u)
  (func $throws (param i32) local.get 0 throw $t)
  (func $calls-null (param i32) i32.const 0 call_indirect)
  (func (export "trap") (param i32) local.get 0 call $traps)
  (func (export "divide") (param i32) (result i32) local.get 0 call $divides)
  (func (export "throw") (param i32) local.get 0 call $throws)
  (func (export "null") (param i32) local.get 0 call $calls-null)
  ;; Caught where it was thrown: the event of the opcode behind the handler comes next.
  (func (export "catch") (param i32) (result i32)
    block $h (result i32)
      try_table (catch $t $h)
        local.get 0 throw $t
      end
      i32.const 7
    end)
  ;; A loop whose first opcode traps, in its second turn.
  (func (export "loop") (param i32) (result i32)
    loop (result i32)
      i32.const 12 local.get 0 i32.div_u
      local.get 0 i32.const 1 i32.sub local.set 0
      br_if 0
      i32.const 1
    end)
  (func (export "fail") (param i32) i32.const 5 local.get 0 call $fail drop))
