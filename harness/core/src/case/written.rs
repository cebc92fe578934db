//! Values and patterns as a person writes them, in case files and in what is said of them.

use lockstep_oracles::value::Value;
use lockstep_spec_tests::script::{Arg, FloatPattern, NullOf, Pattern};

/// Types of which only null can be written here.
pub(crate) const NULLS: &[(&str, NullOf)] = &[
    ("anyref", NullOf::Any),
    ("exnref", NullOf::Exn),
    ("nullfuncref", NullOf::NoFunc),
    ("nullexternref", NullOf::NoExtern),
    ("nullref", NullOf::None),
    ("nullexnref", NullOf::NoExn),
];

/// An internalised host reference.
pub(crate) const HOST_REF: &str = "hostref";

/// Before the name of a pattern that has no text of its own.
pub(crate) const OTHER: &str = "other:";

/// A value with its type.
pub(crate) fn argument_text(arg: Arg) -> String {
    let value = match arg {
        Arg::I32(v) => Value::I32(v),
        Arg::I64(v) => Value::I64(v),
        Arg::F32(v) => Value::F32(v),
        Arg::F64(v) => Value::F64(v),
        Arg::V128(v) => Value::V128(v),
        Arg::RefNull(null) => return format!("{}:null", null_type(null)),
        Arg::RefExtern(number) => return format!("externref:{number}"),
        Arg::RefHost(number) => return format!("{HOST_REF}:{number}"),
    };
    value.to_string()
}

/// The type of a null, in a word.
pub(crate) fn null_type(null: NullOf) -> &'static str {
    match null {
        NullOf::Func => "funcref",
        NullOf::Extern => "externref",
        other => NULLS
            .iter()
            .find(|(_, null)| *null == other)
            .map_or("nullref", |(name, _)| name),
    }
}

/// A pattern, with its type.
pub(crate) fn written(pattern: &Pattern) -> String {
    let arg = match pattern {
        Pattern::I32(v) => Arg::I32(*v),
        Pattern::I64(v) => Arg::I64(*v),
        Pattern::V128(v) => Arg::V128(*v),
        Pattern::F32(lane) => return format!("f32:{}", f32_lane(*lane)),
        Pattern::F64(lane) => return format!("f64:{}", f64_lane(*lane)),
        Pattern::F32x4(lanes) => return format!("f32x4:{}", lanes.map(f32_lane).join(" ")),
        Pattern::F64x2(lanes) => return format!("f64x2:{}", lanes.map(f64_lane).join(" ")),
        Pattern::RefNull(Some(null)) => Arg::RefNull(*null),
        Pattern::RefExtern(Some(number)) => Arg::RefExtern(*number),
        Pattern::RefHost(number) => Arg::RefHost(*number),
        Pattern::RefNull(None) => return "null".to_owned(),
        Pattern::RefExtern(None) => return "externref:any".to_owned(),
        Pattern::RefFunc => return "funcref:any".to_owned(),
        Pattern::RefAny => return "anyref:any".to_owned(),
        Pattern::RefEq => return "eqref:any".to_owned(),
        Pattern::RefArray => return "arrayref:any".to_owned(),
        Pattern::RefStruct => return "structref:any".to_owned(),
        Pattern::RefI31 => return "i31ref:any".to_owned(),
        Pattern::Other(name) => return format!("{OTHER}{name}"),
        // A case file has an array in its place.
        Pattern::Either(patterns) => {
            let patterns: Vec<String> = patterns.iter().map(written).collect();
            return patterns.join(" or ");
        }
    };
    argument_text(arg)
}

/// A lane without its type.
fn f32_lane(lane: FloatPattern<u32>) -> String {
    match lane {
        FloatPattern::Bits(bits) => without_type(&Value::F32(bits)),
        FloatPattern::CanonicalNan => "nan:canonical".to_owned(),
        FloatPattern::ArithmeticNan => "nan:arithmetic".to_owned(),
    }
}

/// A lane without its type.
fn f64_lane(lane: FloatPattern<u64>) -> String {
    match lane {
        FloatPattern::Bits(bits) => without_type(&Value::F64(bits)),
        FloatPattern::CanonicalNan => "nan:canonical".to_owned(),
        FloatPattern::ArithmeticNan => "nan:arithmetic".to_owned(),
    }
}

fn without_type(value: &Value) -> String {
    let text = value.to_string();
    match text.split_once(':') {
        Some((_, literal)) => literal.to_owned(),
        None => text,
    }
}
