//! How an invocation ends.

use super::Driver;
use crate::causes::{Cause, Known};
use crate::divergence::Moment;
use crate::lockstep::following::invocation::Phase;
use crate::lockstep::verdict::{Ended, Expected, Verdict};
use crate::outcome::{HostFailure, Outcome, SeenTrap};
use crate::rules::RuleId;
use lockstep_oracles::machine::Stop;
use lockstep_oracles::trap::Exhaustion;
use lockstep_oracles::value::Value;

/// Whether a deadline of the epoch, or the end of fuel, ended the invocation wherever it was.
fn is_interrupted(phase: Phase, outcome: &Outcome) -> bool {
    let told = matches!(phase, Phase::DeadlineReached(_) | Phase::OutOfFuel);
    told || matches!(
        outcome,
        Outcome::Trapped(SeenTrap::OutOfFuel | SeenTrap::Interrupt)
            | Outcome::HostFailed(HostFailure::Deadline)
    )
}

impl Driver {
    /// Ends the current invocation with what the subject says came of it.
    pub fn finish(&mut self, outcome: &Outcome) -> Verdict {
        let phase = self.following.invocation.end();
        // The program may have gone on since the last event.
        self.comparison.references.look();
        if self.ended.is_none() {
            self.recorder.note(RuleId::Outcome);
        }
        if is_interrupted(phase, outcome) {
            self.following.note_half_made();
        }
        let verdict = self.finish_in(phase, outcome);
        self.following.settle_host_roots();
        self.note_exercised();
        if verdict == Verdict::Exhausted {
            self.comparison.taint.note_exhaustion();
            self.comparison.references.let_handles_go();
            self.following.history.lose_roots();
        }
        self.recorder
            .count_relaxed(&self.following.machine, self.following.setting.causes);
        self.count_changed_fields();
        self.following.invocation.previous = None;
        verdict
    }

    /// Notes the rules that were exercised in the invocation that has ended, and are counted nowhere.
    fn note_exercised(&mut self) {
        let noted = &mut self.recorder.tally.noted;
        if self.following.setting.neighbour && self.recorder.tally.sequence_points > 0 {
            noted.note(RuleId::Isolate);
        }
        if self.comparison.references.have_objects {
            let of_objects = [
                RuleId::RefNull,
                RuleId::RefKind,
                RuleId::RefType,
                RuleId::RefIdentity,
            ];
            of_objects.into_iter().for_each(|rule| noted.note(rule));
        }
        if self.comparison.references.have_contents {
            noted.note(RuleId::RefContent);
        }
    }

    /// Whether the debugger may drop the call that is being made: not an instantiation, of which no handle
    /// would be left.
    pub fn may_drop_call(&self) -> bool {
        self.ended.is_none()
            && !self.following.instantiation.runs()
            && self.following.machine.activations() > 0
    }

    /// Whether the handler may panic, at an event that is told while the program is unwound or at another: a
    /// cause may forbid it at the former, and in a call that is made there. Then it is done only if it is dared.
    pub fn may_panic(&mut self, unwinds: bool) -> bool {
        let unwinds = unwinds || self.following.invocation.is_unwound_outside();
        let known = self.following.setting.cause(Cause::PanickedHandler);
        self.may_drop_call() && self.may(known.filter(|_| unwinds))
    }

    /// The call was dropped, or the handler panicked, where the oracle is: neither side goes further.
    pub fn dropped(&mut self, panicked: bool) -> Verdict {
        while self.following.machine.activations() > 0 {
            self.following.machine.unwind();
        }
        self.following.invocation.drop_call();
        self.comparison.references.look();
        self.following.handler.lose_call(!panicked);
        self.following.leave_epoch(panicked);
        Verdict::Dropped
    }

