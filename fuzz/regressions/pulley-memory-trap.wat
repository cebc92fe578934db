;; A load out of bounds: on pulley64, 42.0.2 announces no trap.
(module
  (memory 1)
  (func (export "f") (param i32) (result i32)
    local.get 0
    i32.load))
