(module
  (rec
    (type (;0;) (struct))
    (type (;1;) (struct))
  )
  (rec
    (type (;2;) (struct (field (mut (ref null 2))) (field (mut (ref null 3))) (field (mut anyref)) (field (mut f32))))
    (type (;3;) (array (mut (ref null 2))))
  )
  (type (;4;) (array (mut i8)))
  (type (;5;) (array (mut i32)))
  (type (;6;) (struct (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref)) (field (mut anyref))))
  (type (;7;) (func (param (ref null 2))))
  (type (;8;) (func (result i32)))
  (type (;9;) (func (param (ref null 2)) (result (ref null 2) exnref)))
  (table (;0;) 16 externref)
  (tag (;0;) (type 7) (param (ref null 2)))
  (export "h" (func 0))
  (elem (;0;) anyref (item i32.const 5 i32.const 8 array.new 5))
  (func (;0;) (type 8) (result i32)
    (local externref i32)
    struct.new_default 6
    ref.null 2
    drop
    extern.convert_any
    local.set 0
    i32.const 2
    local.get 0
    table.set 0
    i32.const 0
    ref.null exn
    ref.null any
    struct.new_default 2
    block (type 9) (param (ref null 2)) (result (ref null 2) exnref) ;; label = @1
      try_table (type 7) (param (ref null 2)) (catch_ref 0 0 (;@1;)) ;; label = @2
        throw 0
      end
      unreachable
    end
    drop
    ref.null any
    i32.const 0
    i32.const 2
    table.get 0
    i32.const 0
    i32.const 7
    local.set 1
    loop ;; label = @1
      i32.const 0
      drop
      i32.const 8192
      array.new_default 4
      drop
      local.get 1
      i32.const 1
      i32.sub
      local.tee 1
      br_if 0 (;@1;)
    end
    array.new_default 4
    ref.null exn
    unreachable
  )
)