    fn finish_in(&mut self, phase: Phase, outcome: &Outcome) -> Verdict {
        if self.ended.is_some() {
            self.following.machine.unwind();
            return Verdict::Lost;
        }
        let (growth, deadline) = (
            self.following.invocation.failed_growth.take(),
            self.following.invocation.deadline.take(),
        );
        match phase {
            Phase::Running => match (growth, deadline) {
                (Some(due), _) => self.finish_failed_growth(due, outcome),
                (None, Some(due)) => self.finish_at_deadline(due, false, outcome),
                (None, None) => self.finish_running(outcome),
            },
            Phase::DeadlineReached(due) => self.finish_at_deadline(due, true, outcome),
            Phase::Trapped(trap) => {
                self.following.machine.unwind();
                let agrees = matches!(outcome, Outcome::Trapped(seen) if seen.is(trap));
                self.check_outcome(agrees, Expected::Trapped(trap), outcome)
            }
            Phase::Overflowed => {
                self.following.machine.unwind();
                if *outcome != Outcome::Trapped(SeenTrap::StackOverflow) {
                    self.report_outcome("a stack overflow, as the event said", outcome);
                }
                Verdict::Exhausted
            }
            Phase::OutOfMemory => {
                self.following.machine.unwind();
                if *outcome != Outcome::Trapped(SeenTrap::OutOfMemory) {
                    self.report_outcome("an exhausted heap, as the event said", outcome);
                }
                Verdict::Exhausted
            }
            Phase::OutOfFuel => {
                self.following.machine.unwind();
                if *outcome != Outcome::Trapped(SeenTrap::OutOfFuel) {
                    self.report_outcome("fuel that is used up, as the event said", outcome);
                }
                Verdict::Exhausted
            }
            Phase::HostTrapping(trap) => {
                self.following.machine.unwind();
                if self.following.has_events() {
                    self.report_end(
                        RuleId::HostErrorEvent,
                        format!("an event of the trap that was passed on: {trap}"),
                        "no such event before the invocation ended".to_owned(),
                    );
                }
                let agrees = matches!(outcome, Outcome::Trapped(seen) if seen.is(trap));
                self.check_outcome(agrees, Expected::Trapped(trap), outcome)
            }
            Phase::HostFailing(failure) | Phase::HostFailed(failure) => {
                self.following.machine.unwind();
                if phase == Phase::HostFailing(failure) && self.following.has_events() {
                    self.report_end(
                        RuleId::HostErrorEvent,
                        format!("a HostcallError event: {failure}"),
                        "no such event before the invocation ended".to_owned(),
                    );
                }
                let agrees = *outcome == Outcome::HostFailed(failure);
                self.check_outcome(agrees, Expected::HostFailed(failure), outcome)
            }
            Phase::Thrown(exn) => self.finish_thrown(exn, outcome),
        }
    }

    fn finish_running(&mut self, outcome: &Outcome) -> Verdict {
        if matches!(outcome, Outcome::Trapped(SeenTrap::StackOverflow)) {
            return self.finish_overflow(outcome);
        }
        if let Outcome::Trapped(trap @ (SeenTrap::OutOfMemory | SeenTrap::OutOfFuel)) = outcome {
            // Where the heap was full, or fuel used up, is the subject's own; that an event says so is not.
            self.following.machine.unwind();
            if self.following.has_events() {
                self.report_end(
                    RuleId::TrapEvent,
                    format!("an event: {trap}"),
                    "no such event before the invocation ended".to_owned(),
                );
            }
            return Verdict::Exhausted;
        }
        if let Outcome::Failed(error) = outcome
            && !self.following.has_events()
            && let Some(known) = self.following.explain_collection(error)
        {
            return self.finish_collection(outcome, known);
        }
        let stop = self.advance();
        if let Some(verdict) = self.finish_component_trap(outcome) {
            return verdict;
        }
        match stop {
            Stop::Throw { exn, caught: false }
                if self.following.component.is_some() && !self.following.has_events() =>
            {
                self.finish_thrown(exn, outcome)
            }
            Stop::Return if self.following.component.is_some() => {
                // What a component returns is compared behind this.
                if !matches!(outcome, Outcome::Returned(_)) {
                    self.report_outcome("returned", outcome);
                }
                Verdict::Ended(Expected::Returned(Vec::new()))
            }
            Stop::Return => {
                self.comparison.adopt_result(&mut self.following, outcome);
                let mut results = self.following.machine.results().to_vec();
                if let Outcome::Returned(seen) = outcome {
                    self.follow_results(&mut results, seen);
                }
                self.check_results(&results, outcome);
                Verdict::Ended(Expected::Returned(results))
            }
            Stop::Trap(trap) => {
                let op = self.following.machine.current_op();
                let trap = match *outcome {
                    Outcome::Trapped(seen) => self.following.chosen_trap(trap, seen),
                    _ => trap,
                };
                let following = &self.following;
                let found = following
                    .has_events()
                    .then(|| following.silent_trap(trap, op));
                self.following.machine.unwind();
                let agrees = matches!(outcome, Outcome::Trapped(seen) if seen.is(trap));
                if agrees && found.is_some() {
                    self.report_new(Moment::End, found);
                }
                self.check_outcome(agrees, Expected::Trapped(trap), outcome)
            }
            Stop::Exhausted(limit) => {
                self.following.machine.unwind();
                self.ended.get_or_insert(Ended::OracleLimit(limit));
                Verdict::Lost
            }
            Stop::Throw { exn, caught: false } if matches!(outcome, Outcome::Thrown(_)) => {
                self.finish_silent_throw(exn, outcome)
            }
            stop @ (Stop::SequencePoint | Stop::HostCall(_) | Stop::Throw { .. }) => {
                self.finish_early(stop, outcome)
            }
        }
    }

