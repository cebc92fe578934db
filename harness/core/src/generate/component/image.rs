//! Values as a core module has them: bytes of its memory, and constants. As the Canonical ABI lowers them, but that
//! nothing is allocated while the program runs: a data segment holds it all.

use lockstep_oracles::ValType;
use lockstep_oracles::component::{
    Encoding, Text, Type, Val, alignment, discriminant_size, field_offsets, flags_size, flat,
    payload_flat, payload_offset, size,
};

/// The bit of a length that says of a string of `latin1+utf16` that it is UTF-16.
const UTF16_TAG: u32 = 1 << 31;

/// A part of a memory that is being filled.
pub(super) struct Image {
    base: u32,
    bytes: Vec<u8>,
    encoding: Encoding,
    /// How the strings that come are wrong.
    pub(super) wrong: Option<WrongString>,
}

/// How a string is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WrongString {
    /// Its bytes are none of its encoding
    Broken,
    /// Its address is odd
    Odd,
}

/// A core constant: its type and its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Constant(ValType, u64);

impl Constant {
    /// The instruction.
    pub(super) fn text(self) -> String {
        let Constant(ty, bits) = self;
        match ty {
            ValType::I64 => format!("(i64.const {})", bits as i64),
            ValType::F32 => format!("(f32.reinterpret_i32 (i32.const {}))", bits as u32 as i32),
            ValType::F64 => format!("(f64.reinterpret_i64 (i64.const {}))", bits as i64),
            _ => format!("(i32.const {})", bits as u32 as i32),
        }
    }

    /// What stands for it where the payloads of several cases share a place: the bits in the wider type.
    fn joined(self, ty: ValType) -> Constant {
        Constant(ty, self.1)
    }
}

impl Image {
    /// Nothing yet, from this address on.
    pub(super) fn new(base: u32, encoding: Encoding) -> Image {
        Image {
            base,
            bytes: Vec::new(),
            encoding,
            wrong: None,
        }
    }

    /// The address behind it.
    pub(super) fn end(&self) -> u32 {
        self.base + self.bytes.len() as u32
    }

    /// So many zeros: their address.
    pub(super) fn place(&mut self, size: u32, alignment: u32) -> u32 {
        let at = self.end().next_multiple_of(alignment);
        self.bytes.resize((at + size - self.base) as usize, 0);
        at
    }

    /// A value, as it lies in memory: its address.
    pub(super) fn value(&mut self, value: &Val, ty: &Type) -> u32 {
        let at = self.place(size(ty), alignment(ty));
        self.store(value, ty, at);
        at
    }

    /// A value as core constants.
    pub(super) fn constants(&mut self, value: &Val, ty: &Type) -> Vec<Constant> {
        let int = |bits: u64| vec![Constant(flat(ty)[0], bits)];
        match value {
            Val::Bool(on) => int((*on).into()),
            Val::Signed(v) => int(*v as u64),
            Val::Unsigned(v) => int(*v),
            Val::F32(bits) => int((*bits).into()),
            Val::F64(bits) => int(*bits),
            Val::Char(c) => int(u32::from(*c).into()),
            Val::Flags(bits) => int((*bits).into()),
            Val::String(_) | Val::List(_) => {
                let (at, length) = self.range(value, ty);
                [at, length]
                    .map(|v| Constant(ValType::I32, v.into()))
                    .into()
            }
            Val::Record(values) => {
                let fields = ty.fields().unwrap_or_default();
                let pairs = values.iter().zip(fields);
                pairs
                    .flat_map(|(value, ty)| self.constants(value, ty))
                    .collect()
            }
            Val::Variant(case, payload) => {
                let cases = ty.cases().unwrap_or_default();
                let mut constants = match (payload, cases[*case as usize]) {
                    (Some(value), Some(ty)) => self.constants(value, ty),
                    _ => Vec::new(),
                };
                let joined = payload_flat(&cases);
                constants.resize(joined.len(), Constant(ValType::I32, 0));
                let pairs = constants.into_iter().zip(joined);
                let discriminant = Constant(ValType::I32, (*case).into());
                let payload = pairs.map(|(constant, ty)| constant.joined(ty));
                std::iter::once(discriminant).chain(payload).collect()
            }
        }
    }

