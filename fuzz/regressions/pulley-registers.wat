;; A vector on its way out of a function: on pulley64, 42.0.2 changes it where the function is stepped.
(module
  (func (export "f") (result v128)
    v128.const i64x2 1 2
    nop))
