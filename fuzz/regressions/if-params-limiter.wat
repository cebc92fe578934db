(module
  (memory 1)
  (func (export "go") (result i32)
    i32.const 1
    f32.const 2
    i32.const 1
    if (param i32 f32) (result i32)
      drop
      drop
      ;; The parameters are gone, and are shown below what is pushed from here on.
      i32.const -1
      memory.grow
    else
      drop
    end))
