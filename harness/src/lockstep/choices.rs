//! Traps among which the specification leaves the choice: where an opcode may trap for more than one
//! reason, its rules (Wasm core 4.6) do not say which comes first, and the reasons have names of their
//! own only in the test suite. The oracle then takes the one that the subject shows.

use super::driver::Driver;
use crate::outcome::SeenTrap;
use lockstep_oracles::machine::Machine;
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::trap::Trap;
use lockstep_oracles::value::{Cell, Ref};

impl Driver {
    /// The trap that the stopped oracle is at, which is `trap`, or the other that it may be as well, if
    /// the subject shows that one.
    pub(super) fn chosen_trap(&self, trap: Trap, seen: SeenTrap) -> Trap {
        let both = [Trap::NullArrayReference, Trap::OutOfBoundsArrayAccess];
        let other = both.into_iter().find(|&other| other != trap);
        match other.filter(|&other| both.contains(&trap) && seen.is(other)) {
            Some(other) if is_null_and_out_of_bounds(&self.machine) => other,
            _ => trap,
        }
    }
}

/// Whether the machine is at an `array.copy` of which one array is null and the other too short.
fn is_null_and_out_of_bounds(machine: &Machine) -> bool {
    let Some(view) = machine.top().filter(|view| view.op() == Opcode::ArrayCopy) else {
        return false;
    };
    let Some(&[.., to, at, from, start, count]) = view.operands.last_chunk::<5>() else {
        return false;
    };
    let end = |begin: Cell| u64::from(begin.u32()) + u64::from(count.u32());
    let length = |array: Cell| match Ref::from_cell(array) {
        Ref::Array(addr) => Some(machine.store.heap().object(addr).fields.len() as u64),
        _ => None,
    };
    match (length(to), length(from)) {
        (Some(length), None) => end(at) > length,
        (None, Some(length)) => end(start) > length,
        _ => false,
    }
}
