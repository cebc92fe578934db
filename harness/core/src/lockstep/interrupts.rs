//! Events of what interrupts a program at a function's entry or at a loop's head: stack overflow, the
//! epoch, fuel.
//!
//! Such an event comes between two opcodes. The oracle is brought to the sequence point right behind
//! it, where every local and every operand is what it was at the interruption, and is compared there;
//! the event of that sequence point is still due. Within an opcode that works in bulk it may come, too:
//! then the oracle is right before that opcode.

use super::driver::Driver;
use super::following::Following;
use super::sight::Sight;
use super::verdict::Ended;
use crate::divergence::Moment;
use crate::observe::Observation;
use lockstep_oracles::code::Function;
use lockstep_oracles::machine::Stop;
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
    pub(super) fn moment(self) -> Moment {
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
pub(super) fn is_interruptible(function: &Function, position: usize) -> bool {
    position == 0 || function.instrs[position - 1].op == Opcode::Loop
}

impl Following {
    /// Whether the last event was at an opcode that works in bulk, and can be interrupted itself.
    pub(super) fn is_within_bulk(&self) -> bool {
        self.invocation.previous.is_some() && self.machine.current_op().is_some_and(Opcode::is_bulk)
    }

    /// Whether the oracle was brought to an opcode that works in bulk, before which no other place lies.
    pub(super) fn is_before_bulk(&self) -> bool {
        let view = self
            .machine
            .top()
            .filter(|_| self.invocation.ahead.is_some());
        view.is_some_and(|view| {
            view.op().is_bulk() && !is_interruptible(view.function, view.position)
        })
    }
}

impl Driver {
    /// Brings the oracle to where the program can be interrupted next, if it is not there yet, and says
    /// what may be looked at. None if it comes to no such place.
    pub fn approach<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
    ) -> Option<Sight> {
        if self.ended.is_some() || !self.following.invocation.is_running() {
            return None;
        }
        if self.following.invocation.ahead.is_none()
            && interruption != Interruption::Overflow
            && self.following.is_within_bulk()
        {
            return Some(self.following.sight(interruption, true, false));
        }
        let stop = match (self.following.invocation.ahead, interruption) {
            (Some(stop), _) => stop,
            (None, _) if self.following.breakpoints.is_everywhere() => self.run_stepped(),
            (None, Interruption::Epoch) => self.run_to_interruptible(),
            (None, Interruption::Overflow) => self.run_to_overflow(observed),
            // How much fuel there is where is not modelled.
            (None, _) => return None,
        };
        self.following.invocation.ahead = Some(stop);
        let view = self
            .following
            .machine
            .top()
            .filter(|_| stop == Stop::SequencePoint)?;
        let entered = view.position == 0;
        let fits = match interruption {
            Interruption::Overflow => entered,
            Interruption::Memory | Interruption::Deadline | Interruption::Growth => false,
            Interruption::Epoch | Interruption::Fuel => {
                is_interruptible(view.function, view.position)
            }
        };
        fits.then(|| self.following.sight(interruption, false, entered))
    }

    /// Whether the oracle was not brought there, for a reason of its own: then the execution has ended.
    pub(super) fn is_cut(&mut self) -> bool {
        if let Some(Stop::Exhausted(limit)) = self.following.invocation.ahead {
            self.ended.get_or_insert(Ended::OracleLimit(limit));
        }
        self.ended.is_some()
    }

    /// Runs the oracle to the next breakpoint or place at which the program can be interrupted.
    pub(super) fn run_to_interruptible(&mut self) -> Stop {
        self.run_to_breakpoint_or(|_, function, position| {
            is_interruptible(function, position) || function.instrs[position].op.is_bulk()
        })
    }
}
