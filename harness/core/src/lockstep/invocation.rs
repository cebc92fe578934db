//! Where the current invocation stands between two things the subject tells.

use super::deadlines::Deadline;
use crate::observe::Place;
use crate::outcome::HostFailure;
use lockstep_oracles::address::ExnAddr;
use lockstep_oracles::machine::Stop;
use lockstep_oracles::trap::Trap;

/// What was matched, or is due, where an invocation stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// The oracle can be run on.
    #[default]
    Running,
    /// A `Trap` event was matched; the oracle shows the trapping frame.
    Trapped(Trap),
    /// The subject's stack overflowed where the oracle was about to enter a call.
    Overflowed,
    /// The subject's heap was full where the oracle was about to make an object.
    OutOfMemory,
    /// The subject's fuel was used up.
    OutOfFuel,
    /// A deadline of the epoch ended the program, and its event was matched.
    DeadlineReached(Deadline),
    /// A host function passed on the trap of its own call; the event is due.
    HostTrapping(Trap),
    /// A host function failed; its `HostcallError` event is due.
    HostFailing(HostFailure),
    /// That event was matched.
    HostFailed(HostFailure),
    /// The event of an exception that this activation does not catch was matched.
    Thrown(ExnAddr),
}

/// Where the current invocation stands.
#[derive(Debug, Default)]
pub(super) struct Invocation {
    pub(super) phase: Phase,
    /// The stop that the oracle was brought to already, at an event that comes before it.
    pub(super) ahead: Option<Stop>,
    /// Where the last matched event was.
    pub(super) previous: Option<Place>,
    /// The error with which the store's limiter failed a growth, until that is dealt with.
    pub(super) failed_growth: Option<HostFailure>,
    /// How the epoch's deadline ends the program, until that is dealt with.
    pub(super) deadline: Option<Deadline>,
    /// The exception of the event that was matched last.
    thrown: Option<ExnAddr>,
    /// Whether a trap is being told of in code with callees inlined, and the stack shown may be
    /// anything (ledger: `INLINED-TRAP`).
    at_inlined_trap: bool,
}

/// Where an invocation stands while the debugger makes a call within it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suspended {
    phase: Phase,
    previous: Option<Place>,
    at_inlined_trap: bool,
}

impl Invocation {
    /// A function is invoked.
    pub(super) fn begin(&mut self) {
        self.phase = Phase::Running;
        self.failed_growth = None;
        self.deadline = None;
        self.ahead = None;
        self.previous = None;
    }

    /// The invocation has ended in the subject: the phase in which it was.
    pub(super) fn end(&mut self) -> Phase {
        let phase = std::mem::take(&mut self.phase);
        if phase != Phase::Running {
            self.ahead = None;
        }
        self.at_inlined_trap = false;
        phase
    }

    /// The call was dropped: nothing of it is due any more.
    pub(super) fn drop_call(&mut self) {
        self.begin();
        self.at_inlined_trap = false;
    }

    /// Whether the program runs: neither has it ended, nor is an event of its end due.
    #[inline]
    pub(super) fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// A host function has returned, or thrown, and the program goes on behind its call.
    pub(super) fn go_on(&mut self) {
        self.phase = Phase::Running;
        self.previous = None;
    }

    /// The event of an exception was matched, which is caught, or not.
    pub(super) fn throw(&mut self, exception: ExnAddr, caught: bool) {
        if !caught {
            self.phase = Phase::Thrown(exception);
        }
        self.thrown = Some(exception);
        self.previous = None;
    }

    /// Another exception took the place of the one that was thrown.
    pub(super) fn replace_thrown(&mut self, exception: ExnAddr, caught: bool) {
        self.thrown = Some(exception);
        self.phase = match caught {
            true => Phase::Running,
            false => Phase::Thrown(exception),
        };
    }

    /// The exception that was thrown was taken: nothing catches it, and the call ends.
    pub(super) fn take_thrown(&mut self) {
        self.thrown = None;
        self.ahead = None;
        self.phase = Phase::HostFailed(HostFailure::TakenException);
    }

    /// The exception of the event that was matched last.
    pub(super) fn thrown(&self) -> Option<ExnAddr> {
        self.thrown
    }

    /// A trap is being told of, in code with callees inlined or without.
    pub(super) fn trap(&mut self, inlined: bool) {
        self.at_inlined_trap = inlined;
    }

    /// Whether a trap is being told of in code with callees inlined.
    pub(super) fn is_at_inlined_trap(&self) -> bool {
        self.at_inlined_trap
    }

    /// Where it stands, for the time of a call that the debugger makes.
    pub(super) fn suspended(&self) -> Suspended {
        Suspended {
            phase: self.phase,
            previous: self.previous,
            at_inlined_trap: self.at_inlined_trap,
        }
    }

    /// It is again where it was before a call that the debugger made.
    pub(super) fn resume(&mut self, suspended: Suspended) {
        self.phase = suspended.phase;
        self.previous = suspended.previous;
        self.at_inlined_trap = suspended.at_inlined_trap;
        self.ahead = None;
    }
}
