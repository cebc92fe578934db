;; What clang 14 makes of checksum.c, printed as text.
(module
  (type (;0;) (func (param i32) (result i32)))
  (import "env" "progress" (func $progress (;0;) (type 0) (param i32) (result i32)))
  (memory (;0;) 2)
  (global $__stack_pointer (;0;) (mut i32) i32.const 66624)
  (global (;1;) i32 i32.const 1024)
  (export "memory" (memory 0))
  (export "checksum" (func $checksum))
  (export "buffer" (global 1))
  (func $checksum (;1;) (type 0) (param i32) (result i32)
    (local i32 i32 i32)
    block ;; label = @1
      block ;; label = @2
        local.get 0
        br_if 0 (;@2;)
        i32.const 1
        local.set 1
        br 1 (;@1;)
      end
      i32.const 0
      local.set 2
      i32.const 1
      local.set 1
      loop ;; label = @2
        local.get 2
        i32.const 1024
        i32.add
        i32.load8_u
        local.set 3
        block ;; label = @3
          local.get 2
          i32.const 7
          i32.and
          i32.const 7
          i32.ne
          br_if 0 (;@3;)
          local.get 2
          i32.const 1
          i32.add
          call $progress
          br_if 0 (;@3;)
          unreachable
          unreachable
        end
        local.get 1
        i32.const 31
        i32.mul
        local.get 3
        i32.add
        local.set 1
        local.get 0
        local.get 2
        i32.const 1
        i32.add
        local.tee 2
        i32.ne
        br_if 0 (;@2;)
      end
    end
    local.get 1
  )
)
