(module
  (import "first" "f" (func $f (param funcref)))
  (func $held)
  (func $start
    ref.func $held
    call $f)
  (elem declare func $held)
  (start $start))
