//! How a user writes invocations, values and import behaviours. It never looks into a module.

use super::InputError;
use crate::case::Stub;
use lockstep_oracles::ValType;
use lockstep_oracles::module::FuncType;
use lockstep_spec_tests::script::{Arg, NullOf};

/// An invocation, its arguments not read yet: their types decide how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation<'a> {
    /// The export.
    pub name: &'a str,
    args: Vec<&'a str>,
}

impl<'a> Invocation<'a> {
    /// Reads `name(argument, …)`; a name alone stands for a call without arguments.
    ///
    /// # Errors
    ///
    /// If the parentheses do not pair up, or the name or an argument is empty.
    pub fn parse(text: &'a str) -> Result<Invocation<'a>, InputError> {
        let wrong = |at: usize, message: &str| InputError::InvocationSyntax {
            text: text.to_owned(),
            at: text[..at].chars().count() + 1,
            message: message.to_owned(),
        };
        // Values hold no parentheses, so the last one opens the list even if the name has some.
        let (name, list) = match (text.rfind('('), text.strip_suffix(')')) {
            (None, None) => (text, ""),
            (Some(open), Some(inner)) if open < inner.len() => (&text[..open], &inner[open + 1..]),
            (Some(open), Some(_)) => (&text[..open], ""),
            (Some(_), None) => return Err(wrong(text.len(), "`)` is missing at the end")),
            (None, Some(inner)) => return Err(wrong(inner.len(), "`)` without `(`")),
        };
        if name.is_empty() {
            return Err(wrong(0, "the name of the export is missing"));
        }
        if list.trim().is_empty() {
            return Ok(Invocation {
                name,
                args: Vec::new(),
            });
        }
        let mut args = Vec::new();
        let mut at = name.len() + 1;
        for part in list.split(',') {
            if part.trim().is_empty() {
                return Err(wrong(at, "an argument is missing"));
            }
            args.push(part.trim());
            at += part.len() + 1;
        }
        Ok(Invocation { name, args })
    }

    /// The arguments as values of the function's parameters.
    ///
    /// # Errors
    ///
    /// If there are too few or too many, or one is no value of its parameter's type.
    pub fn arguments(&self, ty: &FuncType) -> Result<Vec<Arg>, InputError> {
        if self.args.len() != ty.params.len() {
            return Err(InputError::ArgumentCount {
                name: self.name.to_owned(),
                ty: types(&ty.params),
                wanted: ty.params.len(),
                given: self.args.len(),
            });
        }
        let pairs = self.args.iter().zip(&ty.params).enumerate();
        pairs
            .map(|(index, (text, &ty))| {
                value(text, ty).map_err(|message| InputError::Argument {
                    name: self.name.to_owned(),
                    number: index + 1,
                    message,
                })
            })
            .collect()
    }
}

fn types(types: &[ValType]) -> String {
    let names: Vec<String> = types.iter().map(|&ty| type_name(ty)).collect();
    format!("({})", names.join(", "))
}

/// A type's name in a value.
fn type_name(ty: ValType) -> String {
    match ty {
        ValType::Ref(ty) if ty.is_extern_ref() => "externref".to_owned(),
        ValType::Ref(ty) if ty.is_func_ref() => "funcref".to_owned(),
        ty => ty.to_string(),
    }
}

const TYPE_NAMES: &[&str] = &["i32", "i64", "f32", "f64", "v128", "externref", "funcref"];

/// Reads a value of type `ty`, written with its type (`i32:20`) or without (`20`).
///
/// # Errors
///
/// One sentence on why it is none.
pub fn value(text: &str, ty: ValType) -> Result<Arg, String> {
    let declared = type_name(ty);
    let literal = match text.split_once(':') {
        Some((written, literal)) if TYPE_NAMES.contains(&written) => {
            if written != declared {
                return Err(format!(
                    "`{text}` is of type {written}, the parameter of type {declared}"
                ));
            }
            literal
        }
        _ => text,
    };
    let wrong = |why: &str| format!("`{text}` is no {declared}: {why}");
    match ty {
        ValType::I32 => Ok(Arg::I32(
            integer(literal, 32).map_err(|why| wrong(&why))? as u32
        )),
        ValType::I64 => Ok(Arg::I64(
            integer(literal, 64).map_err(|why| wrong(&why))? as u64
        )),
        ValType::F32 => Ok(Arg::F32(
            float(literal, &F32).map_err(|why| wrong(&why))? as u32
        )),
        ValType::F64 => Ok(Arg::F64(float(literal, &F64).map_err(|why| wrong(&why))?)),
        ValType::V128 => vector(literal).map(Arg::V128).map_err(|why| wrong(&why)),
        ValType::Ref(ty) if ty.is_extern_ref() => external(literal).map_err(|why| wrong(&why)),
        ValType::Ref(ty) if ty.is_func_ref() && literal == "null" => Ok(Arg::RefNull(NullOf::Func)),
        ValType::Ref(_) => Err(wrong("only null can be written")),
    }
}

/// Digits, decimal or after `0x`; underscores separate.
fn digits(text: &str) -> Result<u128, String> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(hex) => (hex, 16),
        None => (text, 10),
    };
    let digits = digits.replace('_', "");
    if !digits.chars().all(|c| c.is_digit(radix)) || digits.is_empty() {
        return Err("write digits, or 0x and hexadecimal digits".to_owned());
    }
    u128::from_str_radix(&digits, radix).map_err(|_| "it has too many digits".to_owned())
}

