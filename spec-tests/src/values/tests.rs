//! Every kind of argument and pattern, through the text of a script.

use wasmparser::WasmFeatures;

use crate::script::{Action, Arg, CommandKind, FloatPattern, NullOf, Pattern};
use crate::translate::parse_script;

fn only_command(text: &str) -> CommandKind {
    let script = parse_script("test.wast", text, WasmFeatures::WASM2).expect("the text parses");
    let [command] = <[_; 1]>::try_from(script.commands).expect("one command");
    command.kind
}

fn args(text: &str) -> Vec<Arg> {
    match only_command(&format!(r#"(invoke "f" {text})"#)) {
        CommandKind::Action(Action::Invoke { args, .. }) => args,
        other => panic!("{other:?}"),
    }
}

fn patterns(text: &str) -> Vec<Pattern> {
    match only_command(&format!(r#"(assert_return (invoke "f") {text})"#)) {
        CommandKind::AssertReturn { expected, .. } => expected,
        other => panic!("{other:?}"),
    }
}

#[test]
fn numbers_are_bits() {
    assert_eq!(
        args("(i32.const -1) (i64.const -2) (f32.const -0x0p0) (f64.const nan:0x4)"),
        [
            Arg::I32(u32::MAX),
            Arg::I64(u64::MAX - 1),
            Arg::F32(0x8000_0000),
            Arg::F64(0x7ff0_0000_0000_0004),
        ]
    );
}

#[test]
fn lane_0_of_a_vector_is_least_significant() {
    let bits = 0x0004_0003_0002_0001_0000_0000_0000_ffff;
    let lanes = "i16x8 -1 0 0 0 1 2 3 4";
    assert_eq!(args(&format!("(v128.const {lanes})")), [Arg::V128(bits)]);
    assert_eq!(
        patterns(&format!("(v128.const {lanes})")),
        [Pattern::V128(bits)]
    );
    assert_eq!(
        patterns("(v128.const i64x2 1 -1)"),
        [Pattern::V128(0xffff_ffff_ffff_ffff_0000_0000_0000_0001)]
    );
    assert_eq!(
        patterns("(v128.const i32x4 1 0 0 2)"),
        [Pattern::V128(0x0000_0002_0000_0000_0000_0000_0000_0001)]
    );
    assert_eq!(
        patterns("(v128.const i8x16 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 -128)"),
        [Pattern::V128(0x8000_0000_0000_0000_0000_0000_0000_0001)]
    );
}

#[test]
fn reference_arguments() {
    assert_eq!(
        args("(ref.null func) (ref.null extern) (ref.null i31) (ref.extern 7) (ref.host 8)"),
        [
            Arg::RefNull(NullOf::Func),
            Arg::RefNull(NullOf::Extern),
            Arg::RefNull(NullOf::Any),
            Arg::RefExtern(7),
            Arg::RefHost(8),
        ]
    );
}

#[test]
fn an_argument_without_translation_makes_the_command_unsupported() {
    for (heap, shown) in [
        ("cont", "cont"),
        ("$t", "$t"),
        ("(shared func)", "(shared func)"),
    ] {
        match only_command(&format!(r#"(invoke "f" (ref.null {heap}))"#)) {
            CommandKind::Unsupported { directive, reason } => {
                assert_eq!(directive, "invoke");
                assert_eq!(reason, format!("a null of `{shown}` is passed"));
            }
            other => panic!("{heap}: {other:?}"),
        }
    }
}

#[test]
fn float_patterns() {
    assert_eq!(
        patterns("(f32.const nan:canonical) (f64.const nan:arithmetic) (f32.const 1)"),
        [
            Pattern::F32(FloatPattern::CanonicalNan),
            Pattern::F64(FloatPattern::ArithmeticNan),
            Pattern::F32(FloatPattern::Bits(0x3f80_0000)),
        ]
    );
}

#[test]
fn float_lanes_have_patterns_of_their_own() {
    assert_eq!(
        patterns("(v128.const f32x4 nan:canonical 1 nan:arithmetic -0)"),
        [Pattern::F32x4([
            FloatPattern::CanonicalNan,
            FloatPattern::Bits(0x3f80_0000),
            FloatPattern::ArithmeticNan,
            FloatPattern::Bits(0x8000_0000),
        ])]
    );
    assert_eq!(
        patterns("(v128.const f64x2 nan:arithmetic 1)"),
        [Pattern::F64x2([
            FloatPattern::ArithmeticNan,
            FloatPattern::Bits(0x3ff0_0000_0000_0000),
        ])]
    );
}

#[test]
fn reference_patterns() {
    assert_eq!(
        patterns(
            "(ref.null) (ref.null noexn) (ref.extern) (ref.extern 3) (ref.host 4) (ref.func)
             (ref.any) (ref.eq) (ref.array) (ref.struct) (ref.i31)"
        ),
        [
            Pattern::RefNull(None),
            Pattern::RefNull(Some(NullOf::NoExn)),
            Pattern::RefExtern(None),
            Pattern::RefExtern(Some(3)),
            Pattern::RefHost(4),
            Pattern::RefFunc,
            Pattern::RefAny,
            Pattern::RefEq,
            Pattern::RefArray,
            Pattern::RefStruct,
            Pattern::RefI31,
        ]
    );
}

#[test]
fn a_pattern_without_a_variant_keeps_its_name() {
    let other = |name: &str| Pattern::Other(name.to_owned());
    assert_eq!(
        patterns("(ref.i31_shared) (ref.null nocont)"),
        [other("ref.i31_shared"), other("ref.null nocont")]
    );
}

#[test]
fn the_index_of_a_function_is_not_looked_at() {
    assert_eq!(
        patterns("(ref.func 3) (ref.func $f)"),
        [Pattern::RefFunc, Pattern::RefFunc]
    );
}

#[test]
fn either_nests() {
    assert_eq!(
        patterns("(either (i32.const 1) (either (i32.const 2) (ref.null)))"),
        [Pattern::Either(vec![
            Pattern::I32(1),
            Pattern::Either(vec![Pattern::I32(2), Pattern::RefNull(None)]),
        ])]
    );
}
