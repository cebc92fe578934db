//! Growth that the store's limiter fails: "If `Err(e)` is returned then the `memory.grow` function will
//! behave as if a trap has been raised" (`ResourceLimiter::memory_growing`). The error is the host's own, so
//! that a `HostcallError` event with it is due, at the opcode that was to grow, and the invocation ends
//! with it.
//!
//! The limiter is asked while the program runs, and cannot look at it. So it only says that it fails; the
//! oracle is brought to the opcode when the event comes, or the invocation ends.

use super::Driver;
use crate::divergence::Moment;
use crate::lockstep::following::POINTS_BETWEEN_EVENTS;
use crate::lockstep::following::interrupts::Interruption;
use crate::lockstep::following::sight::Sight;
use crate::lockstep::recording::looks::Look;
use crate::lockstep::verdict::{Ended, Expected, Flow, Verdict};
use crate::observe::Observation;
use crate::outcome::{HostFailure, Outcome};
use crate::rules::RuleId;
use crate::subject::limits::{FAILING_MEMORY, FAILING_TABLE};
use lockstep_oracles::machine::{Grown, Stop, grows};
use lockstep_oracles::trap::Exhaustion;

/// Whether a limiter that fails does so for this size, and with which error.
fn failure_of(grown: Grown, wanted: u64) -> Option<HostFailure> {
    match grown {
        Grown::Memory(_) => (wanted > FAILING_MEMORY as u64).then_some(HostFailure::MemoryGrowth),
        Grown::Table(_) => (wanted > FAILING_TABLE as u64).then_some(HostFailure::TableGrowth),
    }
}

/// Where the oracle comes to when it is to come to a growth that failed.
enum Reached {
    /// It is there.
    Growth,
    /// An event that was to come before is missing.
    Event,
    /// It comes to something else.
    Other,
}

impl Driver {
    /// Whether the store's limiter may fail a growth now: a program's own, not what an instance is made with.
    pub fn may_fail_growth(&self) -> bool {
        self.ended.is_none()
            && !self.following.instantiation.runs()
            && self.following.machine.has_entered_code()
    }

    /// The event of a growth that the limiter failed with the error that is due, or with another one.
    pub(crate) fn growth_failed<O: Observation>(
        &mut self,
        observed: &mut O,
        due: HostFailure,
        error: Result<HostFailure, String>,
    ) -> Flow {
        self.following.invocation.failed_growth = None;
        let reached = self.run_to_failed_growth(due);
        if self.ended.is_some() {
            return Flow::Stop;
        }
        let rule = match reached {
            Reached::Growth => None,
            Reached::Event => Some(self.following.breakpoints.lost_rule()),
            Reached::Other => Some(RuleId::HostErrorEvent),
        };
        if let Some(rule) = rule {
            let expected = "no growth beyond what the limiter allows";
            let shown = format!("a HostcallError event: {due}");
            return self.report_misplaced(rule, Moment::HostcallError, expected, &shown);
        }
        self.host_failed(due, error);
        self.recorder.tally.looks.event(Look::HostError);
        let sight = self.following.sight_within(Interruption::Growth);
        self.compare_interrupted(observed, Interruption::Growth, sight)
    }

    /// What may be looked at where the growth failed, if the oracle comes there.
    pub(crate) fn sight_of_failed_growth(&mut self) -> Option<Sight> {
        let due = self.following.invocation.failed_growth?;
        let reached = self.run_to_failed_growth(due);
        let there = matches!(reached, Reached::Growth);
        there.then(|| self.following.sight_within(Interruption::Growth))
    }

    /// The invocation ended after the limiter failed, and no event said so.
    pub(crate) fn finish_failed_growth(&mut self, due: HostFailure, outcome: &Outcome) -> Verdict {
        let reached = self.run_to_failed_growth(due);
        if self.ended.is_some() {
            self.following.machine.unwind();
            return Verdict::Lost;
        }
        self.following.machine.unwind();
        self.following.invocation.ahead = None;
        if self.following.has_events() {
            self.report_end(
                RuleId::HostErrorEvent,
                format!("a HostcallError event: {due}"),
                "no such event before the invocation ended".to_owned(),
            );
        } else if !matches!(reached, Reached::Growth) {
            self.report_outcome("no growth beyond what the limiter allows", outcome);
        }
        let agrees = *outcome == Outcome::HostFailed(due);
        self.check_outcome(agrees, Expected::HostFailed(due), outcome)
    }

    /// Brings the oracle to the next opcode that asks for so much that the limiter fails, if nothing else is
    /// due before.
    fn run_to_failed_growth(&mut self, due: HostFailure) -> Reached {
        let stepped = self.following.has_events() && self.following.breakpoints.is_everywhere();
        let mut passed = 0;
        loop {
            let failure = self.following.machine.growth_ahead();
            let failure = failure.and_then(|(grown, wanted)| failure_of(grown, wanted));
            if self.following.invocation.ahead.is_none() && failure == Some(due) {
                return Reached::Growth;
            }
            let before = self.recorder.tally.executed;
            let stop = match self.following.invocation.ahead.take() {
                Some(stop) => stop,
                None if stepped => self.run_stepped(),
                None => self.run_to_breakpoint_or(|_, function, position| {
                    grows(function.instrs[position].op)
                }),
            };
            passed += self.recorder.tally.executed - before;
            match stop {
                Stop::SequencePoint => {}
                Stop::Throw { caught: true, .. } if !self.following.has_events() => continue,
                stop => {
                    self.following.invocation.ahead = Some(stop);
                    return Reached::Other;
                }
            }
            let Some(view) = self.following.machine.top() else {
                return Reached::Other;
            };
            let selects = stepped
                || self
                    .following
                    .breakpoints
                    .selects(view.instance, view.pc().0);
            if self.following.has_events() && selects {
                return Reached::Event;
            }
            if passed >= POINTS_BETWEEN_EVENTS {
                self.ended = Some(Ended::PointLimit(POINTS_BETWEEN_EVENTS));
                self.following.invocation.ahead = Some(Stop::Exhausted(Exhaustion::CallDepth));
                return Reached::Other;
            }
        }
    }
}
