;; The heap is full while `go` waits at a call that a try_table guards.
(module
  (type $s (struct (field i32)))
  (type $bytes (array (mut i8)))
  (func $fill (local $n i32)
    i32.const 32
    local.set $n
    loop
      i32.const 4096
      array.new_default $bytes
      drop
      local.get $n
      i32.const 1
      i32.sub
      local.tee $n
      br_if 0
    end)
  (func (export "go") (result i32)
    i32.const 42
    struct.new $s
    block $caught
      try_table (catch_all $caught)
        call $fill
      end
    end
    struct.get $s 0))
