//! How values lie in memory, and as core values: alignment, size, flat types.

use super::Type;
use wasmparser::ValType;

/// Flat parameters beyond which they are passed in memory.
pub const MAX_FLAT_PARAMS: usize = 16;
/// Flat results beyond which they are returned in memory.
pub const MAX_FLAT_RESULTS: usize = 1;

/// `ptr`, rounded up.
pub(super) fn align_to(ptr: u32, alignment: u32) -> u32 {
    ptr.div_ceil(alignment) * alignment
}

/// `alignment`
pub fn alignment(ty: &Type) -> u32 {
    if let Some(fields) = ty.fields() {
        return alignment_of_fields(&fields);
    }
    if let Some(cases) = ty.cases() {
        return discriminant_size(cases.len()).max(payload_alignment(&cases));
    }
    match ty {
        Type::Bool | Type::S8 | Type::U8 => 1,
        Type::S16 | Type::U16 => 2,
        Type::S64 | Type::U64 | Type::F64 => 8,
        Type::Flags(names) => flags_size(names.len()),
        _ => 4,
    }
}

/// `elem_size`
pub fn size(ty: &Type) -> u32 {
    if let Some(fields) = ty.fields() {
        return size_of_fields(&fields);
    }
    if let Some(cases) = ty.cases() {
        let payload = payload_offset(&cases);
        let largest = cases.iter().flatten().map(|ty| size(ty)).max().unwrap_or(0);
        return align_to(payload + largest, alignment(ty));
    }
    match ty {
        Type::Bool | Type::S8 | Type::U8 => 1,
        Type::S16 | Type::U16 => 2,
        Type::S64 | Type::U64 | Type::F64 | Type::String | Type::List(_) => 8,
        Type::Flags(names) => flags_size(names.len()),
        _ => 4,
    }
}

/// The size of a record with these fields.
pub(super) fn size_of_fields(fields: &[&Type]) -> u32 {
    let end = fields
        .iter()
        .fold(0, |at, ty| align_to(at, alignment(ty)) + size(ty));
    align_to(end, alignment_of_fields(fields))
}

/// The alignment of a record with these fields.
pub(super) fn alignment_of_fields(fields: &[&Type]) -> u32 {
    fields.iter().map(|ty| alignment(ty)).max().unwrap_or(1)
}

/// Where the fields of a record are that begins at `ptr`.
pub fn field_offsets(fields: &[&Type], ptr: u32) -> Vec<u32> {
    let mut at = ptr;
    fields
        .iter()
        .map(|ty| {
            let here = align_to(at, alignment(ty));
            at = here + size(ty);
            here
        })
        .collect()
}

/// Bytes of a discriminant of so many cases.
pub fn discriminant_size(cases: usize) -> u32 {
    match cases {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

/// Bytes of so many flags.
pub fn flags_size(flags: usize) -> u32 {
    match flags {
        0..=8 => 1,
        9..=16 => 2,
        _ => 4,
    }
}

fn payload_alignment(cases: &[Option<&Type>]) -> u32 {
    let all = cases.iter().flatten().map(|ty| alignment(ty));
    all.max().unwrap_or(1)
}

/// Where a variant's payload begins.
pub fn payload_offset(cases: &[Option<&Type>]) -> u32 {
    align_to(discriminant_size(cases.len()), payload_alignment(cases))
}

/// `flatten_type`
pub fn flat(ty: &Type) -> Vec<ValType> {
    if let Some(fields) = ty.fields() {
        return flat_all(&fields);
    }
    if let Some(cases) = ty.cases() {
        let mut joined = payload_flat(&cases);
        joined.insert(0, ValType::I32);
        return joined;
    }
    match ty {
        Type::S64 | Type::U64 => vec![ValType::I64],
        Type::F32 => vec![ValType::F32],
        Type::F64 => vec![ValType::F64],
        Type::String | Type::List(_) => vec![ValType::I32, ValType::I32],
        _ => vec![ValType::I32],
    }
}

/// `flatten_types`
pub fn flat_all(types: &[&Type]) -> Vec<ValType> {
    types.iter().flat_map(|ty| flat(ty)).collect()
}

/// The flat types of a variant's payloads, joined.
pub fn payload_flat(cases: &[Option<&Type>]) -> Vec<ValType> {
    let mut joined: Vec<ValType> = Vec::new();
    for ty in cases.iter().flatten() {
        for (at, flat) in flat(ty).into_iter().enumerate() {
            match joined.get_mut(at) {
                Some(own) => *own = join(*own, flat),
                None => joined.push(flat),
            }
        }
    }
    joined
}

fn join(a: ValType, b: ValType) -> ValType {
    match (a, b) {
        (a, b) if a == b => a,
        (ValType::I32, ValType::F32) | (ValType::F32, ValType::I32) => ValType::I32,
        _ => ValType::I64,
    }
}
