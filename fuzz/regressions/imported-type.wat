(module
  (type $super (sub (func)))
  (type $sub (sub $super (func)))
  (import "a" "f" (func $f (type $super)))
  (table 1 funcref)
  (elem (i32.const 0) $f)
  (elem declare func $f)
  (func (export "indirect") (call_indirect (type $sub) (i32.const 0)))
  (func (export "test") (result i32) (ref.test (ref $sub) (ref.func $f))))
