(module
  (type (;0;) (array (mut i8)))
  (type (;1;) (struct))
  (type (;2;) (func (result structref exnref)))
  (export "a" (func 0))
  (func (;0;) (type 2) (result structref exnref)
    (local i32)
    i32.const 16
    i32.const 1
    local.set 0
    loop ;; label = @1
      i32.const 4096
      array.new_default 0
      drop
      local.get 0
      i32.const 0
      i32.sub
      local.tee 0
      br_if 0 (;@1;)
    end
    drop
    struct.new_default 1
    ref.null exn
  )
)
