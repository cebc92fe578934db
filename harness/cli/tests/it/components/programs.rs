//! Components, hand-written.

/// One core module with scalar exports.
pub(crate) const SCALARS: &str = r#"(component
  (core module $m
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "wide") (param i64 f64) (result f64) (f64.mul (f64.convert_i64_s (local.get 0)) (local.get 1)))
    (func (export "spin") (param i32) (result i32)
      loop
        local.get 0 i32.const 1 i32.sub local.tee 0
        i32.eqz i32.eqz br_if 0
        nop
      end
      local.get 0))
  (core instance $i (instantiate $m))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
  (func (export "wide") (param "a" s64) (param "b" f64) (result f64) (canon lift (core func $i "wide")))
  (func (export "spin") (param "n" u32) (result u32) (canon lift (core func $i "spin"))))"#;

/// A memory with an allocator that goes up, and starts anew when a result was read.
const ALLOCATOR: &str = r#"
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func $realloc (export "realloc") (param $old i32) (param $before i32) (param $align i32) (param $size i32)
      (result i32) (local $at i32)
      (global.set $next (i32.and
        (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (local.set $at (global.get $next))
      (global.set $next (i32.add (local.get $at) (local.get $size)))
      (memory.copy (local.get $at) (local.get $old)
        (select (local.get $before) (local.get $size) (i32.lt_u (local.get $before) (local.get $size))))
      (local.get $at))
    (func (export "release") (param i32) (global.set $next (i32.const 1024)))"#;

/// `text` with the allocator where it says `ALLOCATOR`.
pub(crate) fn with_allocator(text: &str) -> String {
    text.replace("ALLOCATOR", ALLOCATOR)
}

/// Strings and lists in and out, from the host.
pub(crate) const STRINGS: &str = r#"(component
  (core module $m ALLOCATOR
    (func (export "shout") (param $ptr i32) (param $len i32) (result i32) (local $i i32) (local $at i32)
      (local.set $at (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 8)))
      (i32.store (local.get $at) (local.get $ptr))
      (i32.store offset=4 (local.get $at) (local.get $len))
      (block $done
        (loop $next
          (br_if $done (i32.ge_u (local.get $i) (local.get $len)))
          (i32.store8 (i32.add (local.get $ptr) (local.get $i))
            (i32.and (i32.const 0xdf) (i32.load8_u (i32.add (local.get $ptr) (local.get $i)))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $next)))
      (local.get $at))
    (func (export "sum") (param $ptr i32) (param $len i32) (result i64) (local $sum i64)
      (block $done
        (loop $next
          (br_if $done (i32.eqz (local.get $len)))
          (local.set $sum (i64.add (local.get $sum) (i64.load32_u (local.get $ptr))))
          (local.set $ptr (i32.add (local.get $ptr) (i32.const 4)))
          (local.set $len (i32.sub (local.get $len) (i32.const 1)))
          (br $next)))
      (local.get $sum)))
  (core instance $i (instantiate $m))
  (func (export "shout") (param "text" string) (result string)
    (canon lift (core func $i "shout") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))
      (post-return (core func $i "release"))))
  (func (export "sum") (param "numbers" (list u32)) (result u64)
    (canon lift (core func $i "sum") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#;

/// One component calls the other: a scalar comes back, or a trap.
pub(crate) const FUSED: &str = r#"(component
  (component $callee
    (core module $m
      (func (export "half") (param i32) (result i32) (i32.div_u (local.get 0) (i32.const 2)))
      (func (export "fail") (param i32) (result i32) unreachable))
    (core instance $i (instantiate $m))
    (func (export "half") (param "n" u32) (result u32) (canon lift (core func $i "half")))
    (func (export "fail") (param "n" u32) (result u32) (canon lift (core func $i "fail"))))
  (component $caller
    (import "half" (func $half (param "n" u32) (result u32)))
    (import "fail" (func $fail (param "n" u32) (result u32)))
    (core func $half (canon lower (func $half)))
    (core func $fail (canon lower (func $fail)))
    (core module $m
      (import "env" "half" (func $half (param i32) (result i32)))
      (import "env" "fail" (func $fail (param i32) (result i32)))
      (func (export "go") (param i32) (result i32) (local i32)
        loop
          local.get 0 call $half local.tee 0
          local.get 1 i32.const 1 i32.add local.set 1
          br_if 0
        end
        local.get 1)
      (func (export "fail") (param i32) (result i32) i32.const 7 local.get 0 call $fail i32.add))
    (core instance $i (instantiate $m
      (with "env" (instance (export "half" (func $half)) (export "fail" (func $fail))))))
    (func (export "go") (param "n" u32) (result u32) (canon lift (core func $i "go")))
    (func (export "fail") (param "n" u32) (result u32) (canon lift (core func $i "fail"))))
  (instance $callee (instantiate $callee))
  (instance $caller (instantiate $caller (with "half" (func $callee "half")) (with "fail" (func $callee "fail"))))
  (export "go" (func $caller "go"))
  (export "fail" (func $caller "fail")))"#;

/// A caller with strings of one encoding, and a callee with those of another, which gives its argument back.
pub(crate) fn fused_strings(caller: &str, callee: &str) -> String {
    let bytes = |encoding: &str| match encoding {
        "utf16" => "a\\00\\e9\\00\\ac\\20b\\00c\\00d\\00e\\00f\\00g\\00",
        "latin1+utf16" => "ab\\e9cdefgh",
        _ => "abc\\c3\\a9fgh",
    };
    with_allocator(
        &r#"(component
  (component $callee
    (core module $m ALLOCATOR
      (func (export "echo") (param $ptr i32) (param $len i32) (result i32) (local $at i32)
        (local.set $at (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 8)))
        (i32.store (local.get $at) (local.get $ptr))
        (i32.store offset=4 (local.get $at) (local.get $len))
        (local.get $at)))
    (core instance $i (instantiate $m))
    (func (export "echo") (param "text" string) (result string)
      (canon lift (core func $i "echo") string-encoding=CALLEE (memory (core memory $i "memory"))
        (realloc (core func $i "realloc")) (post-return (core func $i "release")))))
  (component $caller
    (import "echo" (func $echo (param "text" string) (result string)))
    (core module $libc ALLOCATOR)
    (core instance $libc (instantiate $libc))
    (core func $echo (canon lower (func $echo) string-encoding=CALLER (memory (core memory $libc "memory"))
      (realloc (core func $libc "realloc"))))
    (core module $m
      (import "libc" "memory" (memory 1))
      (import "env" "echo" (func $echo (param i32 i32 i32)))
      (data (i32.const 64) "BYTES")
      (func (export "greet") (param i32) (result i32)
        (call $echo (i32.const 64) (local.get 0) (i32.const 16))
        (i32.add (i32.load (i32.const 20)) (i32.load8_u (i32.load (i32.const 16))))))
    (core instance $i (instantiate $m (with "libc" (instance $libc))
      (with "env" (instance (export "echo" (func $echo))))))
    (func (export "greet") (param "n" u32) (result u32) (canon lift (core func $i "greet"))))
  (instance $callee (instantiate $callee))
  (instance $caller (instantiate $caller (with "echo" (func $callee "echo"))))
  (export "greet" (func $caller "greet")))"#
            .replace("CALLEE", callee)
            .replace("CALLER", caller)
            .replace("BYTES", bytes(caller)),
    )
}

