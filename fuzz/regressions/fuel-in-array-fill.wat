(module
  (type $s (struct))
  (type $a (array (mut (ref null $s))))
  (global $g (mut (ref null $a)) (ref.null $a))
  (func (export "f")
    i32.const 150
    array.new_default $a
    global.set $g
    global.get $g
    i32.const 0
    struct.new $s
    i32.const 150
    array.fill $a
    global.get $g
    i32.const 0
    struct.new $s
    i32.const 150
    array.fill $a
    global.get $g
    i32.const 0
    struct.new $s
    i32.const 150
    array.fill $a
    global.get $g
    i32.const 0
    struct.new $s
    i32.const 150
    array.fill $a))
