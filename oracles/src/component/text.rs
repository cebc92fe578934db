//! Component values as a person writes them: `3`, `"text"`, `[1, 2]`, `(1, 'c')`, `{x: 1}`, `some(1)`.

use super::{Source, Text, Type, Val};

/// Why arguments cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ArgsError(String);

type Reads<R> = Result<R, ArgsError>;

fn fails<R>(message: impl Into<String>) -> Reads<R> {
    Err(ArgsError(message.into()))
}

/// Reads arguments of these types, with a comma between two.
///
/// # Errors
///
/// What is wrong with the text.
pub fn parse_args(text: &str, types: &[&Type]) -> Reads<Vec<Val>> {
    let mut reader = Reader { rest: text };
    let mut values = Vec::new();
    for (at, ty) in types.iter().enumerate() {
        if at > 0 {
            reader.expect(",")?;
        }
        values.push(reader.value(ty)?);
    }
    reader.skip();
    match reader.rest.is_empty() {
        true => Ok(values),
        false => fails(format!("`{}` is left over", reader.rest)),
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, token: &str) -> bool {
        self.skip();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Reads<()> {
        match self.takes(token) {
            true => Ok(()),
            false => fails(format!("`{token}` expected at `{}`", self.rest)),
        }
    }

    fn word(&mut self) -> &'a str {
        self.skip();
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-+.:%".contains(c);
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn number<N: std::str::FromStr>(&mut self) -> Reads<N> {
        let word = self.word();
        word.parse()
            .map_err(|_| ArgsError(format!("`{word}` is no number of the type")))
    }

    /// A payload in parentheses, where there is one.
    fn payload(&mut self, ty: Option<&Type>) -> Reads<Option<Box<Val>>> {
        let Some(ty) = ty else { return Ok(None) };
        self.expect("(")?;
        let value = self.value(ty)?;
        self.expect(")")?;
        Ok(Some(Box::new(value)))
    }

    fn case(&mut self, names: &[&str], cases: &[Option<&Type>]) -> Reads<Val> {
        let word = self.word();
        let Some(case) = names.iter().position(|name| *name == word) else {
            return fails(format!("`{word}` is none of {}", names.join(", ")));
        };
        let payload = self.payload(cases[case])?;
        Ok(Val::Variant(case as u32, payload))
    }

    fn list(&mut self, end: &str, mut item: impl FnMut(&mut Self) -> Reads<()>) -> Reads<()> {
        let mut first = true;
        while !self.takes(end) {
            if !std::mem::take(&mut first) {
                self.expect(",")?;
            }
            item(self)?;
        }
        Ok(())
    }

    fn value(&mut self, ty: &Type) -> Reads<Val> {
        Ok(match ty {
            Type::Bool => match self.word() {
                "true" => Val::Bool(true),
                "false" => Val::Bool(false),
                other => return fails(format!("`{other}` is no bool")),
            },
            Type::S8 => Val::Signed(self.number::<i8>()?.into()),
            Type::S16 => Val::Signed(self.number::<i16>()?.into()),
            Type::S32 => Val::Signed(self.number::<i32>()?.into()),
            Type::S64 => Val::Signed(self.number::<i64>()?),
            Type::U8 => Val::Unsigned(self.number::<u8>()?.into()),
            Type::U16 => Val::Unsigned(self.number::<u16>()?.into()),
            Type::U32 => Val::Unsigned(self.number::<u32>()?.into()),
            Type::U64 => Val::Unsigned(self.number::<u64>()?),
            Type::F32 => Val::F32(self.number::<f32>()?.to_bits()),
            Type::F64 => Val::F64(self.number::<f64>()?.to_bits()),
            Type::Char => Val::Char(self.quoted('\'')?.chars().next().unwrap_or('\0')),
            Type::String => Val::String(Text {
                text: self.quoted('"')?,
                source: Source::Utf8,
            }),
            Type::List(element) => {
                self.expect("[")?;
                let mut values = Vec::new();
                self.list("]", |own| {
                    values.push(own.value(element)?);
                    Ok(())
                })?;
                Val::List(values)
            }
            Type::Tuple(types) => {
                self.expect("(")?;
                let mut left = types.iter();
                let mut values = Vec::new();
                self.list(")", |own| match left.next() {
                    Some(ty) => {
                        values.push(own.value(ty)?);
                        Ok(())
                    }
                    None => fails("a tuple has too many values"),
                })?;
                if left.next().is_some() {
                    return fails("a tuple has too few values");
                }
                Val::Record(values)
            }
            Type::Record(fields) => {
                self.expect("{")?;
                let mut values = Vec::new();
                for (at, (name, ty)) in fields.iter().enumerate() {
                    if at > 0 {
                        self.expect(",")?;
                    }
                    self.expect(name)?;
                    self.expect(":")?;
                    values.push(self.value(ty)?);
                }
                self.expect("}")?;
                Val::Record(values)
            }
            Type::Flags(names) => {
                self.expect("{")?;
                let mut bits = 0;
                self.list("}", |own| {
                    let word = own.word();
                    match names.iter().position(|name| name == word) {
                        Some(at) => {
                            bits |= 1 << at;
                            Ok(())
                        }
                        None => fails(format!("`{word}` is no flag of the type")),
                    }
                })?;
                Val::Flags(bits)
            }
            variant => {
                let names = names(variant);
                self.case(&names, &variant.cases().unwrap_or_default())?
            }
        })
    }

    fn quoted(&mut self, quote: char) -> Reads<String> {
        self.expect(&quote.to_string())?;
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(text);
                }
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some('0') => text.push('\0'),
                    Some('u') => text.push(escaped(&mut chars)?),
                    Some(c) => text.push(c),
                    None => break,
                },
                c => text.push(c),
            }
        }
        fails("a quotation mark is missing")
    }
}

