//! Traps among which the specification leaves the choice: where an opcode has more than one reason to
//! trap, its rules (Wasm core 4.6) do not say which comes first. The oracle then takes the one that
//! the subject shows.

use super::Following;
use crate::outcome::SeenTrap;
use lockstep_oracles::trap::Trap;

impl Following {
    /// The trap that the stopped oracle is at, which is `trap`, or another for which its opcode has a
    /// reason as well, if the subject shows that one.
    pub(crate) fn chosen_trap(&self, trap: Trap, seen: SeenTrap) -> Trap {
        if seen.is(trap) {
            return trap;
        }
        let traps = self.machine.current_op().map_or(&[][..], |op| op.traps());
        let applies = |other: &&Trap| seen.is(**other) && self.machine.has_reason(trap, **other);
        traps.iter().find(applies).copied().unwrap_or(trap)
    }
}
