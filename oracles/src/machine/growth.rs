//! Growth that the specification leaves open: `memory.grow` and `table.grow` may fail for want of
//! resources, whatever the type allows. The machine grows where its own limits allow it and remembers
//! the last growth, so that whoever follows another implementation can do as that one did.

use super::{Machine, size_or_failure};
use crate::address::{MemAddr, TableAddr};
use crate::opcode::Opcode;
use crate::value::Cell;

/// What may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grown {
    /// A memory, in bytes.
    Memory(MemAddr),
    /// A table, in elements.
    Table(TableAddr),
}

/// A growth that the entity's type allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// What grew, or did not.
    pub entity: Grown,
    /// Its size before, in bytes or elements.
    pub before: u64,
    /// The size that was asked for.
    pub wanted: u64,
    /// Whether it grew; if not, a limit of the machine's own refused.
    pub succeeded: bool,
}

/// Whether an opcode makes an entity grow.
pub fn grows(op: Opcode) -> bool {
    matches!(op, Opcode::MemoryGrow | Opcode::TableGrow)
}

impl Machine {
    /// Takes the last growth that an entity's type allowed, if there was one since the last look.
    pub fn take_growth(&mut self) -> Option<Growth> {
        self.growth.take()
    }

    /// What the opcode that [`Machine::top`] is at asks to grow, and the size that it asks for, in bytes or
    /// elements, whatever the entity's type allows; none if it makes nothing grow.
    pub fn growth_ahead(&self) -> Option<(Grown, u64)> {
        let view = self.top()?;
        let index = view.function.instrs[view.position].a as usize;
        let instance = self.store.instance(view.instance);
        let delta = view.operands.last()?.u64();
        match view.op() {
            Opcode::MemoryGrow => {
                let addr = instance.memories[index];
                let memory = &self.store.memories[addr.index()];
                Some((Grown::Memory(addr), memory.asked(delta)))
            }
            Opcode::TableGrow => {
                let addr = instance.tables[index];
                let elements = self.store.tables[addr.index()].elements.len() as u64;
                Some((Grown::Table(addr), elements.saturating_add(delta)))
            }
            _ => None,
        }
    }

    /// Takes back the growth that was executed last: the entity has its size of before, and the opcode
    /// answers -1. Only right after its opcode, before the next.
    pub fn fail_growth(&mut self, growth: Growth) {
        let index64 = match growth.entity {
            Grown::Memory(addr) => {
                let memory = &mut self.store.memories[addr.index()];
                memory.shrink(growth.before);
                memory.ty().memory64
            }
            Grown::Table(addr) => {
                let table = &mut self.store.tables[addr.index()];
                table.elements.truncate(growth.before as usize);
                table.ty.table64
            }
        };
        if let Some(answer) = self.top_cell() {
            *answer = size_or_failure(None, index64);
        }
    }

    /// The top operand of the innermost frame.
    fn top_cell(&mut self) -> Option<&mut Cell> {
        let frame = self.frames.last()?;
        let top = (frame.base + frame.height as usize).checked_sub(1)?;
        self.stack.get_mut(top)
    }
}