/// The character of `\u{…}`.
fn escaped(chars: &mut impl Iterator<Item = (usize, char)>) -> Reads<char> {
    let digits: String = chars
        .map(|(_, c)| c)
        .skip_while(|&c| c == '{')
        .take_while(|&c| c != '}')
        .collect();
    let number = u32::from_str_radix(&digits, 16).ok();
    let found = number.and_then(char::from_u32);
    found.ok_or_else(|| ArgsError(format!("`{digits}` is no character")))
}

/// The names of a variant's cases.
fn names(ty: &Type) -> Vec<&str> {
    match ty {
        Type::Variant(cases) => cases.iter().map(|(name, _)| name.as_str()).collect(),
        Type::Enum(names) => names.iter().map(String::as_str).collect(),
        Type::Option(_) => vec!["none", "some"],
        Type::Result(_) => vec!["ok", "err"],
        _ => Vec::new(),
    }
}

/// A value as it is written.
pub fn written(value: &Val, ty: &Type) -> String {
    let all = |values: &[Val], types: &[&Type]| {
        let each = values.iter().zip(types);
        let each: Vec<String> = each.map(|(value, ty)| written(value, ty)).collect();
        each.join(", ")
    };
    match (value, ty) {
        (Val::Bool(v), _) => v.to_string(),
        (Val::Signed(v), _) => v.to_string(),
        (Val::Unsigned(v), _) => v.to_string(),
        (Val::F32(v), _) => format!("{:?}", f32::from_bits(*v)),
        (Val::F64(v), _) => format!("{:?}", f64::from_bits(*v)),
        (Val::Char(c), _) => format!("{c:?}"),
        (Val::String(text), _) => format!("{:?}", text.text),
        (Val::List(values), Type::List(element)) => {
            let types: Vec<&Type> = values.iter().map(|_| &**element).collect();
            format!("[{}]", all(values, &types))
        }
        (Val::Record(values), Type::Record(fields)) => {
            let each = values.iter().zip(fields.iter());
            let each: Vec<String> = each
                .map(|(value, (name, ty))| format!("{name}: {}", written(value, ty)))
                .collect();
            format!("{{{}}}", each.join(", "))
        }
        (Val::Record(values), _) => {
            format!("({})", all(values, &ty.fields().unwrap_or_default()))
        }
        (Val::Flags(bits), Type::Flags(names)) => {
            let set = names.iter().enumerate();
            let set: Vec<&str> = set
                .filter(|(at, _)| bits >> at & 1 == 1)
                .map(|(_, name)| name.as_str())
                .collect();
            format!("{{{}}}", set.join(", "))
        }
        (Val::Variant(case, payload), _) => {
            let name = names(ty).get(*case as usize).copied().unwrap_or("?");
            let cases = ty.cases().unwrap_or_default();
            match (payload, cases.get(*case as usize)) {
                (Some(payload), Some(Some(ty))) => format!("{name}({})", written(payload, ty)),
                _ => name.to_owned(),
            }
        }
        _ => "?".to_owned(),
    }
}
