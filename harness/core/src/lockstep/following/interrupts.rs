//! Events of what interrupts a program at a function's entry or at a loop's head: stack overflow, the
//! epoch, fuel.
//!
//! Such an event comes between two opcodes. The oracle is brought to the sequence point right behind
//! it, where every local and every operand is what it was at the interruption, and is compared there;
//! the event of that sequence point is still due. Within an opcode that works in bulk it may come, too:
//! then the oracle is right before that opcode.

use super::Following;
use crate::divergence::Moment;
use lockstep_oracles::code::Function;
use lockstep_oracles::opcode::Opcode;

/// What interrupts a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// A function is entered for which the stack has no room
    Overflow,
    /// The epoch is beyond the store's deadline
    Epoch,
    /// Fuel is used up
    Fuel,
    /// The heap cannot hold an object
    Memory,
    /// The epoch ends the program at its deadline
    Deadline,
    /// The store's limiter fails a growth
    Growth,
}

impl Interruption {
    pub(crate) fn moment(self) -> Moment {
        match self {
            Interruption::Epoch => Moment::EpochYield,
            Interruption::Growth => Moment::HostcallError,
            Interruption::Overflow
            | Interruption::Fuel
            | Interruption::Memory
            | Interruption::Deadline => Moment::Trap,
        }
    }
}

/// Whether a program may be interrupted before the opcode at this position: the first of a function,
/// or the one behind a `loop`, to which branches go.
pub(crate) fn is_interruptible(function: &Function, position: usize) -> bool {
    position == 0 || function.instrs[position - 1].op == Opcode::Loop
}

impl Following {
    /// Whether the last event was at an opcode that works in bulk, and can be interrupted itself.
    pub(crate) fn is_within_bulk(&self) -> bool {
        self.invocation.previous.is_some() && self.machine.current_op().is_some_and(Opcode::is_bulk)
    }

    /// Whether the oracle was brought to an opcode that works in bulk, before which no other place lies.
    pub(crate) fn is_before_bulk(&self) -> bool {
        let view = self
            .machine
            .top()
            .filter(|_| self.invocation.ahead.is_some());
        view.is_some_and(|view| {
            view.op().is_bulk() && !is_interruptible(view.function, view.position)
        })
    }
}
