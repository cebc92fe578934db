//! Core values to component values: `load` and `lift_flat`.

use super::layout::{
    MAX_FLAT_PARAMS, alignment, alignment_of_fields, discriminant_size, field_offsets, flags_size,
    flat, flat_all, payload_flat, payload_offset, size, size_of_fields,
};
use super::strings::load_string;
use super::{AbiTrap, Encoding, Type, Val};
use crate::value::Value;
use wasmparser::ValType;

/// Bytes that a list may have.
pub(super) const MAX_LIST_BYTES: u64 = (1 << 28) - 1;

type Lifts<R> = Result<R, AbiTrap>;

/// `lift_flat_values`: values of these types from at most `max` core values, or from memory.
///
/// # Errors
///
/// Why the ABI traps.
pub fn lift_flat_values(
    memory: &[u8],
    encoding: Encoding,
    max: usize,
    core: &[Value],
    types: &[&Type],
) -> Lifts<Vec<Val>> {
    Lifter::new(memory, encoding).lift_flat_values(max, core, types)
}

/// The same, but that a string may be at any address: what an engine does that does not look at its alignment.
///
/// # Errors
///
/// Why the ABI traps all the same.
pub fn lift_unaligned_strings(
    memory: &[u8],
    encoding: Encoding,
    max: usize,
    core: &[Value],
    types: &[&Type],
) -> Lifts<Vec<Val>> {
    let cx = Lifter {
        aligned: false,
        ..Lifter::new(memory, encoding)
    };
    cx.lift_flat_values(max, core, types)
}

struct Lifter<'a> {
    memory: &'a [u8],
    encoding: Encoding,
    /// Whether the addresses of strings must be multiples of what their encoding asks for.
    aligned: bool,
}

impl Lifter<'_> {
    fn new(memory: &[u8], encoding: Encoding) -> Lifter<'_> {
        Lifter {
            memory,
            encoding,
            aligned: true,
        }
    }

    fn lift_flat_values(&self, max: usize, core: &[Value], types: &[&Type]) -> Lifts<Vec<Val>> {
        debug_assert!(max <= MAX_FLAT_PARAMS);
        let mut core = core.iter().copied();
        if flat_all(types).len() > max {
            let ptr = next_u32(&mut core);
            if !ptr.is_multiple_of(alignment_of_fields(types)) {
                return Err(AbiTrap::Unaligned);
            }
            self.part(ptr, size_of_fields(types).into())?;
            let offsets = field_offsets(types, ptr);
            return types
                .iter()
                .zip(offsets)
                .map(|(ty, at)| self.load(at, ty))
                .collect();
        }
        types
            .iter()
            .map(|ty| self.lift_flat(&mut core, ty))
            .collect()
    }
}

/// The next core value, which validation says is there.
fn next(core: &mut impl Iterator<Item = Value>) -> Value {
    core.next()
        .unwrap_or_else(|| unreachable!("fewer core values than the type has"))
}

fn next_u32(core: &mut impl Iterator<Item = Value>) -> u32 {
    match next(core) {
        Value::I32(v) => v,
        _ => unreachable!("a core value of another type"),
    }
}

fn next_u64(core: &mut impl Iterator<Item = Value>) -> u64 {
    match next(core) {
        Value::I64(v) => v,
        _ => unreachable!("a core value of another type"),
    }
}

/// `convert_i32_to_char`
fn char_of(number: u32) -> Lifts<Val> {
    char::from_u32(number).map(Val::Char).ok_or(AbiTrap::Char)
}

/// An integer, cut to the width of its type.
fn integer(ty: &Type, bits: u64) -> Val {
    match ty {
        Type::Bool => Val::Bool(bits != 0),
        Type::S8 => Val::Signed((bits as i8).into()),
        Type::S16 => Val::Signed((bits as i16).into()),
        Type::S32 => Val::Signed((bits as i32).into()),
        Type::S64 => Val::Signed(bits as i64),
        Type::U8 => Val::Unsigned((bits as u8).into()),
        Type::U16 => Val::Unsigned((bits as u16).into()),
        Type::U32 => Val::Unsigned((bits as u32).into()),
        _ => Val::Unsigned(bits),
    }
}

/// The flags that the type has; others are ignored.
fn flags(names: usize, bits: u32) -> Val {
    let mask = match names {
        0..32 => (1 << names) - 1,
        _ => u32::MAX,
    };
    Val::Flags(bits & mask)
}

