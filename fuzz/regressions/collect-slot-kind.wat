(module
  (type $bytes (array (mut i8)))
  (func (export "f")
    loop $fill
      i32.const 32
      array.new_default $bytes
      br $fill
    end))
