;; The event at the call advances the epoch, so that the callee is interrupted where it is entered.
(module
  (func (export "f")
    call $g)
  (func $g))
