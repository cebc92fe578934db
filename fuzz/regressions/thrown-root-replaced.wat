(module
  (type $s (struct))
  (type $bytes (array (mut i8)))
  (import "env" "back" (func $back))
  (tag $t)
  (func (export "throws")
    struct.new_default $s
    throw $t)
  (func (export "f") (result i32)
    (local $one i32)
    struct.new_default $s
    block $caught
      try_table (catch_all $caught)
        struct.new_default $s
        i32.const 0
        array.new_default $bytes
        call $back
        unreachable
      end
    end
    struct.new_default $s
    struct.new_default $s
    ref.eq
    local.set $one
    drop
    local.get $one))
