//! Differences as they are reported, where the stack is no evidence, and recorded.

use super::Driver;
use crate::causes::pulley_registers::can_break;
use crate::causes::{Cause, Known};
use crate::divergence::{Divergence, Moment};
use crate::lockstep::checkers::difference::Difference;
use crate::lockstep::verdict::{Ended, Flow};
use crate::outcome::Outcome;
use crate::rules::RuleId;

impl Driver {
    pub(crate) fn report_outcome(&mut self, expected: &str, outcome: &Outcome) {
        let rule = match outcome {
            Outcome::Panicked(_) => RuleId::Panic,
            _ => RuleId::Outcome,
        };
        self.report_end(rule, expected.to_owned(), outcome.describe());
    }

    /// The engine panicked while the guest ran: nothing is compared any more.
    pub fn panicked(&mut self, message: &str) {
        self.catch_up();
        let known = self.following.explain_panic(message);
        let observed = format!("the engine panicked: {message}");
        let expected = "no panic".to_owned();
        self.report_known(RuleId::Panic, Moment::End, expected, observed, known);
        self.end_if_known(known);
        self.ended.get_or_insert(Ended::Control(RuleId::Panic));
    }

    /// Runs the oracle on where nothing tells how far the subject came: what causes ask of the program may have
    /// been executed by then.
    fn catch_up(&mut self) {
        let runs = self.following.machine.activations() > 0
            && self.following.invocation.is_running()
            && self.following.invocation.ahead.is_none();
        if runs && self.ended.is_none() && !self.following.setting.is_instrumented() {
            let _ = self.advance();
        }
    }

    /// Reports a difference that is not about the stack.
    pub fn report_end(&mut self, rule: RuleId, expected: String, observed: String) {
        self.report_plain(rule, Moment::End, expected, observed);
    }

    /// Reports what a checker found; the stack is no evidence of it.
    pub(crate) fn report(&mut self, moment: Moment, found: impl IntoIterator<Item = Difference>) {
        for Difference {
            rule,
            expected,
            observed,
            known,
        } in found
        {
            self.report_known(rule, moment, expected, observed, known);
        }
    }

    /// The same, unless the cause that explains it matched before: then the match is counted.
    pub(crate) fn report_new(&mut self, moment: Moment, found: Option<Difference>) {
        let new = found.filter(|found| !self.recorder.repeats(found.known));
        self.report(moment, new);
    }

    /// The same, of a difference after which nothing can be compared if a cause explains it.
    pub(crate) fn report_and_end(&mut self, moment: Moment, found: Option<Difference>) {
        let known = found.as_ref().and_then(|found| found.known);
        self.report(moment, found);
        self.end_if_known(known);
    }

    /// Reports a difference for which the stack is no evidence.
    pub fn report_plain(
        &mut self,
        rule: RuleId,
        moment: Moment,
        expected: String,
        observed: String,
    ) {
        let divergence = self.recorder.divergence(rule, moment, expected, observed);
        self.record(divergence);
    }

    /// The same, for a difference that a cause may explain.
    pub fn report_known(
        &mut self,
        rule: RuleId,
        moment: Moment,
        expected: String,
        observed: String,
        known: Option<Known>,
    ) {
        let mut divergence = self.recorder.divergence(rule, moment, expected, observed);
        divergence.known = known.map(Known::cause);
        self.record(divergence);
    }

    /// Reports an event where none can be, and ends the case. The stack is no evidence: nothing is known of
    /// what may be read there.
    pub(crate) fn report_misplaced(
        &mut self,
        rule: RuleId,
        moment: Moment,
        expected: &str,
        shown: &str,
    ) -> Flow {
        let mut divergence =
            self.recorder
                .divergence(rule, moment, expected.to_owned(), shown.to_owned());
        divergence.site = self.following.site();
        self.record(divergence);
        self.end_control(rule);
        Flow::Stop
    }

    /// Records a divergence; one that events on Pulley may have caused is set aside, and ends the
    /// execution: whether they did is for the case to find out.
    pub(crate) fn record(&mut self, mut divergence: Divergence) {
        if self.is_of_dare(&divergence) {
            return;
        }
        let freed = || {
            let rule = divergence.rule;
            self.following
                .explain_freed(rule)
                .filter(|_| divergence.known.is_none())
        };
        if let Some(known) = self.following.explain_strayed(&divergence).or_else(freed) {
            divergence.known = Some(known.cause());
            self.end_if_known(Some(known));
        }
        let of_value = can_break(divergence.rule) && divergence.rule != RuleId::Panic;
        if divergence.known.is_none() && of_value && self.comparison.taint.is_tainted() {
            // The program shows what an exhaustion left to the engine.
            self.ended.get_or_insert(Ended::OtherState);
            return;
        }
        let suspect = divergence.known.is_none()
            && self.comparison.registers_may_break(
                &self.following,
                self.recorder.tally.sequence_points,
                divergence.rule,
            );
        let registers = self.following.setting.cause(Cause::PulleyRegisters);
        let Some(known) = registers.filter(|_| suspect) else {
            return self.recorder.findings.add(divergence);
        };
        self.recorder.findings.suspect(divergence);
        self.ended = Some(Ended::Known(known.cause()));
    }
}
