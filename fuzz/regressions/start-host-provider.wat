(module
  (tag (export "t") (param i32)))
