//! `PULLEY-MEMORY-TRAP`: a load or store out of bounds on Pulley raises no event.

use lockstep_oracles::opcode::{Access, Opcode};
use lockstep_oracles::trap::Trap;

/// Whether the cause explains that no event told of the trap.
pub fn explains(op: Opcode, trap: Trap) -> bool {
    matches!(op.access(), Some(Access::Load | Access::Store))
        && trap == Trap::OutOfBoundsMemoryAccess
}
