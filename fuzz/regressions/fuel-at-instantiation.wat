;; From 50 on code that the compiler makes initialises the memory, and consumes fuel.
(module
  (import "a" "a" (memory 0 0))
  (memory 1)
  (data (memory 1) (i32.const 0) "\c0"))
