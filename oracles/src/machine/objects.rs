//! Structures, arrays and `i31` on the operand stack (section *Instructions*, reference
//! instructions). It never changes an object before all that can trap has not.

use super::outside::Parts;
use super::{Stop, arrays};
use crate::code::Instr;
use crate::opcode::Opcode;
use crate::trap::Trap;
use crate::types::{StorageType, pack};
use crate::value::{Cell, Ref};

/// Whether the opcode is one of these.
pub(super) const fn is_object(op: Opcode) -> bool {
    use Opcode::*;
    arrays::is_bulk(op)
        || matches!(
            op,
            StructNew
                | StructNewDefault
                | StructGet
                | StructGetS
                | StructGetU
                | StructSet
                | ArrayNew
                | ArrayNewDefault
                | ArrayNewFixed
                | ArrayNewData
                | ArrayNewElem
                | ArrayGet
                | ArrayGetS
                | ArrayGetU
                | ArraySet
                | ArrayLen
                | RefI31
                | I31GetS
                | I31GetU
        )
}

/// Executes one of them, and answers how many cells then are in use.
pub(super) fn execute(
    mut parts: Parts<'_>,
    instr: &Instr,
    cells: &mut [Cell],
    sp: usize,
) -> Result<usize, Stop> {
    use Opcode::*;
    match instr.op {
        StructNew | StructNewDefault => structure(parts, instr, cells, sp),
        StructGet | StructGetS | StructGetU | StructSet => Ok(field(parts, instr, cells, sp)?),
        ArrayNew | ArrayNewDefault | ArrayNewFixed => {
            let (count, taken) = match instr.op {
                ArrayNewFixed => (instr.b, instr.b as usize),
                ArrayNew => (u64::from(cells[sp - 1].u32()), 2),
                _ => (u64::from(cells[sp - 1].u32()), 1),
            };
            parts.heap.reserve(count, parts.limits.heap_cells)?;
            let first = sp - taken;
            let storage = element(&parts, instr);
            let count = count as usize;
            let elements = match instr.op {
                ArrayNewFixed => cells[first..sp].iter().map(|&v| pack(storage, v)).collect(),
                ArrayNew => vec![pack(storage, cells[first]); count].into(),
                _ => vec![Cell(0); count].into(),
            };
            Ok(push_array(parts, instr, elements, cells, first))
        }
        ArrayNewData | ArrayNewElem => {
            let (from, count) = (cells[sp - 2].u64(), cells[sp - 1].u64());
            let elements = arrays::from_segment(&mut parts, instr, from, count)?;
            Ok(push_array(parts, instr, elements, cells, sp - 2))
        }
        ArrayGet | ArrayGetS | ArrayGetU | ArraySet | ArrayLen => {
            Ok(single_element(parts, instr, cells, sp)?)
        }
        RefI31 => {
            cells[sp - 1] = Ref::I31(cells[sp - 1].u32() & 0x7fff_ffff).to_cell();
            Ok(sp)
        }
        I31GetS | I31GetU => match Ref::from_cell(cells[sp - 1]) {
            Ref::I31(bits) => {
                let signed = ((bits << 1) as i32 >> 1) as u32;
                let value = if instr.op == I31GetS { signed } else { bits };
                cells[sp - 1] = Cell(u128::from(value));
                Ok(sp)
            }
            Ref::Null => Err(Trap::NullI31Reference.into()),
            other => panic!("crash: {other:?} as an i31"),
        },
        _ => Ok(arrays::execute(parts, instr, cells, sp)?),
    }
}

/// Storage of the elements of the array type that the opcode names.
fn element(parts: &Parts<'_>, instr: &Instr) -> StorageType {
    let types = &parts.instance.module.types;
    types[instr.a as usize].as_array().element_type
}

