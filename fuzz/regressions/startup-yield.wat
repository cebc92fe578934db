;; The epoch is up in what the compiler makes for the instantiation, before $start is entered.
(module
  (func $other)
  (func $start (local v128 i32)
    (drop (v128.const i32x4 0xffffffff 0x7fffffff 0xffffffff 0)))
  (start $start))
