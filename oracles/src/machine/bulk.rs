//! Bulk memory and table opcodes on the operand stack: it moves operands, [`memory_ops`] does the
//! work. Indices are zero-extended, so that 32-bit and 64-bit entities need no distinction.

use super::memory_ops;
use super::outside::Parts;
use crate::code::Instr;
use crate::opcode::Opcode;
use crate::trap::Trap;
use crate::value::{Cell, Ref};
use std::sync::Arc;

/// Whether the opcode is one of these.
pub(super) const fn is_bulk(op: Opcode) -> bool {
    use Opcode::*;
    matches!(
        op,
        MemoryInit
            | MemoryCopy
            | MemoryFill
            | DataDrop
            | TableInit
            | TableCopy
            | TableFill
            | ElemDrop
    )
}

/// Executes one of them, and answers how many cells then are in use.
pub(super) fn execute(
    parts: Parts<'_>,
    instr: &Instr,
    cells: &mut [Cell],
    sp: usize,
) -> Result<usize, Trap> {
    let Parts {
        instance,
        tables,
        memories,
        elems,
        datas,
        ..
    } = parts;
    let (a, b) = (instr.a as usize, instr.b as usize);
    let table = |index: usize| instance.tables[index].index();
    let memory = |index: usize| instance.memories[index].index();
    match instr.op {
        Opcode::DataDrop => {
            datas[instance.datas[a].index()] = Arc::default();
            return Ok(sp);
        }
        Opcode::ElemDrop => {
            elems[instance.elems[a].index()] = Box::default();
            return Ok(sp);
        }
        _ => {}
    }
    // Destination, source or value, count.
    let (to, from, count) = (cells[sp - 3].u64(), cells[sp - 2], cells[sp - 1].u64());
    match instr.op {
        Opcode::MemoryInit => {
            let data = &datas[instance.datas[a].index()];
            memory_ops::memory_init(&mut memories[memory(b)], data, to, from.u64(), count)
        }
        Opcode::MemoryCopy => {
            memory_ops::memory_copy(memories, (memory(a), to), (memory(b), from.u64()), count)
        }
        Opcode::MemoryFill => {
            memory_ops::memory_fill(&mut memories[memory(a)], to, from.u32(), count)
        }
        Opcode::TableInit => {
            let elements = &elems[instance.elems[a].index()];
            memory_ops::table_init(&mut tables[table(b)], elements, to, from.u64(), count)
        }
        Opcode::TableCopy => {
            memory_ops::table_copy(tables, (table(a), to), (table(b), from.u64()), count)
        }
        Opcode::TableFill => {
            memory_ops::table_fill(&mut tables[table(a)], to, Ref::from_cell(from), count)
        }
        other => panic!("crash: bulk::execute of {}", other.name()),
    }?;
    Ok(sp - 3)
}
