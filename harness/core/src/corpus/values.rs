//! Values, patterns and stubs as a person writes them: `i32:5`, `f32:nan:canonical`, `call(tick)`.

use crate::case::Stub;
use crate::case::written::{HOST_REF, NULLS, OTHER, argument_text, written};
use crate::check::syntax;
use lockstep_oracles::ValType;
use lockstep_spec_tests::script::{Arg, FloatPattern, Pattern};
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A value of any type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct ArgText(pub(super) Arg);

/// Types whose values are read as on the command line.
const READ_BY_TYPE: &[(&str, ValType)] = &[
    ("i32", ValType::I32),
    ("i64", ValType::I64),
    ("f32", ValType::F32),
    ("f64", ValType::F64),
    ("v128", ValType::V128),
    ("externref", ValType::EXTERNREF),
    ("funcref", ValType::FUNCREF),
];

impl TryFrom<String> for ArgText {
    type Error = String;

    fn try_from(text: String) -> Result<ArgText, String> {
        argument(&text).map(ArgText)
    }
}

impl From<ArgText> for String {
    fn from(ArgText(arg): ArgText) -> String {
        argument_text(arg)
    }
}

fn argument(text: &str) -> Result<Arg, String> {
    let Some((ty, literal)) = text.split_once(':') else {
        return Err(format!("`{text}` has no type; write it as `i32:5`"));
    };
    if let Some((_, ty)) = READ_BY_TYPE.iter().find(|(name, _)| *name == ty) {
        return syntax::value(text, *ty);
    }
    if ty == HOST_REF {
        let number = literal.parse().map(Arg::RefHost);
        return number.map_err(|_| format!("`{text}` is no {HOST_REF}: write a number"));
    }
    match NULLS.iter().find(|(name, _)| *name == ty) {
        Some((_, null)) if literal == "null" => Ok(Arg::RefNull(*null)),
        Some(_) => Err(format!("`{text}` is no {ty}: only null can be written")),
        None => Err(format!("`{text}` is of no known type")),
    }
}

/// The name of a value's type.
pub(super) fn type_name(arg: Arg) -> String {
    let mut text = argument_text(arg);
    text.truncate(text.find(':').unwrap_or(text.len()));
    text
}

/// What a result must look like: one text, or an array of alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PatternText(pub(super) Pattern);

/// Patterns that are words.
fn word_pattern(text: &str) -> Option<Pattern> {
    Some(match text {
        "f32:nan:canonical" => Pattern::F32(FloatPattern::CanonicalNan),
        "f32:nan:arithmetic" => Pattern::F32(FloatPattern::ArithmeticNan),
        "f64:nan:canonical" => Pattern::F64(FloatPattern::CanonicalNan),
        "f64:nan:arithmetic" => Pattern::F64(FloatPattern::ArithmeticNan),
        "null" => Pattern::RefNull(None),
        "externref:any" => Pattern::RefExtern(None),
        "funcref:any" => Pattern::RefFunc,
        "anyref:any" => Pattern::RefAny,
        "eqref:any" => Pattern::RefEq,
        "arrayref:any" => Pattern::RefArray,
        "structref:any" => Pattern::RefStruct,
        "i31ref:any" => Pattern::RefI31,
        _ => return None,
    })
}

fn pattern(text: &str) -> Result<Pattern, String> {
    if let Some(pattern) = word_pattern(text) {
        return Ok(pattern);
    }
    if let Some(name) = text.strip_prefix(OTHER) {
        return Ok(Pattern::Other(name.to_owned()));
    }
    if let Some(lanes) = text.strip_prefix("f32x4:") {
        return self::lanes(lanes, "f32", |pattern| match pattern {
            Pattern::F32(lane) => Some(lane),
            _ => None,
        })
        .map(Pattern::F32x4);
    }
    if let Some(lanes) = text.strip_prefix("f64x2:") {
        return self::lanes(lanes, "f64", |pattern| match pattern {
            Pattern::F64(lane) => Some(lane),
            _ => None,
        })
        .map(Pattern::F64x2);
    }
    Ok(match argument(text)? {
        Arg::I32(v) => Pattern::I32(v),
        Arg::I64(v) => Pattern::I64(v),
        Arg::F32(v) => Pattern::F32(FloatPattern::Bits(v)),
        Arg::F64(v) => Pattern::F64(FloatPattern::Bits(v)),
        Arg::V128(v) => Pattern::V128(v),
        Arg::RefNull(null) => Pattern::RefNull(Some(null)),
        Arg::RefExtern(number) => Pattern::RefExtern(Some(number)),
        Arg::RefHost(number) => Pattern::RefHost(number),
    })
}

/// Lanes with spaces between, lane 0 first.
fn lanes<const N: usize, T: Copy>(
    text: &str,
    ty: &str,
    lane: fn(Pattern) -> Option<FloatPattern<T>>,
) -> Result<[FloatPattern<T>; N], String> {
    let lanes = text.split_whitespace().map(|word| {
        let read = pattern(&format!("{ty}:{word}"))?;
        lane(read).ok_or_else(|| format!("`{word}` is no {ty}"))
    });
    let lanes: Vec<FloatPattern<T>> = lanes.collect::<Result<_, String>>()?;
    lanes
        .try_into()
        .map_err(|_| format!("`{text}` has not {N} lanes"))
}

impl Serialize for PatternText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Pattern::Either(alternatives) => {
                serializer.collect_seq(alternatives.iter().cloned().map(PatternText))
            }
            pattern => serializer.serialize_str(&written(pattern)),
        }
    }
}

impl<'de> Deserialize<'de> for PatternText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PatternText, D::Error> {
        deserializer.deserialize_any(PatternVisitor)
    }
}

struct PatternVisitor;

