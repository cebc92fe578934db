;; A list that grows until the heap is full.
(module
  (type $list (sub (struct (field (ref null $list)) (field i64) (field i64) (field i64) (field i64)
    (field i64) (field i64) (field i64) (field i64) (field i64) (field i64) (field i64) (field i64))))
  (func (export "f") (param i32)
    (local $head (ref null $list))
    local.get 0
    loop
      local.get $head
      i64.const 1  i64.const 2  i64.const 3  i64.const 4
      i64.const 5  i64.const 6  i64.const 7  i64.const 8
      i64.const 9  i64.const 10  i64.const 11  i64.const 12
      struct.new $list
      local.set $head
      br 0
    end
    drop))
