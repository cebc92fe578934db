;; The slot of `$none` is a root of the start function's caller, too, which never wrote it.
(module
  (type $empty (array (mut anyref)))
  (func $start (export "start")
    (local $none externref) (local $more i32)
    i32.const 1
    local.set $more
    loop $fill
      i32.const 0
      array.new_default $empty
      drop
      local.get $more
      br_if $fill
    end
    i32.const 0
    br 0)
  (start $start))
