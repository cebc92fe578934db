(module
  (import "env" "host" (func $host))
  (type $s (struct (field i32)))
  (tag $t (param i32))
  ;; Two frames below the host function, with the operands of both still there.
  (func $inner (param i32 i32) (result i32)
    local.get 0
    local.get 1
    call $host
    i32.add)
  (func (export "two-frames") (result i32)
    i32.const 1
    i32.const 2
    call $inner)
  ;; What was caught is an operand behind the block.
  (func (export "caught") (result i32)
    (block $b (result i32)
      (try_table (catch $t $b)
        (throw $t (i32.const 42)))
      i32.const 0)
    call $host)
  ;; The object is used no more: only the debugger sees it.
  (func (export "dead-operand")
    i32.const 7
    struct.new $s
    call $host
    drop)
  (func (export "dead-local") (local $l (ref null $s))
    i32.const 42
    struct.new $s
    local.set $l
    call $host))