/// Bits of a signed or unsigned integer of that width.
fn integer(text: &str, bits: u32) -> Result<i128, String> {
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let magnitude = digits(magnitude)?;
    let limit = if negative {
        1 << (bits - 1)
    } else {
        (1 << bits) - 1
    };
    if magnitude > limit {
        return Err("it is out of range".to_owned());
    }
    let value = magnitude as i128;
    Ok(if negative { -value } else { value })
}

/// What differs between the float types.
struct FloatFormat {
    digits: usize,
    sign: u64,
    infinity: u64,
    canonical_nan: u64,
    /// A decimal number's bits.
    decimal: fn(&str) -> Option<u64>,
}

const F32: FloatFormat = FloatFormat {
    digits: 8,
    sign: 1 << 31,
    infinity: 0x7f80_0000,
    canonical_nan: 0x7fc0_0000,
    decimal: |text| text.parse::<f32>().ok().map(|v| u64::from(v.to_bits())),
};

const F64: FloatFormat = FloatFormat {
    digits: 16,
    sign: 1 << 63,
    infinity: 0x7ff0_0000_0000_0000,
    canonical_nan: 0x7ff8_0000_0000_0000,
    decimal: |text| text.parse::<f64>().ok().map(f64::to_bits),
};

/// Bits of a float: a decimal number, `inf`, `nan`, or `nan:0x…` with all bits.
fn float(text: &str, format: &FloatFormat) -> Result<u64, String> {
    if let Some(bits) = text.strip_prefix("nan:") {
        return nan_bits(bits, format);
    }
    let (sign, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (format.sign, rest),
        None => (0, text),
    };
    match magnitude {
        "inf" => return Ok(sign | format.infinity),
        "nan" => return Ok(sign | format.canonical_nan),
        _ => {}
    }
    // The standard library reads words such as `infinity` too.
    let starts_as_number = magnitude.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    match (format.decimal)(magnitude) {
        Some(bits) if starts_as_number && bits < format.infinity => Ok(sign | bits),
        Some(_) if starts_as_number => Err("it is out of range; write inf for infinity".to_owned()),
        _ => Err("write a decimal number, inf, -inf, nan, or nan:0x and all bits".to_owned()),
    }
}

fn nan_bits(text: &str, format: &FloatFormat) -> Result<u64, String> {
    let bits = match text.strip_prefix("0x") {
        Some(hex) if hex.len() <= format.digits => u64::from_str_radix(hex, 16).ok(),
        _ => None,
    };
    match bits {
        Some(bits) if bits & !format.sign > format.infinity => Ok(bits),
        Some(_) => Err("these bits are no NaN".to_owned()),
        None => Err(format!(
            "write all bits of the NaN as nan:0x and up to {} hexadecimal digits",
            format.digits
        )),
    }
}

fn vector(text: &str) -> Result<u128, String> {
    match text.strip_prefix("0x") {
        Some(hex) if (1..=32).contains(&hex.len()) => u128::from_str_radix(hex, 16).ok(),
        _ => None,
    }
    .ok_or_else(|| "write 0x and up to 32 hexadecimal digits, lane 0 last".to_owned())
}

fn external(text: &str) -> Result<Arg, String> {
    if text == "null" {
        return Ok(Arg::RefNull(NullOf::Extern));
    }
    let number = text.parse().map(Arg::RefExtern);
    number.map_err(|_| "write null, or the number of a host external".to_owned())
}

