(module
  (global $left (export "left") (mut i32) (i32.const 1000))
  (func $start
    loop $more
      global.get $left
      i32.const 1
      i32.sub
      global.set $left
      global.get $left
      br_if $more
    end)
  (start $start))
