//! Where the current invocation stands between two things the subject tells.

use super::deadlines::Deadline;
use crate::observe::Place;
use crate::outcome::HostFailure;
use lockstep_oracles::address::ExnAddr;
use lockstep_oracles::machine::Stop;
use lockstep_oracles::trap::Trap;

/// What was matched, or is due, where an invocation stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
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
pub(crate) struct Invocation {
    pub(crate) phase: Phase,
    /// The stop that the oracle was brought to already, at an event that comes before it.
    pub(crate) ahead: Option<Stop>,
    /// Where the last matched event was.
    pub(crate) previous: Option<Place>,
    /// The error with which the store's limiter failed a growth, until that is dealt with.
    pub(crate) failed_growth: Option<HostFailure>,
    /// How the epoch's deadline ends the program, until that is dealt with.
    pub(crate) deadline: Option<Deadline>,
    /// The exception of the event that was matched last, if it is that of an exception.
    thrown: Option<Thrown>,
    /// Whether the host is about to throw an exception, whose event is due.
    host_throws: bool,
    /// Whether the debugger makes a call at the event of an exception that the host threw.
    outside_throws: bool,
    /// The same of any exception.
    outside_thrown: bool,
    /// Whether an exception that the host threw was caught by nothing, ever.
    escaped: bool,
    /// Whether a trap is being told of in code with callees inlined, and the stack shown may be
    /// anything (ledger: `INLINED-TRAP`).
    at_inlined_trap: bool,
    /// Whether the stack at the event that unwinds the program reads as at one of a breakpoint.
    reads_plainly: bool,
    /// Whether the debugger makes a call at an event that unwinds the program.
    outside_unwinds: bool,
    /// How many exceptions were thrown so far.
    throws: u64,
    /// Whether a call was dropped at the event of an exception, which is pending until another is thrown.
    left_pending: bool,
}

/// An exception that was thrown.
#[derive(Clone, Copy, Debug)]
struct Thrown {
    exception: ExnAddr,
    /// Whether the host threw it, and not an opcode.
    by_host: bool,
}

/// Where an invocation stands while the debugger makes a call within it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suspended {
    phase: Phase,
    previous: Option<Place>,
    thrown: Option<Thrown>,
    outside_throws: bool,
    outside_thrown: bool,
    outside_unwinds: bool,
    at_inlined_trap: bool,
    reads_plainly: bool,
    throws: u64,
}

impl Invocation {
    /// A function is invoked.
    pub(crate) fn begin(&mut self) {
        self.phase = Phase::Running;
        self.failed_growth = None;
        self.deadline = None;
        self.ahead = None;
        self.previous = None;
        self.thrown = None;
        self.host_throws = false;
    }

    /// The invocation has ended in the subject: the phase in which it was.
    pub(crate) fn end(&mut self) -> Phase {
        let phase = std::mem::take(&mut self.phase);
        if phase != Phase::Running {
            self.ahead = None;
        }
        self.at_inlined_trap = false;
        phase
    }

    /// The call was dropped: nothing of it is due any more.
    pub(crate) fn drop_call(&mut self) {
        self.escaped |= self.throws();
        self.left_pending |= self.has_thrown();
        self.begin();
        self.outside_throws = false;
        self.outside_thrown = false;
        self.outside_unwinds = false;
        self.at_inlined_trap = false;
    }

    /// Whether the program runs: neither has it ended, nor is an event of its end due.
    #[inline]
    pub(crate) fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// A host function has returned, or thrown, and the program goes on behind its call.
    pub(crate) fn go_on(&mut self) {
        self.phase = Phase::Running;
        self.previous = None;
    }

    /// A breakpoint event was matched here.
    #[inline(always)]
    pub(crate) fn matched(&mut self, place: Place) {
        self.previous = Some(place);
        self.thrown = None;
    }

    /// A host call, or an event that is not one of a breakpoint, is compared.
    pub(crate) fn comes_to_another(&mut self) {
        self.thrown = None;
    }

    /// The host is about to throw an exception.
    pub(crate) fn host_throw(&mut self) {
        self.host_throws = true;
        self.throws += 1;
        self.left_pending = false;
        self.go_on();
    }

    /// Whether the event of an exception is due that the host throws.
    pub(crate) fn host_is_throwing(&self) -> bool {
        self.host_throws
    }

    /// The event of an exception was matched, which is caught, or not.
    pub(crate) fn throw(&mut self, exception: ExnAddr, caught: bool) {
        if !caught {
            self.phase = Phase::Thrown(exception);
        }
        let by_host = std::mem::take(&mut self.host_throws);
        self.thrown = Some(Thrown { exception, by_host });
        self.throws += 1;
        self.left_pending = false;
        self.escaped |= by_host && !caught;
        self.previous = None;
    }

    /// Another exception took the place of the one that was thrown: the host threw it, and the first has come to
    /// the host.
    pub(crate) fn replace_thrown(&mut self, exception: ExnAddr, caught: bool) {
        self.escaped |= self.throws();
        self.thrown = Some(Thrown {
            exception,
            by_host: true,
        });
        self.escaped |= !caught;
        self.phase = match caught {
            true => Phase::Running,
            false => Phase::Thrown(exception),
        };
    }

