(module
  (tag $t)
  (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "guarded") (param i32) (result i32)
    (block $caught
      (return (try_table (result i32) (catch_all $caught) (call $leaf (local.get 0)))))
    (i32.const -1))
  (func (export "plain") (param i32) (result i32)
    (i32.mul (call $leaf (local.get 0)) (call $leaf (i32.const 4)))))
