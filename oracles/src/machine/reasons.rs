//! Why an opcode traps, where it may have more than one reason. The specification defines that it
//! traps, but gives the reasons no order: an implementation may report any that applies.

use super::{Machine, arrays, atomics};
use crate::opcode::Opcode;
use crate::trap::Trap;

impl Machine {
    /// Whether the opcode at which the machine has trapped has a reason for this trap.
    ///
    /// `own` is what [`Stop::Trap`](super::Stop::Trap) named: it always has one. Whether another has
    /// one as well is computed from the operands.
    pub fn has_reason(&self, own: Trap, trap: Trap) -> bool {
        let Some(view) = self.top() else {
            return own == trap;
        };
        let op = view.op();
        let instr = &view.function.instrs[view.position];
        let instance = &self.store.instances[view.instance.index()];
        match op {
            _ if atomics::is_atomic(op) => {
                let memory = instance.memories[atomics::memory(instr)];
                let memory = &self.store.memories[memory.index()];
                atomics::has_reason(instr, view.operands, memory, trap)
            }
            Opcode::ArrayCopy | Opcode::ArrayInitData | Opcode::ArrayInitElem => {
                let segments = arrays::Segments {
                    elems: &self.store.elems,
                    datas: &self.store.datas,
                };
                arrays::has_reason(
                    &self.store.heap,
                    instance,
                    &segments,
                    instr,
                    view.operands,
                    trap,
                )
            }
            // The reasons of every other opcode exclude each other: what is null has no length, what
            // is not there no type, what is zero is not -1.
            _ => own == trap,
        }
    }
}
