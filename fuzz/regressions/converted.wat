(module
  (func (export "f") (param externref) (result i32)
    local.get 0
    any.convert_extern
    ref.is_null))