/// One component throws what the other does not catch, or a function of its own catches it.
pub(crate) const THROWS: &str = r#"(component
  (component $thrower
    (core module $m
      (tag $t (param i32))
      (func $throw (param i32) local.get 0 throw $t)
      (func (export "run") (param i32)
        local.get 0
        if
          (block $caught (result i32)
            (try_table (catch $t $caught) (call $throw (i32.const 5)))
            (i32.const 0))
          drop
        else
          (call $throw (i32.const 6))
        end))
    (core instance $i (instantiate $m))
    (func (export "run") (param "n" u32) (canon lift (core func $i "run"))))
  (component $caller
    (import "run" (func $run (param "n" u32)))
    (core func $run (canon lower (func $run)))
    (core module $m
      (import "env" "run" (func $run (param i32)))
      (func (export "run") (param i32) local.get 0 call $run))
    (core instance $i (instantiate $m (with "env" (instance (export "run" (func $run))))))
    (func (export "run") (param "n" u32) (canon lift (core func $i "run"))))
  (instance $thrower (instantiate $thrower))
  (instance $caller (instantiate $caller (with "run" (func $thrower "run"))))
  (export "run" (func $caller "run")))"#;

/// Start functions of two modules, the second using the first.
pub(crate) const STARTS: &str = r#"(component
  (core module $first
    (global $g (export "g") (mut i32) (i32.const 1))
    (func $start (global.set $g (i32.const 20)))
    (start $start))
  (core module $second
    (import "first" "g" (global $g (mut i32)))
    (func $start (global.set $g (i32.add (global.get $g) (i32.const 22))))
    (start $start)
    (func (export "get") (result i32) (global.get $g)))
  (core instance $first (instantiate $first))
  (core instance $second (instantiate $second (with "first" (instance $first))))
  (func (export "get") (result u32) (canon lift (core func $second "get"))))"#;

