;; 42.0.2 packs the vector behind an 8-byte header, and reads it as if it were aligned.
(module
  (func (export "f") (param v128)))