impl<'de> Visitor<'de> for PatternVisitor {
    type Value = PatternText;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value such as \"i32:5\", or an array of alternatives")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<PatternText, E> {
        pattern(text).map(PatternText).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<PatternText, A::Error> {
        let mut alternatives = Vec::new();
        while let Some(PatternText(pattern)) = seq.next_element()? {
            alternatives.push(pattern);
        }
        if alternatives.is_empty() {
            return Err(A::Error::custom("a choice needs at least one value"));
        }
        Ok(PatternText(Pattern::Either(alternatives)))
    }
}

/// What an imported function does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct StubText(pub(super) Stub);

/// What is between `word(` and `)`.
fn inside<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.strip_prefix(word)?
        .strip_prefix('(')?
        .strip_suffix(')')
}

/// A behaviour of a name.
type Naming = fn(String) -> Stub;

/// Behaviours that name an export.
const NAMING: [(&str, Naming); 4] = [
    ("call", Stub::Call),
    ("through", Stub::Through),
    ("relay", Stub::Relay),
    ("throw", Stub::Throw),
];

impl TryFrom<String> for StubText {
    type Error = String;

    fn try_from(text: String) -> Result<StubText, String> {
        let stub = match text.as_str() {
            "seeded" => Stub::Seeded,
            "fail" => Stub::Fail,
            "trap" => Stub::Trap,
            "wrapped-trap" => Stub::WrappedTrap,
            _ => match NAMING.iter().find_map(|(word, make)| {
                let name = inside(&text, word)?;
                Some(make(name.to_owned()))
            }) {
                Some(stub) => stub,
                None => match inside(&text, "returns") {
                    Some(values) => Stub::Constant(constants(values)?),
                    None => {
                        return Err(format!(
                            "`{text}` is no behaviour; write seeded, fail, trap, wrapped-trap, call(export), \
                             through(export), relay(export), throw(tag) or returns(i32:5, …)"
                        ));
                    }
                },
            },
        };
        Ok(StubText(stub))
    }
}

/// Results as a behaviour: `returns(i32:5)`.
fn returns(values: &[Arg]) -> String {
    let values: Vec<String> = values.iter().copied().map(argument_text).collect();
    format!("returns({})", values.join(", "))
}

fn constants(list: &str) -> Result<Vec<Arg>, String> {
    if list.trim().is_empty() {
        return Ok(Vec::new());
    }
    list.split(',').map(|text| argument(text.trim())).collect()
}

impl From<StubText> for String {
    fn from(StubText(stub): StubText) -> String {
        match stub {
            Stub::Seeded => "seeded".to_owned(),
            Stub::Fail => "fail".to_owned(),
            Stub::Trap => "trap".to_owned(),
            Stub::WrappedTrap => "wrapped-trap".to_owned(),
            Stub::Call(export) => format!("call({export})"),
            Stub::Through(export) => format!("through({export})"),
            Stub::Relay(export) => format!("relay({export})"),
            Stub::Throw(tag) => format!("throw({tag})"),
            Stub::Constant(values) => returns(&values),
            // Written as a table, and not here.
            Stub::Calls(calls) => format!("{} calls", calls.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argument_of(text: &str) -> Arg {
        argument(text).unwrap()
    }

    #[test]
    fn arguments_are_read_as_they_are_written() {
        for text in [
            "i32:-1",
            "i64:9223372036854775807",
            "f32:-0.0",
            "f32:nan:0x7fa00001",
            "f64:inf",
            "f64:5e-324",
            "v128:0x0f0e0d0c0b0a09080706050403020100",
            "externref:4294967295",
            "externref:null",
            "funcref:null",
            "anyref:null",
            "exnref:null",
            "nullfuncref:null",
            "nullexternref:null",
            "nullref:null",
            "nullexnref:null",
            "hostref:7",
        ] {
            assert_eq!(argument_text(argument_of(text)), text);
        }
    }

    #[test]
    fn patterns_are_read_as_they_are_written() {
        for text in [
            "i32:5",
            "f32:1.5",
            "f32:nan:0xffc00000",
            "f32:nan:canonical",
            "f64:nan:arithmetic",
            "f32x4:1.0 nan:canonical nan:arithmetic nan:0x7f800001",
            "f64x2:-inf nan:canonical",
            "v128:0x00000000000000000000000000000001",
            "null",
            "funcref:null",
            "externref:any",
            "externref:5",
            "funcref:any",
            "anyref:any",
            "eqref:any",
            "arrayref:any",
            "structref:any",
            "i31ref:any",
            "hostref:1",
            "other:ref.i31_shared",
        ] {
            assert_eq!(written(&pattern(text).unwrap()), text);
        }
    }

    #[test]
    fn stubs_are_read_as_they_are_written() {
        for text in [
            "seeded",
            "fail",
            "trap",
            "wrapped-trap",
            "call(on_tick)",
            "call()",
            "call(a(b))",
            "returns()",
            "returns(i32:5, f64:nan:0x7ff8000000000000)",
        ] {
            let stub = StubText::try_from(text.to_owned()).unwrap();
            assert_eq!(String::from(stub), text);
        }
    }

    #[test]
    fn what_is_none_is_refused_in_one_sentence() {
        for (text, part) in [
            ("5", "has no type"),
            ("i33:5", "no known type"),
            ("i32:x", "write digits"),
            ("anyref:5", "only null"),
            ("hostref:x", "write a number"),
        ] {
            let message = argument(text).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
        for text in ["f32x4:1 2 3", "f64x2:1 x", "f32:nan:quiet"] {
            assert!(pattern(text).is_err(), "{text}");
        }
        for text in ["explode", "call(x", "returns(5)", "returns(i32:1,)"] {
            assert!(StubText::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
