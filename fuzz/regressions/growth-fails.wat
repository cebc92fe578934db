(module
  (memory 2 8 shared)
  (func (export "grow") (result i32)
    (i32.eq (memory.grow (i32.const 1)) (i32.const -1))
    if (result i32)
      i32.const 1
    else
      i32.const 0
    end)
  (func (export "grow-twice") (result i32)
    (i32.add
      (memory.grow (i32.const 3))
      (memory.grow (i32.const 1))))
  (func (export "size") (result i32) memory.size))
