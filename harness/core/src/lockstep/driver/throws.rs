//! Events of exceptions, and the end of an invocation that nothing caught.

use super::Driver;
use crate::divergence::Moment;
use crate::lockstep::checkers::throws::SeenThrow;
use crate::lockstep::recording::families::Family;
use crate::lockstep::recording::looks::Look;
use crate::lockstep::verdict::{Ended, Expected, Flow, Verdict};
use crate::observe::Observation;
use crate::outcome::{Outcome, SeenException};
use crate::rules::RuleId;
use lockstep_oracles::RefType;
use lockstep_oracles::address::ExnAddr;
use lockstep_oracles::machine::Stop;
use lockstep_oracles::value::{Ref, Value};

impl Driver {
    /// An event that tells of a thrown exception: the stack is that of the throw.
    pub fn throw<O: Observation>(&mut self, observed: &mut O, seen: &SeenThrow) -> Flow {
        self.comparison.budget.disturb();
        if self.ended.is_some() {
            return Flow::Stop;
        }
        if !self.following.invocation.is_running() {
            let expected = "no further event: the invocation has ended".to_owned();
            return self.misthrown(observed, RuleId::ThrowEvent, expected, seen);
        }
        let (exn, caught) = match self.advance() {
            Stop::Throw { exn, caught } => (exn, caught),
            _ if self.ended.is_some() => return Flow::Stop,
            Stop::Exhausted(limit) => {
                self.ended.get_or_insert(Ended::OracleLimit(limit));
                return Flow::Stop;
            }
            stop => {
                let expected = match stop {
                    Stop::SequencePoint => "an event at the next opcode".to_owned(),
                    Stop::HostCall(_) => "a host call".to_owned(),
                    Stop::Return => "the invocation to return".to_owned(),
                    Stop::Trap(trap) => format!("a trap: {trap}"),
                    Stop::Throw { .. } | Stop::Exhausted(_) => {
                        unreachable!("an arm of its own has this stop")
                    }
                };
                let lost = stop == Stop::SequencePoint && self.throws_ahead(observed);
                let rule = if lost {
                    self.following.breakpoints.lost_rule()
                } else {
                    RuleId::ThrowEvent
                };
                return self.misthrown(observed, rule, expected, seen);
            }
        };
        if let Some(op) = self.following.machine.current_op() {
            self.recorder.tally.checked.note(Family::Throw, op);
        }
        self.recorder.tally.throws += 1;
        let flow = self.compare_event(observed, Moment::Throw, Look::Throw);
        let agrees = seen.caught.is_none_or(|seen| seen == caught);
        let agrees = agrees && seen.pending;
        if flow == Flow::Continue && !(agrees && self.exception_agrees(exn, &seen.exception)) {
            let how = if caught { "a caught" } else { "an uncaught" };
            let expected = format!(
                "an event of {how} {}",
                self.following.describe_exception(exn)
            );
            let known = agrees
                .then(|| {
                    self.comparison
                        .explain_exception(&self.following, exn, &seen.exception)
                })
                .flatten();
            self.report_known(
                RuleId::ThrowEvent,
                Moment::Throw,
                expected,
                seen.to_string(),
                known,
            );
            self.end_if_known(known);
        }
        self.following.invocation.throw(exn, caught);
        flow
    }

    fn misthrown<O: Observation>(
        &mut self,
        observed: &mut O,
        rule: RuleId,
        expected: String,
        seen: &SeenThrow,
    ) -> Flow {
        self.report_control(observed, Moment::Throw, rule, expected, seen.to_string())
    }

    /// Whether the oracle comes to a throw when it is not stopped: then events are missing.
    fn throws_ahead<O: Observation>(&mut self, observed: &mut O) -> bool {
        let before = self
            .comparison
            .both_states(&self.following, observed, Moment::Throw);
        self.recorder.keep(before);
        matches!(self.following.run_ahead(), Stop::Throw { .. })
    }

    /// The host function is about to throw this exception.
    pub fn host_throw(&mut self, exn: ExnAddr) {
        self.comparison.budget.disturb();
        self.end_if_nan_is_buried();
        if self.ended.is_none() && self.following.machine.host_throw(exn).is_err() {
            // A host call is pending wherever a host function runs.
            unreachable!("a host function throws without having been called");
        }
        self.following.invocation.host_throw();
    }

    /// Whether the subject's exception is the oracle's: tag, payload and identity.
    pub(crate) fn exception_agrees(&mut self, exn: ExnAddr, seen: &SeenException) -> bool {
        let (tag, payload) = self.following.machine.exception(exn);
        let reference = Value::Ref(Ref::Exn(exn), RefType::EXNREF);
        seen.tag
            .map_or(self.comparison.references.unbound, |shown| shown == tag)
            && (self
                .comparison
                .values_agree(&self.following, &payload, &seen.payload)
                || self
                    .comparison
                    .unbound_agree(&self.following, &payload, &seen.payload)
                || self.agree_but_for_registers(&payload, &seen.payload))
            && self
                .comparison
                .value_agrees(&self.following, reference, seen.reference)
    }

    /// The invocation ended after an exception that nothing caught.
    pub(crate) fn finish_thrown(&mut self, exn: ExnAddr, outcome: &Outcome) -> Verdict {
        if let Some(verdict) = self.finish_component_throw(exn, outcome) {
            return verdict;
        }
        self.following.machine.unwind();
        let agrees = matches!(outcome, Outcome::Thrown(seen) if self.exception_agrees(exn, seen));
        self.check_outcome(agrees, Expected::Thrown(exn), outcome)
    }

    /// The invocation ended with an exception as it must, and no event said so: right where none is
    /// due, because there are no events or no frame threw.
    pub(crate) fn finish_silent_throw(&mut self, exn: ExnAddr, outcome: &Outcome) -> Verdict {
        let thrown_in_wasm =
            self.following.machine.top().is_some() || self.following.is_start_called_by_wasm();
        let due = self.following.has_events() && thrown_in_wasm;
        if due {
            let expected = format!(
                "an event of an uncaught {}",
                self.following.describe_exception(exn)
            );
            let observed = "no such event before the invocation ended".to_owned();
            self.report_end(RuleId::ThrowEvent, expected, observed);
        }
        self.finish_thrown(exn, outcome)
    }
}
