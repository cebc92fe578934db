//! `PULLEY-MEMORY-TRAP`: a load or store out of bounds on Pulley raises no event.

use lockstep_oracles::opcode::{Access, Opcode};
use lockstep_oracles::trap::Trap;

/// Whether the cause explains that no event told of the trap: not where the access is out of bounds whatever its
/// address, which takes no check.
pub fn explains(op: Opcode, trap: Trap, never_in_bounds: bool) -> bool {
    matches!(op.access(), Some(Access::Load | Access::Store))
        && trap == Trap::OutOfBoundsMemoryAccess
        && !never_in_bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_out_of_bounds_by_its_offset_alone_has_its_event() {
        let trap = Trap::OutOfBoundsMemoryAccess;
        assert!(explains(Opcode::I64Load, trap, false));
        assert!(!explains(Opcode::I64Load, trap, true));
        assert!(!explains(Opcode::MemoryCopy, trap, false));
        assert!(!explains(Opcode::I64Load, Trap::Unreachable, false));
    }
}
