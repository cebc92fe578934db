(module
  (type (;0;) (func (result f64)))
  (memory (;0;) 0 180897 (pagesize 0x1))
  (export "a" (func 1))
  (func (;0;) (type 0) (result f64)
    i32.const 0
    i64.atomic.load32_u offset=1352802866
    call 1
    unreachable
  )
  (func (;1;) (type 0) (result f64)
    loop (type 0) (result f64) ;; label = @1
      try_table (catch_all 0 (;@1;)) ;; label = @2
        call 0
        drop
      end
      unreachable
    end
  )
)
