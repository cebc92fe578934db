//! Differences of the stack are named by their rules, and reported.

use super::Driver;
use crate::causes::Known;
use crate::causes::if_params::ShownOperand;
use crate::divergence::Moment;
use crate::lockstep::checkers::classify::show_place;
use crate::lockstep::checkers::daring::at_frame;
use crate::lockstep::checkers::evidence::Indices;
use crate::lockstep::checkers::fault::Fault;
use crate::lockstep::checkers::frames::{StackDiff, ValueDiff};
use crate::lockstep::verdict::{Ended, Flow};
use crate::observe::{Observation, Place, Walk};
use crate::rules::RuleId;
use crate::snapshot::Snapshot;

/// Rules whose violation means that the two sides are no longer at the same place.
fn is_control(rule: RuleId) -> bool {
    matches!(
        rule,
        RuleId::StepLost
            | RuleId::StepSpurious
            | RuleId::BreakLost
            | RuleId::BreakSpurious
            | RuleId::Isolate
            | RuleId::FrameCount
            | RuleId::FrameOrder
            | RuleId::FrameFunction
            | RuleId::FramePc
    )
}

impl Driver {
    /// The stacks differ in structure: names the rule, reports it, and ends the case if it is one of control.
    pub(crate) fn misplaced<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        diff: StackDiff,
    ) -> Flow {
        if let Some(flow) = self.explain_host_activation(observed, moment) {
            return flow;
        }
        let expected: Vec<Place> = self.following.expected_places();
        let seen = Snapshot::places(observed, self.following.visible_frames());
        let frame = match diff {
            StackDiff::Place { frame }
            | StackDiff::Missing { frame }
            | StackDiff::Extra { frame }
            | StackDiff::Activation { frame } => frame,
        };
        let rule = if matches!(diff, StackDiff::Activation { .. }) {
            RuleId::FrameActivation
        } else {
            let following = &mut self.following;
            let (rule, before) = self
                .comparison
                .structural_rule(following, observed, moment, &expected, &seen, frame);
            // The report shows the state before that: the first event that differs.
            before
                .into_iter()
                .for_each(|before| self.recorder.keep(before));
            rule
        };
        let show = |place: Option<&Place>| place.map_or("no frame".to_owned(), |p| show_place(*p));
        let (wanted, shown) = match rule {
            RuleId::FrameActivation => ("as the oracle's".to_owned(), "the other".to_owned()),
            RuleId::FrameCount => (
                format!("{} frames", expected.len()),
                format!("{} frames", seen.len()),
            ),
            _ => (show(expected.get(frame)), show(seen.get(frame))),
        };
        // Once the oracle has looked ahead there is no way back.
        let control = is_control(rule) || self.recorder.has_looked_ahead();
        if control || self.recorder.findings.is_news(rule) {
            let divergence =
                self.evidence(observed, moment, rule, Some(frame), Some(wanted), shown);
            self.record(divergence);
        }
        if !control {
            return Flow::Continue;
        }
        self.end_control(rule);
        Flow::Stop
    }

    /// Reports a difference of control and ends the case.
    pub(crate) fn report_control<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        rule: RuleId,
        expected: String,
        shown: String,
    ) -> Flow {
        let divergence = self.evidence(observed, moment, rule, None, Some(expected), shown);
        self.record(divergence);
        self.end_control(rule);
        Flow::Stop
    }

    /// Reports each kind of value that differs in a frame, once a rule.
    pub(crate) fn report_values<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
        diff: ValueDiff,
    ) {
        self.report_among(observed, moment, frame, diff, &[]);
    }

    /// The same where operands are shown among others; none are given where they are shown alone.
    pub(crate) fn report_among<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
        mut diff: ValueDiff,
        operands: &[ShownOperand],
    ) {
        if self.comparison.registers.are_changed() {
            match self.follow_registers(observed, moment, frame, diff) {
                Some(left) => diff = left,
                None => return,
            }
        }
        if diff.operand_count
            && let Some((explained, shown)) = self.explain_operands(observed, moment, frame)
        {
            diff.operand_count = false;
            diff.operand_type = explained.operand_type;
            diff.operand_value = explained.operand_value;
            diff.operand_reference = explained.operand_reference;
            diff.operand_converted = explained.operand_converted;
            return self.report_each(observed, moment, frame, diff, &shown);
        }
        self.report_each(observed, moment, frame, diff, operands);
    }

    fn report_each<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
        mut diff: ValueDiff,
        operands: &[ShownOperand],
    ) {
        let local = Indices::same;
        let operand = |index| Indices::among(operands, index);
        if let Some(index) = diff.operand_converted {
            match self.following.explain_converted(frame, index) {
                Some(known) => {
                    self.count_converted(observed, moment, frame, operand(index), known);
                }
                None => {
                    diff.operand_type = Some(diff.operand_type.map_or(index, |at| at.min(index)));
                }
            }
        }
        let operand_count = if frame == 0 {
            RuleId::OperandCount
        } else {
            RuleId::CallerOperands
        };
        if let Some((index, fault)) = diff.local_reference {
            self.report_reference(observed, moment, (frame, true, local(index)), fault);
        }
        if let Some((index, fault)) = diff.operand_reference {
            self.report_reference(observed, moment, (frame, false, operand(index)), fault);
        }
        let locals = |index: Option<u32>| index.map(|index| Some(local(index)));
        let operands = |index: Option<u32>| index.map(|index| Some(operand(index)));
        let found = [
            (diff.local_count.then_some(None), RuleId::LocalCount),
            (locals(diff.local_type), RuleId::LocalType),
            (locals(diff.local_value), RuleId::LocalValue),
            (diff.operand_count.then_some(None), operand_count),
            (operands(diff.operand_type), RuleId::OperandType),
            (operands(diff.operand_value), RuleId::OperandValue),
        ];
        for (index, rule) in found {
            let Some(index) = index else { continue };
            let known = match (rule, index) {
                (RuleId::OperandValue, Some(index)) => {
                    self.explain_operand_value(observed, frame, index)
                }
                _ => None,
            };
            if known.is_none() && !self.recorder.findings.is_news(rule) {
                continue;
            }
            let (expected, shown) =
                self.comparison
                    .value_pair(&self.following, observed, frame, rule, index);
            let mut divergence =
                self.evidence(observed, moment, rule, Some(frame), Some(expected), shown);
            divergence.known = known.map(Known::cause);
            self.record(divergence);
            self.end_if_known(known);
        }
    }

    /// The cause that explains why an operand has another value.
    fn explain_operand_value<O: Observation>(
        &self,
        observed: &mut O,
        frame: usize,
        index: Indices,
    ) -> Option<Known> {
        let stale = self.following.explain_stale_host(frame, index.real);
        stale.or_else(|| {
            let mut walk = observed.walk();
            let shown = at_frame(&mut walk, frame).then(|| walk.operand(index.shown));
            self.following.explain_moved(frame, index.real, shown?)
        })
    }

    /// Reports a local or operand that does not denote what it should.
    fn report_reference<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        (frame, is_local, index): (usize, bool, Indices),
        fault: Fault,
    ) {
        let Some(rule) = fault.rule() else { return };
        // In the same look a reference was shown that denotes no object any more: which one it was taken for
        // decides what the others seem to denote.
        if matches!(self.ended, Some(Ended::Known(_))) {
            return;
        }
        let stale = || {
            (!is_local)
                .then(|| self.following.explain_stale(frame, index.real))
                .flatten()
        };
        let known = self
            .comparison
            .explain_identity(&self.following, fault)
            .or_else(stale);
        if known.is_none() && !self.recorder.findings.is_news(rule) {
            return;
        }
        let place = if is_local {
            RuleId::LocalValue
        } else {
            RuleId::OperandValue
        };
        let (expected, shown) =
            self.comparison
                .value_pair(&self.following, observed, frame, place, Some(index));
        let (expected, shown) = fault.tell(expected, shown);
        let mut divergence =
            self.evidence(observed, moment, rule, Some(frame), Some(expected), shown);
        divergence.known = known.map(Known::cause);
        self.record(divergence);
        self.end_if_known(known);
    }
}
