//! Deadlines of the epoch at which a program ends: the store's callback fails, or asks for a trap. "This
//! callback should either return an `UpdateDeadline`, or return an error, which will terminate execution
//! with a trap" (`Store::epoch_deadline_callback`).
//!
//! The `EpochYield` event comes first, whatever the callback then does: no document says whether it is one
//! of yields alone. The event of the end comes at the same place, where the oracle was brought to. How far
//! the program was without events is the subject's own, as where fuel is used up.

use crate::divergence::Moment;
use crate::outcome::{HostFailure, Outcome, SeenTrap};
use crate::rules::RuleId;

/// How a deadline ends a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// The callback fails with an error.
    Fails,
    /// It asks for a trap.
    Traps,
}

impl Deadline {
    /// The rule of its event.
    pub(crate) fn rule(self) -> RuleId {
        match self {
            Deadline::Fails => RuleId::HostErrorEvent,
            Deadline::Traps => RuleId::TrapEvent,
        }
    }

    pub(crate) fn moment(self) -> Moment {
        match self {
            Deadline::Fails => Moment::HostcallError,
            Deadline::Traps => Moment::Trap,
        }
    }

    /// Its event.
    pub(crate) fn event(self) -> String {
        match self {
            Deadline::Fails => format!("a HostcallError event: {}", HostFailure::Deadline),
            Deadline::Traps => format!("a Trap event: {}", SeenTrap::Interrupt),
        }
    }

    /// How an invocation ends with it.
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Deadline::Fails => Outcome::HostFailed(HostFailure::Deadline),
            Deadline::Traps => Outcome::Trapped(SeenTrap::Interrupt),
        }
    }
}
