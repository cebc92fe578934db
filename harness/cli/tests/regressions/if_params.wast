;; Operands shown at traps, calls and branches inside the consequent of an `if` with parameters.
(module
  (table 2 funcref) (elem (i32.const 0) $g)
  (memory 1)
  (func $g (param i32) (result i32) local.get 0 i32.const 1 i32.add)
  (func (export "a") (param i32 i32) (result i32)
    i32.const 100 local.get 0 local.get 1
    if (param i32 i32) (result i32)
      drop i32.const 5 i32.add
      i32.const 7 drop
    else
      i32.sub
    end)
  (func (export "nest") (param i32 i32) (result i32)
    i32.const 1 i32.const 2 local.get 0
    if (param i32 i32) (result i32)
      i32.add
      i32.const 3 i32.mul
      local.get 1
      if (param i32) (result i32)
         i32.const 9 i32.add
         call $g
         i32.const 0 call_indirect (param i32) (result i32)
         i64.extend_i32_s
         i32.wrap_i64
         loop (param i32) (result i32)
            i32.const 1 i32.add
            local.tee 1
            local.get 1 i32.const 40 i32.lt_s br_if 0
         end
      else
         i32.const 4 i32.add
      end
    else
      i32.add
    end)
  (func (export "vec") (param i32 i64) (result i64)
    local.get 1
    v128.const i32x4 1 2 3 4
    local.get 0
    if (param i64 v128) (result i64)
      i64x2.extract_lane 1
      i64.add
      v128.const i64x2 11 12
      v128.const i64x2 13 14
      i64x2.add
      i64x2.extract_lane 0
      i64.add
    else
      drop
    end)
  (func (export "trap") (param i32 i32) (result i32)
    i32.const 77 local.get 1 local.get 0
    if (param i32 i32) (result i32)
      i32.div_s
      i32.const 0
      i32.const 0 i32.div_u
      i32.add
      i32.const 70000 i32.load
      i32.add
    else
      i32.add
    end)
  (func (export "blk") (param i32) (result i32)
    i32.const 1 i32.const 2
    local.get 0
    if (param i32 i32) (result i32)
      block (param i32 i32) (result i32)
        i32.add
        i32.const 1
        i32.add
      end
    else drop end)
  (func (export "noelse") (param i32) (result i32)
    i32.const 1
    local.get 0
    if (param i32) (result i32)
      i32.eqz
      i32.eqz
      i32.const 3 i32.add
    end)
  (func (export "br") (param i32) (result i32)
    i32.const 1 local.get 0
    if (param i32) (result i32)
       drop i32.const 4 i32.const 6 br 0
    else i32.const 8 i32.add end
    local.get 0 if (param i32) (result i32) drop i32.const 4 return else i32.const 8 i32.mul end
    local.get 0 if (param i32) (result i32) drop unreachable else i32.const 8 i32.mul end
    )
)
(assert_return (invoke "a" (i32.const 1) (i32.const 1)) (i32.const 105))
(assert_return (invoke "a" (i32.const 1) (i32.const 0)) (i32.const 99))
(invoke "nest" (i32.const 1) (i32.const 1))
(invoke "nest" (i32.const 1) (i32.const 0))
(invoke "nest" (i32.const 0) (i32.const 0))
(invoke "vec" (i32.const 1) (i64.const 5))
(invoke "vec" (i32.const 0) (i64.const 5))
(assert_trap (invoke "trap" (i32.const 1) (i32.const 0)) "integer divide by zero")
(assert_trap (invoke "trap" (i32.const 1) (i32.const 1)) "integer divide by zero")
(invoke "blk" (i32.const 1)) (invoke "blk" (i32.const 0))
(invoke "noelse" (i32.const 1)) (invoke "noelse" (i32.const 0))
(invoke "br" (i32.const 1)) (invoke "br" (i32.const 0))
(module (func (export "u") (param i32) (result i32) i32.const 1 i32.const 2 local.get 0 if (param i32 i32) (result i32) drop drop i64.const 3 i32.const 9 unreachable else drop end)
 (table 1 externref)
 (func (export "t") (param i32 externref) (result i32) i32.const 1 local.get 0 if (param i32) (result i32) drop local.get 1 i32.const 5 local.get 1 i32.const 4 table.fill drop i32.const 0 end))
(assert_trap (invoke "u" (i32.const 1)) "unreachable")
(assert_trap (invoke "t" (i32.const 1) (ref.extern 4)) "out of bounds table access")
