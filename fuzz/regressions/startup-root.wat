;; The slot of `$none` is a root of the start function's caller, too, which never wrote it.
(module
  (type $empty (array (mut anyref)))
  (global $left (mut i32) (i32.const 5000))
  (func $more (result i32)
    global.get $left
    i32.const 1
    i32.sub
    global.set $left
    global.get $left)
  (func $start (export "start")
    (local $none externref) (local $unused i32)
    loop $fill
      i32.const 0
      array.new_default $empty
      drop
      call $more
      br_if $fill
    end
    i32.const 0
    br 0)
  (start $start))