    /// The exception that was thrown was taken: nothing catches it, and the call ends.
    pub(crate) fn take_thrown(&mut self) {
        self.escaped |= self.throws();
        self.thrown = None;
        self.ahead = None;
        self.phase = Phase::HostFailed(HostFailure::TakenException);
    }

    /// Whether what is pending may be the exception of a call that was dropped.
    pub(crate) fn has_left_pending(&self) -> bool {
        self.left_pending
    }

    /// The exception of the event that was matched last, if it is that of an exception.
    pub(crate) fn thrown(&self) -> Option<ExnAddr> {
        self.thrown.map(|thrown| thrown.exception)
    }

    /// Whether an exception is on its way: at its event, or in a call within that.
    pub(crate) fn has_thrown(&self) -> bool {
        self.outside_thrown || self.thrown.is_some()
    }

    /// Whether an exception that the host threw is on its way, at its event or in a call within that, or has
    /// come to the host again.
    pub(crate) fn host_has_thrown(&self) -> bool {
        self.escaped || self.throws()
    }

    fn throws(&self) -> bool {
        self.outside_throws || self.thrown.is_some_and(|thrown| thrown.by_host)
    }

    /// A trap is being told of, in code with callees inlined or without.
    pub(crate) fn trap(&mut self, inlined: bool) {
        self.at_inlined_trap = inlined;
    }

    /// Whether a trap is being told of in code with callees inlined.
    pub(crate) fn is_at_inlined_trap(&self) -> bool {
        self.at_inlined_trap
    }

    /// The stack at an event that unwinds the program was compared: whether it reads as at one of a breakpoint.
    pub(crate) fn note_unwinding(&mut self, reads_plainly: bool) {
        self.reads_plainly = reads_plainly;
    }

    /// Whether a call can be made here, in and behind which the whole stack is looked at again.
    pub(crate) fn takes_calls(&self) -> bool {
        match self.phase {
            Phase::Running => self.thrown.is_none() || self.reads_plainly,
            Phase::Trapped(_) | Phase::HostFailed(_) | Phase::Thrown(_) => self.reads_plainly,
            _ => false,
        }
    }

    /// Whether the program is unwound behind the event that was matched last, or its exception is caught.
    pub(crate) fn unwinds_now(&self) -> bool {
        !self.is_running() || self.thrown.is_some()
    }

    /// Whether it is known here what the program has done, and what not.
    pub(crate) fn takes_writes(&self) -> bool {
        matches!(
            self.phase,
            Phase::Running | Phase::Trapped(_) | Phase::HostFailed(_) | Phase::Thrown(_)
        )
    }

    /// Whether the program is unwound behind an event at which the debugger makes a call.
    pub(crate) fn is_unwound_outside(&self) -> bool {
        self.outside_unwinds
    }

    /// Where it stands, for the time of a call that the debugger makes.
    pub(crate) fn suspend(&mut self) -> Suspended {
        let suspended = Suspended {
            phase: self.phase,
            previous: self.previous,
            thrown: self.thrown,
            outside_throws: self.outside_throws,
            outside_thrown: self.outside_thrown,
            outside_unwinds: self.outside_unwinds,
            at_inlined_trap: self.at_inlined_trap,
            reads_plainly: self.reads_plainly,
            throws: self.throws,
        };
        self.outside_throws = self.throws();
        self.outside_thrown = self.has_thrown();
        self.outside_unwinds |= self.unwinds_now();
        suspended
    }

    /// It is again where it was before a call that the debugger made. The answer is whether an exception was
    /// thrown in between.
    pub(crate) fn resume(&mut self, suspended: Suspended) -> bool {
        self.phase = suspended.phase;
        self.previous = suspended.previous;
        self.thrown = suspended.thrown;
        self.outside_throws = suspended.outside_throws;
        self.outside_thrown = suspended.outside_thrown;
        self.outside_unwinds = suspended.outside_unwinds;
        self.at_inlined_trap = suspended.at_inlined_trap;
        self.reads_plainly = suspended.reads_plainly;
        self.ahead = None;
        self.throws != suspended.throws
    }

    /// The exception of the event is thrown once more, by the debugger.
    pub(crate) fn throw_again(&mut self) {
        let caught = self.is_running();
        if let Some(thrown) = &mut self.thrown {
            thrown.by_host = true;
            self.escaped |= !caught;
        }
    }

    /// The callback for the epoch's deadline is about to end the program.
    pub(crate) fn deadline_ends(&mut self, deadline: Deadline) {
        self.deadline = Some(deadline);
    }

    /// Whether a deadline ended the program whose event is due.
    pub(crate) fn is_deadline_due(&self) -> bool {
        self.deadline.is_some() && self.is_running()
    }

    /// The debugger took the exception that was thrown: nothing catches it, and the call ends.
    pub(crate) fn exception_was_taken(&mut self) {
        self.take_thrown();
    }

    /// The store's limiter is about to fail with this error.
    pub(crate) fn limiter_fails(&mut self, failure: HostFailure) {
        self.failed_growth = Some(failure);
    }

    /// Whether a growth has failed whose event is due.
    pub(crate) fn is_growth_failing(&self) -> bool {
        self.failed_growth.is_some() && self.is_running()
    }
}
