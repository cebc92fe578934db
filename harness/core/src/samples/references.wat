;; Tables and references: calls through a table that changes, host references kept and given back.
(module
  (type $unary (func (param i32) (result i32)))
  (type $other (func (param i64) (result i64)))
  (table $functions (export "functions") 5 10 funcref)
  (table $externs 8 externref)
  (elem (table $functions) (i32.const 0) func $double $square)
  (elem $passive func $negate $double)
  (elem declare func $wide)
  (global $kept (mut externref) (ref.null extern))
  (global $function (mut funcref) (ref.func $square))

  (func $double (type $unary) (i32.mul (local.get 0) (i32.const 2)))
  (func $square (type $unary) (i32.mul (local.get 0) (local.get 0)))
  (func $negate (type $unary) (i32.sub (i32.const 0) (local.get 0)))
  (func $wide (type $other) (local.get 0))

  ;; Traps on null, on another type, and past the end, as the table has it.
  (func (export "call") (param $index i32) (param $x i32) (result i32)
    (i32.const 1000)
    (call_indirect $functions (type $unary) (local.get $x) (local.get $index))
    (i32.add))

  ;; Exchanges two entries, puts one of another type after them.
  (func (export "swap")
    (local $first funcref)
    (local.set $first (table.get $functions (i32.const 0)))
    (table.set $functions (i32.const 0) (table.get $functions (i32.const 1)))
    (table.set $functions (i32.const 1) (local.get $first))
    (table.set $functions (i32.const 2) (ref.func $wide))
    (global.set $function (local.get $first)))

  (func (export "keep") (param $index i32) (param $value externref) (result i32)
    (local $copy externref)
    (local.set $copy (local.get $value))
    (table.set $externs (local.get $index) (local.get $copy))
    (global.set $kept (local.get $value))
    (ref.is_null (global.get $kept)))

  (func (export "fetch") (param $index i32) (result externref externref)
    (table.get $externs (local.get $index))
    (select (result externref) (global.get $kept) (ref.null extern) (local.get $index)))

  (func (export "grow_and_fill") (param $n i32) (result i32 i32)
    (table.grow $functions (global.get $function) (local.get $n))
    (table.fill $functions (i32.const 6) (ref.func $negate) (i32.const 2))
    (table.init $functions $passive (i32.const 3) (i32.const 0) (i32.const 2))
    (table.copy $functions $functions (i32.const 4) (i32.const 3) (i32.const 3))
    (elem.drop $passive)
    (table.size $functions)))
