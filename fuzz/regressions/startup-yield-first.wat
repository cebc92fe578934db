;; Leaves its instance's address where the next module's startup function puts its frame.
(module
  (func $start)
  (start $start))
