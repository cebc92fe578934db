//! Deadlines of the epoch at which a program ends: the store's callback fails, or asks for a trap. "This
//! callback should either return an `UpdateDeadline`, or return an error, which will terminate execution
//! with a trap" (`Store::epoch_deadline_callback`).
//!
//! The `EpochYield` event comes first, whatever the callback then does: no document says whether it is one
//! of yields alone. The event of the end comes at the same place, where the oracle was brought to. How far
//! the program was without events is the subject's own, as where fuel is used up.

use super::driver::Driver;
use super::interrupts::Interruption;
use super::invocation::Phase;
use super::looks::Look;
use super::verdict::{Flow, Verdict};
use crate::divergence::Moment;
use crate::observe::Observation;
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
    fn rule(self) -> RuleId {
        match self {
            Deadline::Fails => RuleId::HostErrorEvent,
            Deadline::Traps => RuleId::TrapEvent,
        }
    }

    fn moment(self) -> Moment {
        match self {
            Deadline::Fails => Moment::HostcallError,
            Deadline::Traps => Moment::Trap,
        }
    }

    /// Its event.
    fn event(self) -> String {
        match self {
            Deadline::Fails => format!("a HostcallError event: {}", HostFailure::Deadline),
            Deadline::Traps => format!("a Trap event: {}", SeenTrap::Interrupt),
        }
    }

    /// How an invocation ends with it.
    fn outcome(self) -> Outcome {
        match self {
            Deadline::Fails => Outcome::HostFailed(HostFailure::Deadline),
            Deadline::Traps => Outcome::Trapped(SeenTrap::Interrupt),
        }
    }
}

impl Driver {
    /// Whether the callback may end the program: not while a module is being instantiated.
    pub fn may_end_at_deadline(&self) -> bool {
        self.ended.is_none() && !self.following.instantiation.runs()
    }

    /// The event of a deadline at which the program ends.
    pub(super) fn deadline_reached<O: Observation>(
        &mut self,
        observed: &mut O,
        seen: Deadline,
    ) -> Flow {
        self.comparison.budget.disturb();
        if self.ended.is_some() {
            return Flow::Stop;
        }
        if !self.following.invocation.is_running()
            || self.following.invocation.deadline != Some(seen)
        {
            let expected = match self.following.invocation.deadline {
                Some(due) => due.event(),
                None => "no end: the epoch is before the deadline".to_owned(),
            };
            return self.report_misplaced(seen.rule(), seen.moment(), &expected, &seen.event());
        }
        self.following.invocation.deadline = None;
        self.following.invocation.phase = Phase::DeadlineReached(seen);
        self.recorder.tally.looks.event(Look::Deadline);
        // Within an opcode that works in bulk, or before a start function, it was not looked at either.
        let Some(sight) = self.following.epoch.take_last() else {
            return Flow::Continue;
        };
        self.following.epoch.interrupts = true;
        let flow = self.compare_interrupted(observed, Interruption::Deadline, sight);
        self.following.epoch.interrupts = false;
        flow
    }

    /// The trap of a deadline, told as the error of a host function.
    pub(super) fn deadline_as_host_error<O: Observation>(&mut self, observed: &mut O) -> Flow {
        if self.ended.is_none() {
            self.told_as_host_error(SeenTrap::Interrupt);
        }
        self.deadline_reached(observed, Deadline::Traps)
    }

    /// The invocation ended after a deadline whose event came, or did not.
    pub(super) fn finish_at_deadline(
        &mut self,
        due: Deadline,
        announced: bool,
        outcome: &Outcome,
    ) -> Verdict {
        self.following.machine.unwind();
        self.following.invocation.ahead = None;
        if !announced && self.following.has_events() {
            self.report_end(
                due.rule(),
                due.event(),
                "no such event before the invocation ended".to_owned(),
            );
        }
        if *outcome != due.outcome() {
            self.report_outcome("the end that the epoch's deadline asked for", outcome);
        }
        Verdict::Exhausted
    }
}
