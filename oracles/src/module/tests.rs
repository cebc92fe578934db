//! What is accepted, what is rejected, and what is said about it.

use super::*;
use proptest::prelude::*;

const SAMPLE: &str = r#"(module $m
    (import "a" "f" (func $f (param i32 i64) (result f32)))
    (import "a" "m" (memory 1 2))
    (table $t 1 funcref)
    (global $g (mut i32) (i32.const 5))
    (func $start)
    (func $named (export "e") (param i32) (result i32)
        (block (result i32) (br_table 0 1 (local.get 0) (local.get 0))))
    (start $start)
    (elem (i32.const 0) $f $named)
    (data (i32.const 3) "abc")
    (export "t" (table $t)) (export "g" (global $g)))"#;

/// Something of every proposal that the oracle implements.
const SAMPLE_3: &str = r#"(module
    (rec (type $s (sub (struct (field (mut i8)) (field (ref null $a)))))
        (type $a (array (mut (ref null $s)))))
    (type $t (sub $s (struct (field (mut i8)) (field (ref $a)))))
    (type $f (func (param i32) (result i64)))
    (import "a" "tag" (tag $tag (param i32)))
    (import "a" "m" (memory i64 1 2))
    (memory $shared 1 1 shared) (memory $bytes 5 (pagesize 1))
    (table $table i64 2 (ref null $f) (ref.func $go))
    (global $g (ref $s) (struct.new $s (i32.const 300) (array.new_default $a (i32.const 2))))
    (global i32 (i32.mul (i32.const 5) (i32.sub (i32.const 2) (i32.const 7))))
    (elem (i64.const 1) (ref null $f) (ref.func $go))
    (data $d "abcdef")
    (func $go (export "go") (type $f) (local $x (ref $s)) (local v128)
        (local.set $x (global.get $g))
        (block $caught (result i32)
            (try_table (catch $tag $caught) (throw $tag (i32.const 3)))
            (unreachable))
        (drop)
        (drop (struct.get_s $s 0 (local.get $x)))
        (block $cast (result (ref null $t))
            (br_on_cast $cast (ref null $s) (ref $t) (local.get $x))
            (drop) (ref.null $t))
        (drop)
        (block $null (drop (br_on_null $null (ref.null $s))))
        (drop (f32x4.relaxed_madd (local.get 2) (local.get 2) (local.get 2)))
        (drop (i32.atomic.rmw.add $shared (i32.const 4) (i32.const 1)))
        (i64.store8 $bytes (i32.const 1) (i64.mul_wide_u (i64.const 2) (i64.const 3)) (drop))
        (return_call_ref $f (i32.const 0) (ref.func $go)))
    (export "tag" (tag $tag)))"#;

/// Both samples as binaries.
pub(crate) fn samples() -> [Vec<u8>; 2] {
    [SAMPLE, SAMPLE_3].map(|wat| wat::parse_str(wat).expect("the sample is a module"))
}

#[test]
fn the_second_sample_is_valid() {
    let [_, bytes] = samples();
    let m = Module::new(&bytes, WasmFeatures::all()).expect("the sample is valid");
    assert_eq!((m.num_tags(), m.num_imported_tags()), (1, 1));
    assert_eq!(m.tag_type(0).to_string(), "(i32) -> ()");
    assert_eq!((m.types().len(), m.memories().len()), (5, 3));
}

fn sample() -> Vec<u8> {
    wat::parse_str(SAMPLE).expect("the sample is a module")
}

#[test]
fn the_sections_are_all_there() {
    let m = Module::new(&sample(), WasmFeatures::WASM2).expect("the sample is valid");
    assert_eq!((m.num_imported_funcs(), m.num_funcs()), (1, 3));
    assert_eq!(m.func_type(FuncIndex(0)).to_string(), "(i32, i64) -> (f32)");
    assert!(m.function(FuncIndex(0)).is_none());
    assert!(m.function(FuncIndex(3)).is_none());
    assert_eq!(
        m.function(FuncIndex(2)).map(|f| f.index),
        Some(FuncIndex(2))
    );
    assert_eq!((m.memories().len(), m.num_imported_memories()), (1, 1));
    assert_eq!((m.tables().len(), m.num_imported_tables()), (1, 0));
    assert_eq!((m.globals().len(), m.num_imported_globals()), (1, 0));
    assert_eq!(m.start(), Some(FuncIndex(1)));
    assert_eq!(m.func_name(FuncIndex(2)), Some("named"));
    assert_eq!(m.func_name(FuncIndex(7)), None);
    let exports: Vec<_> = m
        .exports()
        .iter()
        .map(|e| (e.name.as_str(), e.kind, e.index))
        .collect();
    assert_eq!(
        exports,
        [
            ("e", ExternKind::Func, 2),
            ("t", ExternKind::Table, 0),
            ("g", ExternKind::Global, 0)
        ]
    );
    let imports: Vec<_> = m.imports().iter().map(|i| i.name.as_str()).collect();
    assert_eq!(imports, ["f", "m"]);
}

