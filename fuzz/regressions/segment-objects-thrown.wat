(module
  (rec
    (type (;0;) (sub (struct (field (mut i32)) (field (mut f64)) (field i64))))
    (type (;1;) (sub final 0 (struct (field (mut i32)) (field (mut f64)) (field i64) (field (mut v128)) (field (mut anyref)))))
  )
  (rec
    (type (;2;) (sub (struct (field (mut i32)) (field (mut f64)) (field i64))))
    (type (;3;) (sub final 2 (struct (field (mut i32)) (field (mut f64)) (field i64) (field (mut v128)) (field (mut anyref)))))
  )
  (rec
    (type (;4;) (sub (struct (field (mut (ref null 4))) (field (mut (ref null 5))) (field (mut anyref)) (field (mut f32)))))
    (type (;5;) (array (mut (ref null 4))))
  )
  (type (;6;) (array (mut i8)))
  (type (;7;) (sub (array (mut i32))))
  (type (;8;) (array (mut anyref)))
  (type (;9;) (sub (struct (field (mut i32)) (field (mut f64)) (field i64))))
  (type (;10;) (sub (struct)))
  (type (;11;) (sub 10 (struct (field (mut (ref i31))) (field eqref))))
  (type (;12;) (array f32))
  (type (;13;) (func (param exnref i32 externref i64)))
  (type (;14;) (func (param funcref structref anyref i64)))
  (type (;15;) (func (param exnref i32 (ref null 4) exnref)))
  (type (;16;) (func))
  (type (;17;) (func (param (ref null 8) v128) (result f64 (ref null 0))))
  (type (;18;) (func (param i32)))
  (type (;19;) (func (param funcref i64 v128) (result i32 (ref null 1))))
  (type (;20;) (func (param i32) (result f32)))
  (type (;21;) (func (param anyref nullref nullref) (result (ref null 4) (ref null 4))))
  (type (;22;) (func (param i64) (result i64)))
  (type (;23;) (func (param (ref null 4)) (result exnref (ref null 4))))
  (type (;24;) (func (result i32 v128)))
  (type (;25;) (func (param exnref (ref null 4) i64 f32) (result funcref)))
  (type (;26;) (func (param (ref null 4) i64 f32)))
  (import "env" "memory" (memory (;0;) 1 5))
  (table (;0;) i64 9 21 funcref)
  (table (;1;) i64 8 20 anyref)
  (memory (;1;) i64 2 3)
  (memory (;2;) 2 5 shared)
  (memory (;3;) 65542 65636 (pagesize 0x1))
  (memory (;4;) i64 1 5 shared)
  (tag (;0;) (type 13) (param exnref i32 externref i64))
  (tag (;1;) (type 14) (param funcref structref anyref i64))
  (tag (;2;) (type 15) (param exnref i32 (ref null 4) exnref))
  (global (;0;) (mut i32) i32.const 7)
  (global (;1;) (mut f64) f64.const 0x1.fffffffcp+30 (;=2147483647;))
  (global (;2;) (mut (ref null 4)) struct.new_default 4)
  (global (;3;) (mut exnref) ref.null exn)
  (global (;4;) (mut structref) ref.null struct)
  (global (;5;) i64 i64.const 32)
  (export "top12" (func 9))
  (elem (;0;) declare func 0 2 3 5 6)
  (elem (;1;) anyref (ref.null any) (item i32.const -1 ref.i31) (struct.new_default 0) (item i32.const 1073741824 ref.i31) (struct.new_default 4) (item i32.const 9 array.new_default 6))
  (func (;0;) (type 16))
  (func (;1;) (type 17) (param (ref null 8) v128) (result f64 (ref null 0))
    unreachable
  )
  (func (;2;) (type 17) (param (ref null 8) v128) (result f64 (ref null 0))
    unreachable
  )
  (func (;3;) (type 17) (param (ref null 8) v128) (result f64 (ref null 0))
    unreachable
  )
  (func (;4;) (type 17) (param (ref null 8) v128) (result f64 (ref null 0))
    unreachable
  )
  (func (;5;) (type 16))
  (func (;6;) (type 18) (param i32))
  (func (;7;) (type 19) (param funcref i64 v128) (result i32 (ref null 1))
    i32.const 0
    ref.null 1
  )
  (func (;8;) (type 20) (param i32) (result f32)
    i32.const 0
    f32.convert_i32_s
  )
  (func (;9;) (type 21) (param anyref nullref nullref) (result (ref null 4) (ref null 4))
    (local f32 i64 v128 exnref arrayref (ref null 8) i31ref exnref i32 i32)
    ref.null 4
    ref.null exn
    ref.null 4
    i64.const 0
    i32.const 0
    f32.convert_i32_s
    i32.const 9
    local.set 12
    loop (type 25) (param exnref (ref null 4) i64 f32) (result funcref) ;; label = @1
      block (type 26) (param (ref null 4) i64 f32) ;; label = @2
        i32.const 0
        i8x16.splat
        i32.const 0
        ref.i31
        struct.new_default 0
        struct.new_default 0
        i64.const 0
        i32.const 3
        i32.const -1361655009
        i32.const 3
        i32.and
        table.init 1 1
        i32.const 0
        i8x16.splat
        drop
        drop
        drop
        drop
        drop
        drop
        drop
        drop
      end
      block (result exnref) ;; label = @2
        try_table (catch_all_ref 0 (;@2;)) ;; label = @3
          block (result exnref) ;; label = @4
            try_table (catch_all_ref 0 (;@4;)) ;; label = @5
              global.get 3
              i32.const 255
              struct.new_default 4
              block (result exnref) ;; label = @6
                try_table (catch_all_ref 0 (;@6;)) ;; label = @7
                  ref.null func
                  ref.null struct
                  i32.const 1
                  i64.extend_i32_u
                  table.get 1
                  local.get 4
                  throw 1
                end
                unreachable
              end
              ref.as_non_null
              throw 2
            end
            unreachable
          end
          ref.as_non_null
          global.get 0
          ref.null extern
          i64.const 31
          throw 0
        end
        unreachable
      end
      ref.as_non_null
      ref.null 4
      global.get 5
      local.get 3
      local.get 12
      i32.const 1
      i32.sub
      local.tee 12
      br_if 0 (;@1;)
      unreachable
    end
    unreachable
  )
)
