//! Operations on many elements of an array: bounds first, then everything or nothing.

use super::Stop;
use super::memory_ops::slice;
use super::outside::Parts;
use crate::address::ObjectAddr;
use crate::code::Instr;
use crate::heap::Heap;
use crate::instance::Instance;
use crate::opcode::Opcode;
use crate::trap::Trap;
use crate::types::{pack, storage_bytes};
use crate::value::{Cell, Ref};
use std::sync::Arc;

/// Whether the opcode is one of these.
pub(super) const fn is_bulk(op: Opcode) -> bool {
    use Opcode::*;
    matches!(op, ArrayFill | ArrayCopy | ArrayInitData | ArrayInitElem)
}

/// The array that a cell refers to.
pub(super) fn array(cell: Cell) -> Result<ObjectAddr, Trap> {
    match Ref::from_cell(cell) {
        Ref::Array(addr) => Ok(addr),
        Ref::Null => Err(Trap::NullArrayReference),
        other => panic!("crash: {other:?} as an array"),
    }
}

/// Executes one of them, and answers how many cells then are in use.
pub(super) fn execute(
    parts: Parts<'_>,
    instr: &Instr,
    cells: &mut [Cell],
    sp: usize,
) -> Result<usize, Trap> {
    let first = sp - if instr.op == Opcode::ArrayCopy { 5 } else { 4 };
    let target = array(cells[first])?;
    let to = cells[first + 1].u64();
    let count = cells[sp - 1].u64();
    match instr.op {
        Opcode::ArrayFill => {
            let element = parts.instance.module.types[instr.a as usize].as_array();
            let value = pack(element.element_type, cells[first + 2]);
            range(parts.heap, target, to, count)?.fill(value);
        }
        Opcode::ArrayCopy => {
            let source = array(cells[first + 2])?;
            let source = (source, cells[first + 3].u64());
            copy(parts.heap, (target, to), source, count)?;
        }
        _ => {
            let segments = Segments {
                elems: parts.elems,
                datas: parts.datas,
            };
            let elements = range(parts.heap, target, to, count)?;
            let from = cells[first + 2].u64();
            let values = segments.values(parts.instance, instr, from, count)?;
            for (element, value) in elements.iter_mut().zip(values) {
                *element = value;
            }
        }
    }
    Ok(first)
}

/// The elements of a new array from a segment, and reserves their cells.
pub(super) fn from_segment(
    parts: &mut Parts<'_>,
    instr: &Instr,
    from: u64,
    count: u64,
) -> Result<Box<[Cell]>, Stop> {
    let segments = Segments {
        elems: parts.elems,
        datas: parts.datas,
    };
    // Bounds come before limits: what traps does not run out of memory.
    let values = segments.values(parts.instance, instr, from, count)?;
    parts.heap.reserve(count, parts.limits.heap_cells)?;
    Ok(values.collect())
}

/// Whether `array.copy` or `array.init_*` has a reason for a trap: none hides another.
pub(super) fn has_reason(
    heap: &Heap,
    instance: &Instance,
    segments: &Segments<'_>,
    instr: &Instr,
    operands: &[Cell],
    trap: Trap,
) -> bool {
    let taken = &operands[operands.len() - instr.op.own_operands()..];
    let count = taken[taken.len() - 1].u64();
    // The array, and where in it the range begins.
    let ranges = match *taken {
        [target, to, source, from, _] => [Some((target, to)), Some((source, from))],
        [target, to, ..] => [Some((target, to)), None],
        _ => [None, None],
    };
    let mut ranges = ranges.into_iter().flatten();
    match trap {
        Trap::NullArrayReference => ranges.any(|(cell, _)| array(cell).is_err()),
        Trap::OutOfBoundsArrayAccess => ranges.any(|(cell, at)| {
            let length = |addr| heap.object(addr).fields.len() as u64;
            array(cell).is_ok_and(|addr| at.u64().saturating_add(count) > length(addr))
        }),
        _ if instr.op == Opcode::ArrayCopy => false,
        _ => {
            segments
                .values(instance, instr, taken[2].u64(), count)
                .err()
                == Some(trap)
        }
    }
}

/// The segments of a store.
pub(super) struct Segments<'a> {
    pub(super) elems: &'a [Box<[Ref]>],
    pub(super) datas: &'a [Arc<[u8]>],
}

impl<'a> Segments<'a> {
    /// `count` elements of the opcode's segment: in a data segment from a byte offset.
    fn values(
        &self,
        instance: &Instance,
        instr: &Instr,
        from: u64,
        count: u64,
    ) -> Result<Elements<'a>, Trap> {
        let index = instr.b as usize;
        if matches!(instr.op, Opcode::ArrayNewElem | Opcode::ArrayInitElem) {
            let elements = &self.elems[instance.elems[index].index()];
            let elements = slice(elements, from, count).ok_or(Trap::OutOfBoundsTableAccess)?;
            return Ok(Elements::Refs(elements.iter()));
        }
        let ty = instance.module.types[instr.a as usize].as_array();
        let size = storage_bytes(ty.element_type);
        let data = &self.datas[instance.datas[index].index()];
        let bytes = slice(data, from, count.saturating_mul(size as u64));
        let bytes = bytes.ok_or(Trap::OutOfBoundsMemoryAccess)?;
        Ok(Elements::Bytes(bytes.chunks_exact(size)))
    }
}

/// Elements of a segment, as cells.
enum Elements<'a> {
    Bytes(std::slice::ChunksExact<'a, u8>),
    Refs(std::slice::Iter<'a, Ref>),
}

impl Iterator for Elements<'_> {
    type Item = Cell;

    fn next(&mut self) -> Option<Cell> {
        match self {
            Elements::Bytes(chunks) => {
                let mut bytes = [0; 16];
                let chunk = chunks.next()?;
                bytes[..chunk.len()].copy_from_slice(chunk);
                Some(Cell(u128::from_le_bytes(bytes)))
            }
            Elements::Refs(refs) => refs.next().map(|r| r.to_cell()),
        }
    }
}

fn range(heap: &mut Heap, addr: ObjectAddr, at: u64, count: u64) -> Result<&mut [Cell], Trap> {
    let fields = &mut heap.object_mut(addr).fields;
    let end = at.saturating_add(count);
    if end > fields.len() as u64 {
        return Err(Trap::OutOfBoundsArrayAccess);
    }
    Ok(&mut fields[at as usize..end as usize])
}

/// `array.copy`, between two arrays or within one
fn copy(
    heap: &mut Heap,
    (target, to): (ObjectAddr, u64),
    (source, from): (ObjectAddr, u64),
    count: u64,
) -> Result<(), Trap> {
    range(heap, target, to, count)?;
    range(heap, source, from, count)?;
    let (from, to, count) = (from as usize, to as usize, count as usize);
    match heap.two_mut(target, source) {
        Some((target, source)) => {
            target.fields[to..to + count].copy_from_slice(&source.fields[from..from + count]);
        }
        None => {
            let fields = &mut heap.object_mut(target).fields;
            fields.copy_within(from..from + count, to);
        }
    }
    Ok(())
}
