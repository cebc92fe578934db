;; Exceptions that the host throws, and one that the program throws: garbage is collected while they are on their
;; way. What is caught is kept while others are made, and thrown again.
(module
  (import "env" "throws" (func $throws))
  (tag $e (export "e") (param i32 i64))
  (tag $other (param i64 i32))
  (func (export "of_the_host") (result i32 i64)
    (local exnref)
    block $kept (result exnref)
      try_table (catch_all_ref $kept)
        call $throws
      end
      unreachable
    end
    local.set 0
    call $others
    block $caught (result i32 i64)
      try_table (result i32 i64) (catch $e $caught)
        local.get 0
        throw_ref
      end
    end)
  (func (export "of_the_program") (result i32 i64)
    (local exnref)
    block $kept (result exnref)
      try_table (catch_all_ref $kept)
        i32.const 5
        i64.const 6
        throw $e
      end
      unreachable
    end
    local.set 0
    call $others
    block $caught (result i32 i64)
      try_table (result i32 i64) (catch $e $caught)
        local.get 0
        throw_ref
      end
    end)
  (func (export "escapes")
    call $throws)
  (func $others
    block $caught (result i64 i32)
      try_table (result i64 i32) (catch $other $caught)
        i64.const 1
        i32.const 2
        throw $other
      end
    end
    drop
    drop))