/// The error of a text that encodes, under all features of Wasm 3.0 or those of 2.0.
fn error(wat: &str, features: WasmFeatures) -> ModuleError {
    let bytes = wat::parse_str(wat).expect("the test's text encodes");
    Module::new(&bytes, features).expect_err("the module is not accepted")
}

#[test]
fn an_invalid_module_decodes() {
    let e = error("(module (func i32.add))", WasmFeatures::WASM2);
    assert_eq!(e.kind, ModuleErrorKind::Invalid);
    assert!(e.to_string().contains("(at offset 0x"), "{e}");
}

#[test]
fn a_malformed_module_does_not_decode() {
    for bytes in [&b""[..], b"\0asm", b"\0asm\x01\0\0\0\x01\x05"] {
        let e = Module::new(bytes, WasmFeatures::WASM2).expect_err("malformed");
        assert_eq!(e.kind, ModuleErrorKind::Malformed, "{e}");
    }
}

#[test]
fn what_is_valid_but_not_implemented_is_named() {
    let all = WasmFeatures::all();
    let e = error("(module (func (export \"a\") pause))", all);
    assert_eq!(e.kind, ModuleErrorKind::Unsupported);
    assert!(e.message.starts_with("pause "), "{e}");
    assert!(e.offset > 8);
    for wat in [
        "(module (type $f (func)) (type (cont $f)))",
        "(module (type (shared (struct))))",
        "(module (table shared 1 (ref null (shared func))))",
        "(module (func (local (ref null (shared any)))))",
        "(module (func (drop (ref.null (shared any)))))",
        "(module (func (block (result (ref null (shared any))) (unreachable)) drop))",
        "(module (global (shared mut i32) (i32.const 0)))",
    ] {
        let e = error(wat, all);
        assert_eq!(e.kind, ModuleErrorKind::Unsupported, "{wat}: {e}");
    }
}

#[test]
fn a_feature_that_is_off_is_an_error() {
    let (two, three) = (WasmFeatures::WASM2, WasmFeatures::WASM3);
    let all = WasmFeatures::all();
    for (wat, on, off) in [
        ("(module (func $f return_call $f))", three, two),
        ("(module (memory i64 1))", three, two),
        ("(module (memory 1) (memory 1))", three, two),
        ("(module (tag))", three, two),
        ("(module (type (struct)))", three, two),
        ("(module (table 1 (ref null any)))", three, two),
        ("(module (func (local anyref)))", three, two),
        (
            "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))",
            three,
            two,
        ),
        ("(module (func (drop (ref.null any))))", three, two),
        (
            "(module (func (param v128) (drop (i32x4.relaxed_trunc_f32x4_s (local.get 0)))))",
            three,
            two,
        ),
        ("(module (memory 1 (pagesize 1)))", all, three),
        (
            "(module (memory 1 1 shared))",
            three,
            three.difference(WasmFeatures::THREADS),
        ),
        (
            "(module (func atomic.fence))",
            three,
            three.difference(WasmFeatures::THREADS),
        ),
        (
            "(module (func (param i64) local.get 0 local.get 0 i64.mul_wide_u drop drop))",
            all,
            three,
        ),
    ] {
        let bytes = wat::parse_str(wat).expect("the test's text encodes");
        if let Err(e) = Module::new(&bytes, on) {
            panic!("{wat}: {e}");
        }
        let e = Module::new(&bytes, off).expect_err("the feature is off");
        assert_ne!(e.kind, ModuleErrorKind::Unsupported, "{wat}: {e}");
    }
}

#[test]
fn an_unsupported_module_is_a_valid_one() {
    let all = WasmFeatures::all();
    let e = error("(module (func pause) (func i32.add))", all);
    assert_eq!(e.kind, ModuleErrorKind::Invalid);
}

#[test]
fn a_component_is_no_module() {
    let bytes = wat::parse_str("(component)").expect("it encodes");
    for features in [WasmFeatures::WASM2, WasmFeatures::all()] {
        assert!(Module::new(&bytes, features).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Given a module with any bytes overwritten, the answer is a module or an error.
    #[test]
    fn damaged_modules_never_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        second: bool,
        all_features: bool,
    ) {
        let mut bytes = samples()[usize::from(second)].clone();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let features = if all_features { WasmFeatures::all() } else { WasmFeatures::WASM2 };
        let _ = Module::new(&bytes, features);
    }

    /// Given any bytes after the header, the answer is a module or an error.
    #[test]
    fn arbitrary_bytes_never_panic(tail in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        bytes.extend(tail);
        let _ = Module::new(&bytes, WasmFeatures::all());
    }
}