impl Lifter<'_> {
    fn part(&self, ptr: u32, length: u64) -> Lifts<&[u8]> {
        let begin = u64::from(ptr);
        let end = begin.checked_add(length).ok_or(AbiTrap::OutOfBounds)?;
        let range = begin as usize..usize::try_from(end).map_err(|_| AbiTrap::OutOfBounds)?;
        self.memory.get(range).ok_or(AbiTrap::OutOfBounds)
    }

    fn int(&self, ptr: u32, bytes: u32) -> Lifts<u64> {
        let part = self.part(ptr, bytes.into())?;
        let mut all = [0; 8];
        all[..part.len()].copy_from_slice(part);
        Ok(u64::from_le_bytes(all))
    }

    fn load(&self, ptr: u32, ty: &Type) -> Lifts<Val> {
        if let Some(fields) = ty.fields() {
            let offsets = field_offsets(&fields, ptr).into_iter();
            let values = fields.iter().zip(offsets).map(|(ty, at)| self.load(at, ty));
            return values.collect::<Lifts<_>>().map(Val::Record);
        }
        if let Some(cases) = ty.cases() {
            let case = self.int(ptr, discriminant_size(cases.len()))? as u32;
            let payload = *cases.get(case as usize).ok_or(AbiTrap::Case)?;
            let at = ptr + payload_offset(&cases);
            let payload = payload.map(|ty| self.load(at, ty)).transpose()?;
            return Ok(Val::Variant(case, payload.map(Box::new)));
        }
        match ty {
            Type::F32 => Ok(Val::F32(self.int(ptr, 4)? as u32)),
            Type::F64 => Ok(Val::F64(self.int(ptr, 8)?)),
            Type::Char => char_of(self.int(ptr, 4)? as u32),
            Type::String | Type::List(_) => {
                let begin = self.int(ptr, 4)? as u32;
                let length = self.int(ptr + 4, 4)? as u32;
                self.range(begin, length, ty)
            }
            Type::Flags(names) => {
                let bits = self.int(ptr, flags_size(names.len()))?;
                Ok(flags(names.len(), bits as u32))
            }
            _ => Ok(integer(ty, self.int(ptr, size(ty))?)),
        }
    }

    /// A string, or a list, by where it begins and how long it is.
    fn range(&self, ptr: u32, length: u32, ty: &Type) -> Lifts<Val> {
        let Type::List(element) = ty else {
            let text = load_string(self.memory, self.encoding, ptr, length, self.aligned);
            return text.map(Val::String);
        };
        let each = size(element);
        let bytes = u64::from(length) * u64::from(each);
        if bytes > MAX_LIST_BYTES {
            return Err(AbiTrap::TooLong);
        }
        if !ptr.is_multiple_of(alignment(element)) {
            return Err(AbiTrap::Unaligned);
        }
        self.part(ptr, bytes)?;
        let values = (0..length).map(|at| self.load(ptr + at * each, element));
        values.collect::<Lifts<_>>().map(Val::List)
    }

    fn lift_flat(&self, core: &mut dyn Iterator<Item = Value>, ty: &Type) -> Lifts<Val> {
        let mut core = core;
        if let Some(fields) = ty.fields() {
            let values = fields.iter().map(|ty| self.lift_flat(core, ty));
            return values.collect::<Lifts<_>>().map(Val::Record);
        }
        if let Some(cases) = ty.cases() {
            return self.lift_flat_variant(core, &cases);
        }
        match ty {
            Type::F32 => match next(&mut core) {
                Value::F32(bits) => Ok(Val::F32(bits)),
                _ => unreachable!("a core value of another type"),
            },
            Type::F64 => match next(&mut core) {
                Value::F64(bits) => Ok(Val::F64(bits)),
                _ => unreachable!("a core value of another type"),
            },
            Type::Char => char_of(next_u32(&mut core)),
            Type::String | Type::List(_) => {
                let ptr = next_u32(&mut core);
                let length = next_u32(&mut core);
                self.range(ptr, length, ty)
            }
            Type::Flags(names) => Ok(flags(names.len(), next_u32(&mut core))),
            Type::S64 | Type::U64 => Ok(integer(ty, next_u64(&mut core))),
            _ => Ok(integer(ty, next_u32(&mut core).into())),
        }
    }

    fn lift_flat_variant(
        &self,
        mut core: &mut dyn Iterator<Item = Value>,
        cases: &[Option<&Type>],
    ) -> Lifts<Val> {
        let case = next_u32(&mut core);
        let joined: Vec<Value> = payload_flat(cases)
            .iter()
            .map(|_| next(&mut core))
            .collect();
        let payload = *cases.get(case as usize).ok_or(AbiTrap::Case)?;
        let payload = payload.map(|ty| {
            let wanted = flat(ty).into_iter();
            let mut own = wanted.zip(joined).map(|(ty, value)| narrowed(value, ty));
            self.lift_flat(&mut own, ty)
        });
        Ok(Val::Variant(case, payload.transpose()?.map(Box::new)))
    }
}

/// A value of a joined type as one of the case's own.
fn narrowed(value: Value, wanted: ValType) -> Value {
    let bits = match value {
        Value::I32(v) => v.into(),
        Value::I64(v) => v,
        other => return other,
    };
    match wanted {
        ValType::I32 => Value::I32(bits as u32),
        ValType::F32 => Value::F32(bits as u32),
        ValType::F64 => Value::F64(bits),
        _ => Value::I64(bits),
    }
}
