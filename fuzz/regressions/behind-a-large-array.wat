(module
  (type $a (array (mut anyref)))
  ;; More bytes than there are addresses: what follows has no code.
  (func $large
    i32.const 0x40000000
    array.new_default $a
    drop)
  (func (export "f") (result i32)
    i32.const 1
    i32.const 2
    i32.add))