/// Reads `module.name=fail` or `module.name=call(export)`.
///
/// # Errors
///
/// If it is neither.
pub fn import_behaviour(text: &str) -> Result<(String, Stub), InputError> {
    let wrong = |message: String| InputError::ImportSyntax {
        text: text.to_owned(),
        message,
    };
    let Some((name, behaviour)) = text.rsplit_once('=') else {
        return Err(wrong("`=` is missing".to_owned()));
    };
    if !name.contains('.') {
        return Err(wrong(format!(
            "`{name}` is not a module and a name with a dot between"
        )));
    }
    let named = |word: &str| {
        let rest = behaviour.strip_prefix(word)?.strip_prefix('(')?;
        let export = rest.strip_suffix(')')?;
        (!export.is_empty()).then(|| export.to_owned())
    };
    let made = match behaviour {
        "fail" => Some(Stub::Fail),
        "trap" => Some(Stub::Trap),
        "wrapped-trap" => Some(Stub::WrappedTrap),
        _ => named("call")
            .map(Stub::Call)
            .or_else(|| named("through").map(Stub::Through))
            .or_else(|| named("relay").map(Stub::Relay))
            .or_else(|| named("throw").map(Stub::Throw)),
    };
    let behaviour = match made {
        Some(stub) => stub,
        None => return Err(wrong(format!("`{behaviour}` is no behaviour"))),
    };
    Ok((name.to_owned(), behaviour))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_with_and_without_their_type() {
        for (text, ty, arg) in [
            ("i32:-1", ValType::I32, Arg::I32(u32::MAX)),
            ("0xff", ValType::I32, Arg::I32(255)),
            ("i32:4294967295", ValType::I32, Arg::I32(u32::MAX)),
            ("i64:-0x8000000000000000", ValType::I64, Arg::I64(1 << 63)),
            ("f32:nan:0x7fc00001", ValType::F32, Arg::F32(0x7fc0_0001)),
            ("nan", ValType::F32, Arg::F32(0x7fc0_0000)),
            ("-inf", ValType::F64, Arg::F64(0xfff0_0000_0000_0000)),
            ("-0.0", ValType::F64, Arg::F64(1 << 63)),
            ("20", ValType::F64, Arg::F64(20f64.to_bits())),
            ("v128:0x1", ValType::V128, Arg::V128(1)),
            ("externref:5", ValType::EXTERNREF, Arg::RefExtern(5)),
            ("null", ValType::EXTERNREF, Arg::RefNull(NullOf::Extern)),
            ("funcref:null", ValType::FUNCREF, Arg::RefNull(NullOf::Func)),
        ] {
            assert_eq!(value(text, ty), Ok(arg), "{text}");
        }
    }

    #[test]
    fn what_is_no_value_of_the_type_is_refused() {
        for (text, ty) in [
            ("i64:1", ValType::I32),
            ("1.5", ValType::I32),
            ("4294967296", ValType::I32),
            ("-2147483649", ValType::I32),
            ("", ValType::I32),
            ("0x", ValType::I32),
            ("--1", ValType::I32),
            ("1e999", ValType::F64),
            ("infinity", ValType::F64),
            ("nan:0x7f800000", ValType::F32),
            ("nan:0x7ff8000000000000", ValType::F32),
            ("20", ValType::V128),
            ("v128:0x123456789012345678901234567890123", ValType::V128),
            ("funcref:1", ValType::FUNCREF),
            ("externref:-1", ValType::EXTERNREF),
        ] {
            assert!(value(text, ty).is_err(), "{text}");
        }
    }

    #[test]
    fn values_are_read_as_they_are_printed() {
        use lockstep_oracles::value::Value;
        let value_of = |arg| match arg {
            Arg::I32(v) => Value::I32(v),
            Arg::I64(v) => Value::I64(v),
            Arg::F32(v) => Value::F32(v),
            Arg::F64(v) => Value::F64(v),
            Arg::V128(v) => Value::V128(v),
            other => panic!("{other:?}"),
        };
        for (ty, bits) in [
            (ValType::F32, 0x0000_0001u128),
            (ValType::F32, 0xff80_0001),
            (ValType::F64, 0x7fef_ffff_ffff_ffff),
            (ValType::F64, 0x8000_0000_0000_0000),
            (ValType::I64, u128::from(u64::MAX)),
            (ValType::V128, u128::MAX - 1),
        ] {
            let printed = lockstep_oracles::value::Cell(bits).typed(ty);
            let read = value(&printed.to_string(), ty).map(value_of);
            assert_eq!(read, Ok(printed));
        }
    }

    #[test]
    fn names_may_hold_parentheses() {
        let invocation = Invocation::parse("f(x)(1, 2)").unwrap();
        assert_eq!(
            (invocation.name, &*invocation.args),
            ("f(x)", &["1", "2"][..])
        );
        assert_eq!(Invocation::parse("main").unwrap().args.len(), 0);
        assert_eq!(Invocation::parse("main( )").unwrap().args.len(), 0);
    }

    #[test]
    fn malformed_invocations_say_where() {
        for (text, at) in [
            ("f(1", "character 4"),
            ("f)", "character 2"),
            ("(1)", "character 1"),
            ("f(1,,2)", "character 5"),
        ] {
            let error = Invocation::parse(text).unwrap_err().to_string();
            assert!(error.contains(at), "{error}");
        }
    }

    #[test]
    fn import_behaviours_are_read() {
        assert_eq!(
            import_behaviour("a.b=fail").unwrap(),
            ("a.b".to_owned(), Stub::Fail)
        );
        assert_eq!(
            import_behaviour("a.b.c=call(main)").unwrap(),
            ("a.b.c".to_owned(), Stub::Call("main".to_owned()))
        );
        for text in ["a.b", "ab=fail", "a.b=explode", "a.b=call()", "a.b=call(x"] {
            assert!(import_behaviour(text).is_err(), "{text}");
        }
    }
}