    /// A collection ended the invocation by following what is no reference, and no handler was told.
    fn finish_collection(&mut self, outcome: &Outcome, known: Known) -> Verdict {
        self.following.machine.unwind();
        self.report_known(
            RuleId::Outcome,
            Moment::End,
            "no error of the engine's own".to_owned(),
            outcome.describe(),
            Some(known),
        );
        self.end_if_known(Some(known));
        Verdict::Lost
    }

    /// The subject ended where the oracle still has something to do.
    fn finish_early(&mut self, stop: Stop, outcome: &Outcome) -> Verdict {
        let found = self.following.ended_early(stop, outcome);
        let rule = found.rule;
        self.report(Moment::End, [found]);
        self.end_control(rule);
        Verdict::Lost
    }

    /// A stack overflow that no event announced.
    fn finish_overflow(&mut self, outcome: &Outcome) -> Verdict {
        if self.following.has_events() {
            // Between breakpoints the oracle lags behind; how deep the calls are is not known.
            let believable =
                !self.following.breakpoints.is_everywhere() || self.following.about_to_call();
            self.following.machine.unwind();
            if !believable {
                self.report_outcome("no stack overflow: no call is about to be entered", outcome);
            } else {
                let found = self.following.silent_overflow();
                self.report_new(Moment::End, Some(found));
            }
            return Verdict::Exhausted;
        }
        let stop = self.following.run_deep();
        if stop != Stop::Return {
            self.following.machine.unwind();
        }
        if stop != Stop::SequencePoint && !self.following.is_deep() {
            self.report_outcome("no stack overflow: the call depth is small", outcome);
        }
        Verdict::Exhausted
    }

    /// The subject made an instance that a limit of the oracle's own kept it from making.
    pub fn lost_instance(&mut self) {
        self.ended
            .get_or_insert(Ended::OracleLimit(Exhaustion::Instance));
    }

    pub(crate) fn check_outcome(
        &mut self,
        agrees: bool,
        expected: Expected,
        outcome: &Outcome,
    ) -> Verdict {
        if !agrees {
            self.report_outcome(&expected.describe(), outcome);
        }
        Verdict::Ended(expected)
    }

    fn check_results(&mut self, expected: &[Value], outcome: &Outcome) {
        let Outcome::Returned(seen) = outcome else {
            let expected = Expected::Returned(expected.to_vec()).describe();
            self.report_outcome(&expected, outcome);
            return;
        };
        if !expected.is_empty() {
            self.recorder.note(RuleId::Values);
        }
        let found = self
            .comparison
            .other_results(&self.following, expected, seen);
        self.report_and_end(Moment::End, found);
    }
}
