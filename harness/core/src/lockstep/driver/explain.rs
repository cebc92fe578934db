//! What causes predict of operands is counted.

use super::Driver;
use crate::causes::if_params::ShownOperand;
use crate::causes::{Cause, Known, if_without_else};
use crate::divergence::{Moment, count};
use crate::lockstep::checkers::evidence::Indices;
use crate::lockstep::checkers::frames::ValueDiff;
use crate::lockstep::verdict::Ended;
use crate::observe::Observation;
use crate::outcome::Outcome;
use crate::rules::RuleId;

impl Driver {
    /// A frame shows another number of operands: if a cause predicts exactly that number, the
    /// real ones among them are compared. The answer is what differs of them, by their real indices, and
    /// which operands are shown.
    pub(crate) fn explain_operands<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
    ) -> Option<(ValueDiff, Vec<ShownOperand>)> {
        let (following, tally) = (&mut self.following, &mut self.recorder.tally);
        let at_trap = moment == Moment::Trap && frame == 0;
        let among = self
            .comparison
            .among_predicted(following, observed, frame, at_trap, tally)?;
        self.take_changed(observed, moment, among.changed);
        self.count_operands(observed, moment, frame, among.shown.len(), among.known);
        Some((among.diff, among.shown))
    }

    pub(crate) fn count_converted<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
        index: Indices,
        known: Known,
    ) {
        if self.recorder.repeats(Some(known)) {
            return;
        }
        let rule = RuleId::OperandType;
        let (expected, shown) =
            self.comparison
                .value_pair(&self.following, observed, frame, rule, Some(index));
        let mut divergence =
            self.evidence(observed, moment, rule, Some(frame), Some(expected), shown);
        divergence.known = Some(known.cause());
        self.record(divergence);
    }

    /// A valid module did not compile.
    pub fn uncompiled(&mut self, module: &[u8], outcome: &Outcome) {
        let (rule, known) = match outcome {
            Outcome::Panicked(panic) => {
                let known = self.following.setting.cause(Cause::IfWithoutElse);
                let known = known.filter(|_| if_without_else::explains(module, panic));
                (RuleId::Panic, known)
            }
            _ => (RuleId::Instantiate, None),
        };
        let expected = "the module compiles".to_owned();
        self.report_known(rule, Moment::End, expected, outcome.describe(), known);
        self.end_if_known(known);
    }

    /// A cause that ends executions ends this one, in which it matched.
    pub(crate) fn end_if_known(&mut self, known: Option<Known>) {
        if let Some(known) = known {
            self.ended.get_or_insert(Ended::Known(known.cause()));
        }
    }

    fn count_operands<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
        shown: usize,
        known: Known,
    ) {
        if self.recorder.repeats(Some(known)) {
            return;
        }
        let rule = if frame == 0 {
            RuleId::OperandCount
        } else {
            RuleId::CallerOperands
        };
        let height = self
            .following
            .machine
            .frames()
            .nth(frame)
            .map_or(0, |view| view.operands.len());
        let expected = Some(count(height, "operand"));
        let observed_text = count(shown, "operand");
        let mut divergence =
            self.evidence(observed, moment, rule, Some(frame), expected, observed_text);
        divergence.known = Some(known.cause());
        self.record(divergence);
    }
}