/// `struct.new`, `struct.new_default`
fn structure(
    parts: Parts<'_>,
    instr: &Instr,
    cells: &mut [Cell],
    sp: usize,
) -> Result<usize, Stop> {
    let fields = parts.instance.module.types[instr.a as usize].as_struct();
    parts
        .heap
        .reserve(fields.len() as u64, parts.limits.heap_cells)?;
    let (first, values) = if instr.op == Opcode::StructNew {
        let first = sp - fields.len();
        let values = cells[first..sp].iter().zip(fields);
        (
            first,
            values.map(|(&v, f)| pack(f.element_type, v)).collect(),
        )
    } else {
        (sp, vec![Cell(0); fields.len()].into())
    };
    let ty = parts.instance.types[instr.a as usize];
    cells[first] = Ref::Struct(parts.heap.add(ty, values)).to_cell();
    Ok(first + 1)
}

/// `struct.get`, `struct.set`
fn field(parts: Parts<'_>, instr: &Instr, cells: &mut [Cell], sp: usize) -> Result<usize, Trap> {
    let index = instr.b as usize;
    let fields = parts.instance.module.types[instr.a as usize].as_struct();
    let storage = fields[index].element_type;
    let object = |cell| match Ref::from_cell(cell) {
        Ref::Struct(addr) => Ok(addr),
        Ref::Null => Err(Trap::NullStructureReference),
        other => panic!("crash: {other:?} as a structure"),
    };
    if instr.op == Opcode::StructSet {
        let addr = object(cells[sp - 2])?;
        parts.heap.object_mut(addr).fields[index] = pack(storage, cells[sp - 1]);
        return Ok(sp - 2);
    }
    let addr = object(cells[sp - 1])?;
    let value = parts.heap.object(addr).fields[index];
    cells[sp - 1] = match instr.op {
        Opcode::StructGetS => sign_extended(storage, value),
        _ => value,
    };
    Ok(sp)
}

/// `array.get`, `array.set`, `array.len`
fn single_element(
    parts: Parts<'_>,
    instr: &Instr,
    cells: &mut [Cell],
    sp: usize,
) -> Result<usize, Trap> {
    if instr.op == Opcode::ArrayLen {
        let addr = arrays::array(cells[sp - 1])?;
        cells[sp - 1] = Cell(parts.heap.object(addr).fields.len() as u128);
        return Ok(sp);
    }
    let storage = element(&parts, instr);
    let first = sp - if instr.op == Opcode::ArraySet { 3 } else { 2 };
    let addr = arrays::array(cells[first])?;
    let elements = &mut parts.heap.object_mut(addr).fields;
    let element = elements
        .get_mut(cells[first + 1].u32() as usize)
        .ok_or(Trap::OutOfBoundsArrayAccess)?;
    if instr.op == Opcode::ArraySet {
        *element = pack(storage, cells[first + 2]);
        return Ok(first);
    }
    cells[first] = match instr.op {
        Opcode::ArrayGetS => sign_extended(storage, *element),
        _ => *element,
    };
    Ok(first + 1)
}

fn push_array(
    parts: Parts<'_>,
    instr: &Instr,
    elements: Box<[Cell]>,
    cells: &mut [Cell],
    at: usize,
) -> usize {
    let ty = parts.instance.types[instr.a as usize];
    cells[at] = Ref::Array(parts.heap.add(ty, elements)).to_cell();
    at + 1
}

/// A packed field as a signed `i32`.
fn sign_extended(storage: StorageType, value: Cell) -> Cell {
    let extended = match storage {
        StorageType::I8 => i32::from(value.0 as i8),
        StorageType::I16 => i32::from(value.0 as i16),
        StorageType::Val(_) => return value,
    };
    Cell(u128::from(extended as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_values_are_extended_from_their_width() {
        let cell = |v: u32| Cell(u128::from(v));
        for (storage, value, signed, unsigned) in [
            (StorageType::I8, 0x1_80, 0xffff_ff80, 0x80),
            (StorageType::I8, 0x7f, 0x7f, 0x7f),
            (StorageType::I16, 0xa_8000, 0xffff_8000, 0x8000),
        ] {
            let packed = pack(storage, cell(value));
            assert_eq!(packed, cell(unsigned));
            assert_eq!(sign_extended(storage, packed), cell(signed));
        }
    }
}
