//! Deadlines of the epoch at which a program ends: their events, and its end there.

use super::Driver;
use crate::lockstep::following::deadlines::Deadline;
use crate::lockstep::following::interrupts::Interruption;
use crate::lockstep::following::invocation::Phase;
use crate::lockstep::recording::looks::Look;
use crate::lockstep::verdict::{Flow, Verdict};
use crate::observe::Observation;
use crate::outcome::{Outcome, SeenTrap};

impl Driver {
    /// Whether the callback may end the program: not while a module is being instantiated.
    pub fn may_end_at_deadline(&self) -> bool {
        self.ended.is_none() && !self.following.instantiation.runs()
    }

    /// The event of a deadline at which the program ends.
    pub(crate) fn deadline_reached<O: Observation>(
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
    pub(crate) fn deadline_as_host_error<O: Observation>(&mut self, observed: &mut O) -> Flow {
        if self.ended.is_none() {
            self.told_as_host_error(SeenTrap::Interrupt);
        }
        self.deadline_reached(observed, Deadline::Traps)
    }

    /// The invocation ended after a deadline whose event came, or did not.
    pub(crate) fn finish_at_deadline(
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
