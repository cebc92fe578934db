//! Opcodes that need no dispatch of their own: what they work on, and where each family is. The
//! dispatch loop keeps those that are frequent or that move control.

use super::{Stop, atomics, bulk, casts, objects};
use crate::code::{Function, Instr};
use crate::heap::Heap;
use crate::instance::Instance;
use crate::limits::Limits;
use crate::memory::Memory;
use crate::opcode::Opcode;
use crate::store::Table;
use crate::trap::{Exhaustion, Trap};
use crate::types::{TypeId, Types};
use crate::value::{Cell, Ref};
use crate::wide;
use std::sync::Arc;

impl From<Trap> for Stop {
    fn from(trap: Trap) -> Stop {
        Stop::Trap(trap)
    }
}

impl From<Exhaustion> for Stop {
    fn from(limit: Exhaustion) -> Stop {
        Stop::Exhausted(limit)
    }
}

/// What an opcode may work on, beside the operands.
pub(super) struct Parts<'a> {
    pub(super) instance: &'a Instance,
    pub(super) function: &'a Function,
    pub(super) limits: &'a Limits,
    pub(super) types: &'a Types,
    pub(super) func_types: &'a [TypeId],
    pub(super) tables: &'a mut [Table],
    pub(super) memories: &'a mut [Memory],
    pub(super) elems: &'a mut [Box<[Ref]>],
    pub(super) datas: &'a mut [Arc<[u8]>],
    pub(super) heap: &'a mut Heap,
}

/// Which module has an opcode.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Bulk,
    Cast,
    Object,
    Atomic,
    Wide,
    None,
}

/// The family of every opcode, by its number.
const FAMILIES: [Family; Opcode::ALL.len()] = {
    let mut families = [Family::None; Opcode::ALL.len()];
    let mut i = 0;
    while i < families.len() {
        families[i] = family(Opcode::ALL[i]);
        i += 1;
    }
    families
};

const fn family(op: Opcode) -> Family {
    match op {
        _ if bulk::is_bulk(op) => Family::Bulk,
        _ if casts::is_cast(op) => Family::Cast,
        _ if objects::is_object(op) => Family::Object,
        _ if atomics::is_atomic(op) => Family::Atomic,
        Opcode::I64Add128 | Opcode::I64Sub128 | Opcode::I64MulWideS | Opcode::I64MulWideU => {
            Family::Wide
        }
        _ => Family::None,
    }
}

/// Executes an opcode on `cells`, of which `sp` are in use, and answers how many then are. What
/// stops has changed nothing.
pub(super) fn execute(
    parts: Parts<'_>,
    instr: &Instr,
    cells: &mut [Cell],
    sp: usize,
) -> Result<usize, Stop> {
    match FAMILIES[instr.op as usize] {
        Family::Bulk => Ok(bulk::execute(parts, instr, cells, sp)?),
        Family::Cast => Ok(casts::execute(&parts, instr, cells, sp)?),
        Family::Object => objects::execute(parts, instr, cells, sp),
        Family::Atomic => atomics::execute(parts, instr, cells, sp),
        Family::Wide => Ok(wide(instr.op, cells, sp)),
        Family::None => panic!("crash: {} in compiled code", instr.op.name()),
    }
}

/// Wide arithmetic: two results take the place of two or four operands.
fn wide(op: Opcode, cells: &mut [Cell], sp: usize) -> usize {
    let at = |n: usize| cells[sp - n].u64();
    let pairs = || ((at(4), at(3)), (at(2), at(1)));
    let (taken, (low, high)) = match op {
        Opcode::I64Add128 => (4, wide::add128(pairs().0, pairs().1)),
        Opcode::I64Sub128 => (4, wide::sub128(pairs().0, pairs().1)),
        Opcode::I64MulWideS => (2, wide::mul_wide_s(at(2), at(1))),
        _ => (2, wide::mul_wide_u(at(2), at(1))),
    };
    let first = sp - taken;
    cells[first] = Cell(u128::from(low));
    cells[first + 1] = Cell(u128::from(high));
    first + 2
}
