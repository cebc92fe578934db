(module
  (func (export "f") (result i32)
    ref.null struct
    i32.const 0
    if (param (ref null struct)) (result anyref)
    end
    ref.is_null))