    fn put(&mut self, at: u32, bytes: &[u8]) {
        let at = (at - self.base) as usize;
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn store(&mut self, value: &Val, ty: &Type, at: u32) {
        match value {
            Val::Bool(on) => self.put(at, &[(*on).into()]),
            Val::Signed(v) => self.put(at, &v.to_le_bytes()[..size(ty) as usize]),
            Val::Unsigned(v) => self.put(at, &v.to_le_bytes()[..size(ty) as usize]),
            Val::F32(bits) => self.put(at, &bits.to_le_bytes()),
            Val::F64(bits) => self.put(at, &bits.to_le_bytes()),
            Val::Char(c) => self.put(at, &u32::from(*c).to_le_bytes()),
            Val::Flags(bits) => {
                let Type::Flags(names) = ty else { return };
                self.put(at, &bits.to_le_bytes()[..flags_size(names.len()) as usize]);
            }
            Val::String(_) | Val::List(_) => {
                let (start, length) = self.range(value, ty);
                self.put(at, &start.to_le_bytes());
                self.put(at + 4, &length.to_le_bytes());
            }
            Val::Record(values) => {
                let fields = ty.fields().unwrap_or_default();
                let places = field_offsets(&fields, at);
                for ((value, ty), at) in values.iter().zip(fields).zip(places) {
                    self.store(value, ty, at);
                }
            }
            Val::Variant(case, payload) => {
                let cases = ty.cases().unwrap_or_default();
                let bytes = discriminant_size(cases.len()) as usize;
                self.put(at, &case.to_le_bytes()[..bytes]);
                if let (Some(value), Some(ty)) = (payload, cases[*case as usize]) {
                    self.store(value, ty, at + payload_offset(&cases));
                }
            }
        }
    }

    /// Address and length of a string or list.
    fn range(&mut self, value: &Val, ty: &Type) -> (u32, u32) {
        match (value, ty) {
            (Val::String(text), _) => self.string(text),
            (Val::List(values), Type::List(element)) => {
                let step = size(element);
                let at = self.place(step * values.len() as u32, alignment(element));
                for (value, number) in values.iter().zip(0..) {
                    self.store(value, element, at + number * step);
                }
                (at, values.len() as u32)
            }
            _ => (0, 0),
        }
    }

    fn string(&mut self, text: &Text) -> (u32, u32) {
        let text = &text.text;
        let utf16 = || -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let (mut bytes, alignment, tag) = match self.encoding {
            Encoding::Utf8 => (text.as_bytes().to_vec(), 1, 0),
            Encoding::Utf16 => (utf16(), 2, 0),
            Encoding::Latin1OrUtf16 => {
                let latin1 = text.chars().map(|c| u8::try_from(u32::from(c)));
                match latin1.collect::<Result<Vec<u8>, _>>() {
                    Ok(latin1) => (latin1, 2, 0),
                    Err(_) => (utf16(), 2, UTF16_TAG),
                }
            }
        };
        if self.wrong == Some(WrongString::Broken) {
            // Half of a character.
            bytes.extend([0x00, 0xd8]);
        }
        let wide = tag != 0 || self.encoding == Encoding::Utf16;
        let unit = if wide { 2 } else { 1 };
        let odd = u32::from(self.wrong == Some(WrongString::Odd));
        let at = self.place(bytes.len() as u32 + odd, alignment) + odd;
        self.put(at, &bytes);
        (at, (bytes.len() as u32 / unit) | tag)
    }

    /// The data segment.
    pub(super) fn segment(&self) -> String {
        let bytes: String = self
            .bytes
            .iter()
            .map(|byte| format!("\\{byte:02x}"))
            .collect();
        format!("(data (i32.const {}) \"{bytes}\")", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::component::{lift_flat_values, parse_args};
    use lockstep_oracles::value::Value;
    use std::sync::Arc;

    fn constant(constant: &Constant) -> Value {
        match constant.0 {
            ValType::I64 => Value::I64(constant.1),
            ValType::F32 => Value::F32(constant.1 as u32),
            ValType::F64 => Value::F64(constant.1),
            _ => Value::I32(constant.1 as u32),
        }
    }

    #[test]
    fn what_is_placed_is_lifted_again() {
        let shape = Type::Variant(
            [
                ("none".to_owned(), None),
                (
                    "both".to_owned(),
                    Some(Type::Tuple([Type::F32, Type::S64].into())),
                ),
                ("text".to_owned(), Some(Type::String)),
            ]
            .into(),
        );
        let ty = Type::Record(
            [
                ("a".to_owned(), Type::U8),
                ("b".to_owned(), Type::List(Arc::new(shape))),
                ("c".to_owned(), Type::Option(Arc::new(Type::Char))),
                (
                    "d".to_owned(),
                    Type::Result(Arc::new((Some(Type::F64), None))),
                ),
            ]
            .into(),
        );
        let text = r#"{a: 7, b: [none, both((1.5, -2)), text("né€🦀")], c: some('é'), d: err}"#;
        let value = parse_args(text, &[&ty]).unwrap().remove(0);
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Latin1OrUtf16] {
            let mut image = Image::new(0, encoding);
            let at = image.value(&value, &ty);
            let flat = image.constants(&value, &ty);
            let flat: Vec<Value> = flat.iter().map(constant).collect();
            let lift = |flat: &[Value], max| {
                lift_flat_values(&image.bytes, encoding, max, flat, &[&ty]).unwrap()
            };
            assert_eq!(lift(&flat, 16), std::slice::from_ref(&value));
            assert_eq!(lift(&[Value::I32(at)], 0), std::slice::from_ref(&value));
        }
    }
}
