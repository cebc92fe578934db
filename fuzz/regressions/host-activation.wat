;; A host function that calls the guest's export of itself: 42.0.2 shows the frames below twice.
(module
  (import "env" "f" (func $f))
  (export "f" (func $f))
  (func (export "g") (param i32)
    call $f))
