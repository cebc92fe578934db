;; A vector waits while a breakpoint is met: on pulley64 its low half is changed, and by it the program
;; takes the other way, between two events.
(module
  (func (export "f") (param v128)
    local.get 0
    nop
    v128.any_true
    if
      nop
    else
      nop
    end))
