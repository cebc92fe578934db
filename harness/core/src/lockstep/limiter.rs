//! Growth that the store's limiter fails: "If `Err(e)` is returned then the `memory.grow` function will
//! behave as if a trap has been raised" (`ResourceLimiter::memory_growing`). The error is the host's own, so
//! that a `HostcallError` event with it is due, at the opcode that was to grow, and the invocation ends
//! with it.
//!
//! The limiter is asked while the program runs, and cannot look at it. So it only says that it fails; the
//! oracle is brought to the opcode when the event comes, or the invocation ends.

use super::driver::{Driver, Ended, Expected, Flow, POINTS_BETWEEN_EVENTS, Verdict};
use super::interrupts::Interruption;
use super::looks::Look;
use super::sight::Sight;
use crate::divergence::Moment;
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
        self.ended.is_none() && !self.instantiation.runs() && self.machine.has_entered_code()
    }

    /// Whether the program may make objects, so that the engine's heap may ask to grow.
    pub fn may_make_objects(&self) -> bool {
        self.program.makes_objects
    }

    /// The store's limiter is about to fail with this error.
    pub fn limiter_fails(&mut self, failure: HostFailure) {
        self.invocation.failed_growth = Some(failure);
    }

    /// Whether a growth has failed whose event is due.
    pub fn is_growth_failing(&self) -> bool {
        self.invocation.failed_growth.is_some() && self.invocation.is_running()
    }

    /// The event of a growth that the limiter failed with the error that is due, or with another one.
    pub(super) fn growth_failed<O: Observation>(
        &mut self,
        observed: &mut O,
        due: HostFailure,
        error: Result<HostFailure, String>,
    ) -> Flow {
        self.invocation.failed_growth = None;
        let reached = self.run_to_failed_growth(due);
        if self.ended.is_some() {
            return Flow::Stop;
        }
        let rule = match reached {
            Reached::Growth => None,
            Reached::Event => Some(self.lost_rule()),
            Reached::Other => Some(RuleId::HostErrorEvent),
        };
        if let Some(rule) = rule {
            let expected = "no growth beyond what the limiter allows";
            let shown = format!("a HostcallError event: {due}");
            return self.report_misplaced(rule, Moment::HostcallError, expected, &shown);
        }
        self.host_failed(due, error);
        self.recorder.tally.looks.event(Look::HostError);
        let sight = self.sight_within(Interruption::Growth);
        self.compare_interrupted(observed, Interruption::Growth, sight)
    }

    /// What may be looked at where the growth failed, if the oracle comes there.
    pub(super) fn sight_of_failed_growth(&mut self) -> Option<Sight> {
        let due = self.invocation.failed_growth?;
        let reached = self.run_to_failed_growth(due);
        let there = matches!(reached, Reached::Growth);
        there.then(|| self.sight_within(Interruption::Growth))
    }

    /// The invocation ended after the limiter failed, and no event said so.
    pub(super) fn finish_failed_growth(&mut self, due: HostFailure, outcome: &Outcome) -> Verdict {
        let reached = self.run_to_failed_growth(due);
        if self.ended.is_some() {
            self.machine.unwind();
            return Verdict::Lost;
        }
        self.machine.unwind();
        self.invocation.ahead = None;
        if self.has_events() {
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
        let stepped = self.has_events() && self.breakpoints.is_everywhere();
        let mut passed = 0;
        loop {
            let failure = self.machine.growth_ahead();
            let failure = failure.and_then(|(grown, wanted)| failure_of(grown, wanted));
            if self.invocation.ahead.is_none() && failure == Some(due) {
                return Reached::Growth;
            }
            let before = self.recorder.tally.executed;
            let stop = match self.invocation.ahead.take() {
                Some(stop) => stop,
                None if stepped => self.run_stepped(),
                None => self.run_to_breakpoint_or(|_, function, position| {
                    grows(function.instrs[position].op)
                }),
            };
            passed += self.recorder.tally.executed - before;
            match stop {
                Stop::SequencePoint => {}
                Stop::Throw { caught: true, .. } if !self.has_events() => continue,
                stop => {
                    self.invocation.ahead = Some(stop);
                    return Reached::Other;
                }
            }
            let Some(view) = self.machine.top() else {
                return Reached::Other;
            };
            let selects = stepped || self.breakpoints.selects(view.instance, view.pc().0);
            if self.has_events() && selects {
                return Reached::Event;
            }
            if passed >= POINTS_BETWEEN_EVENTS {
                self.ended = Some(Ended::PointLimit(POINTS_BETWEEN_EVENTS));
                self.invocation.ahead = Some(Stop::Exhausted(Exhaustion::CallDepth));
                return Reached::Other;
            }
        }
    }
}