/// One module twice, told apart by a global; the second runs first.
pub(crate) const TWICE: &str = r#"(component
  (core module $m
    (global $g (mut i32) (i32.const 0))
    (func (export "next") (result i32)
      (global.set $g (i32.add (global.get $g) (i32.const 1)))
      (global.get $g)))
  (core instance $one (instantiate $m))
  (core instance $two (instantiate $m))
  (func (export "first") (result u32) (canon lift (core func $one "next")))
  (func (export "second") (result u32) (canon lift (core func $two "next"))))"#;

/// Two modules that know nothing of each other; no opcode of the one has the PC of one of the other, as the second
/// has a longer name before its code.
pub(crate) const PAIR: &str = r#"(component
  (core module $one
    (func (export "one") (result i32) (i32.add (i32.const 1) (i32.const 2))))
  (core module $last
    (func (export "the-function") (result i32) (nop) (i32.add (i32.const 3) (i32.const 4))))
  (core instance $one (instantiate $one))
  (core instance $last (instantiate $last))
  (func (export "one") (result u32) (canon lift (core func $one "one")))
  (func (export "last") (result u32) (canon lift (core func $last "the-function"))))"#;

/// Values of every type, in and out as they are: what is passed in memory and what is flat.
pub(crate) const TYPES: &str = r#"(component
  (core module $m ALLOCATOR
    (func (export "flat") (param i32 i32 i32 i32 i64 i32) (result i32) (local.get 2))
    (func (export "large") (param i32) (result i32) (local.get 0))
    (func (export "byte") (param i32 i32) (result i32) (local.get 1))
    (func (export "letter") (param i32) (result i32) (local.get 0))
    (func (export "number") (param f32) (result f32) (f32.add (local.get 0) (f32.const 1))))
  (core instance $i (instantiate $m))
  (type $point' (record (field "x" s16) (field "y" f64)))
  (export $point "point" (type $point'))
  (type $shape' (variant (case "none") (case "dot" $point) (case "many" (list $point)) (case "name" string)))
  (export $shape "shape" (type $shape'))
  (type $colour' (enum "red" "green" "blue"))
  (export $colour "colour" (type $colour'))
  (type $modes' (flags "a" "b" "c"))
  (export $modes "modes" (type $modes'))
  (type $large' (record (field "a" u8) (field "b" $shape) (field "c" (option (tuple u8 u64)))
    (field "d" (result string (error $colour))) (field "e" $modes) (field "f" (list (option char)))
    (field "g" (list string)) (field "h" s64) (field "i" u8)))
  (export $large "large-type" (type $large'))
  (func (export "flat") (param "a" $colour) (param "b" $modes) (param "c" bool) (param "d" (result u64 (error f32)))
    (param "e" char) (result bool) (canon lift (core func $i "flat")))
  (func (export "large") (param "v" $large) (result $large)
    (canon lift (core func $i "large") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))
      (post-return (core func $i "release"))))
  (func (export "byte") (param "a" u16) (param "b" s32) (result s8) (canon lift (core func $i "byte")))
  (func (export "letter") (param "c" char) (result char) (canon lift (core func $i "letter")))
  (func (export "number") (param "n" f32) (result f32) (canon lift (core func $i "number"))))"#;

/// Calls of the component that was made of C.
pub(crate) const WORDS: &[&str] = &[
    r#"lockstep:text/strings#reverse("naïve café €")"#,
    r#"lockstep:text/strings#reverse("")"#,
    r#"lockstep:text/strings#words("the cat and the dog and the bird", by-name)"#,
    r#"lockstep:text/strings#words("the cat and the dog and the bird", by-number)"#,
    r#"lockstep:text/strings#find("a needle in hay", "in")"#,
    r#"lockstep:text/strings#find("hay", "needle")"#,
    "lockstep:text/strings#mean([1, 2.5, 4])",
    "lockstep:text/strings#mean([])",
    "lockstep:text/strings#checked-div(7, 2)",
    "lockstep:text/strings#checked-div(7, 0)",
    "lockstep:text/strings#checked-div(-2147483648, -1)",
    "lockstep:text/strings#divide(7, 2)",
    "lockstep:text/strings#divide(7, 0)",
];
