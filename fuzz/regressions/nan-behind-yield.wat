;; The epoch is advanced at the first exception's event, so that a yield is due at the next loop or entry. Before
;; any, the NaN of `f32.ceil` is open: that of its operand, made quiet, or the canonical one.
(module
  (tag $e)
  (func (export "go")
    block $caught
      try_table (catch $e $caught)
        throw $e
      end
    end
    i32.const -1
    f32.reinterpret_i32
    f32.ceil
    throw $e))
