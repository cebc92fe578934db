//! The innermost frame at a `Trap` event is compared.

use super::Driver;
use crate::causes::slots::FunctionLayout;
use crate::causes::trap_elsewhere::{TrapEvidence, explain_trap};
use crate::causes::{Cause, Known};
use crate::divergence::{Moment, count};
use crate::lockstep::checkers::frames::ValueDiff;
use crate::lockstep::checkers::trap_frame::TrapFrame;
use crate::lockstep::following::places::expected_place;
use crate::lockstep::following::shapes::{at_height, height_of};
use crate::lockstep::recording::families::Family;
use crate::lockstep::verdict::Flow;
use crate::observe::{Observation, Walk};
use crate::rules::RuleId;
use lockstep_oracles::code::{Function, Shape};
use std::ops::Range;

impl Driver {
    /// Compares the frame that trapped.
    pub(crate) fn compare_trap_frame<O: Observation>(&mut self, observed: &mut O) -> Flow {
        let Some(view) = self.following.machine.top() else {
            return Flow::Continue;
        };
        let expected = expected_place(&view, self.following.setting.conventions);
        let mut walk = observed.walk();
        if walk.done() {
            drop(walk);
            return self.report_control(
                observed,
                Moment::Trap,
                RuleId::FrameCount,
                "the trapping frame".to_owned(),
                "no frame".to_owned(),
            );
        }
        self.recorder.tally.checked.note(Family::Trap, view.op());
        let frame = TrapFrame::of(&view, expected, &mut walk);
        drop(walk);
        let evidence = self.comparison.trap_evidence(&mut self.following, &frame);
        if !frame.is_placed() {
            self.report_trap(observed, RuleId::TrapPc, evidence, &frame);
        }
        if frame.is_in_function() {
            self.compare_innermost_locals(observed, Moment::Trap);
            self.compare_trap_operands(observed, evidence, &frame);
            self.recorder.tally.frames += 1;
        }
        Flow::Continue
    }

    /// Compares the innermost frame's locals where its operands need a way of their own.
    pub(crate) fn compare_innermost_locals<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
    ) {
        let tally = &mut self.recorder.tally;
        let diff = self
            .comparison
            .innermost_locals(&self.following, observed, tally);
        if let Some(diff) = diff {
            self.report_values(observed, moment, 0, diff);
        }
    }

    fn compare_trap_operands<O: Observation>(
        &mut self,
        observed: &mut O,
        evidence: TrapEvidence,
        frame: &TrapFrame,
    ) {
        if frame.is_placed() && self.explain_trap_operands(observed, frame) {
            return;
        }
        let mut diff = ValueDiff::default();
        let is_prefix = frame.left_of(frame.height).contains(&frame.operands);
        if frame.is_placed() && is_prefix {
            self.compare_prefix(observed, Moment::Trap, frame.operands, &mut diff);
        } else if let Some(unwritten) = self.following.setting.cause(Cause::TrapSlot) {
            match frame.shown {
                Some(shown) => {
                    let shown = (shown, frame.operands, frame.height);
                    self.compare_common(observed, Moment::Trap, unwritten, shown, &mut diff);
                }
                // The slots' types are not known.
                None => self.leave_out_operands(observed, unwritten, 0..frame.operands),
            }
        }
        let agrees = diff.operand_value.is_none() && diff.operand_type.is_none();
        if frame.is_placed() && is_prefix && agrees {
            // What is left reads as it does now for as long as the trap is told.
            self.following.machine.leave_operands(frame.operands);
            self.following.invocation.note_unwinding(true);
        }
        if !(is_prefix && agrees) {
            let evidence = TrapEvidence {
                operands_of_shown: evidence.operands_of_shown && agrees,
                ..evidence
            };
            self.report_trap(observed, RuleId::TrapStack, evidence, frame);
        }
        let references = ValueDiff {
            operand_reference: diff.operand_reference,
            operand_converted: diff.operand_converted,
            ..ValueDiff::default()
        };
        if references != ValueDiff::default() {
            self.report_values(observed, Moment::Trap, 0, references);
        }
    }

    /// Whether what is left are operands that a cause predicts at the trapping opcode, and not plainly
    /// the real ones: then the real ones among them are compared.
    fn explain_trap_operands<O: Observation>(
        &mut self,
        observed: &mut O,
        frame: &TrapFrame,
    ) -> bool {
        let predicted = self.following.shown_at(0, frame.trapping);
        let fits = |predicted: usize| frame.left_of(predicted).contains(&frame.operands);
        if !predicted.is_some_and(|predicted| fits(predicted.len()))
            || self.following.is_plainly_left(observed, frame)
        {
            return false;
        }
        let Some((diff, shown)) = self.explain_operands(observed, Moment::Trap, 0) else {
            return false;
        };
        self.report_among(observed, Moment::Trap, 0, diff, &shown);
        true
    }

    /// Compares that many operands, from the bottom, with those before the trapping opcode: each was
    /// shown at the event before it, and so its slot is written.
    pub(crate) fn compare_prefix<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        operands: usize,
        diff: &mut ValueDiff,
    ) {
        self.compare_slots(
            observed,
            moment,
            operands,
            |_, layout, shape| layout.top_operand(shape),
            diff,
        );
    }

    /// Compares the operands that a stack shown at another opcode has in common with the one before the
    /// trapping opcode. The slots of all others may never have been written.
    pub(crate) fn compare_common<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        unwritten: Known,
        (shown, operands, written): (usize, usize, usize),
        diff: &mut ValueDiff,
    ) {
        let plain = self.following.plainly_shown(shown);
        let Some(view) = self.following.machine.top() else {
            return;
        };
        let shown = view.function.before[shown];
        if height_of(view.function, shown) != operands {
            // The slots' types are not known.
            return self.leave_out_operands(observed, unwritten, 0..operands);
        }
        let common = operands.min(written).min(plain);
        self.leave_out_operands(observed, unwritten, common..operands);
        self.compare_slots(
            observed,
            moment,
            common,
            |function, layout, shape| {
                let height = height_of(function, shape);
                let theirs = at_height(function, shown, height);
                if theirs != shape {
                    return Some(unwritten);
                }
                layout.top_operand(shape)
            },
            diff,
        );
    }

    /// Leaves out operands whose slots may never have been written, unless they are dared.
    fn leave_out_operands<O: Observation>(
        &mut self,
        observed: &mut O,
        unwritten: Known,
        range: Range<usize>,
    ) {
        if !range.is_empty() && self.dares(unwritten) {
            return self.dare_operands(observed, range);
        }
        self.recorder.leave_out(unwritten, range.len() as u64);
    }

    /// Compares that many operands, from the bottom, but for those that a cause forbids to read.
    fn compare_slots<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        operands: usize,
        forbids: impl Fn(&Function, &FunctionLayout, Shape) -> Option<Known>,
        diff: &mut ValueDiff,
    ) {
        let (following, tally) = (&self.following, &mut self.recorder.tally);
        let changed = self
            .comparison
            .compare_slots(following, observed, operands, forbids, tally, diff);
        self.take_changed(observed, moment, changed);
    }

    /// Reports a difference at a trap, or counts it where a cause explains it.
    fn report_trap<O: Observation>(
        &mut self,
        observed: &mut O,
        rule: RuleId,
        evidence: TrapEvidence,
        frame: &TrapFrame,
    ) {
        let known = explain_trap(rule, Moment::Trap, evidence);
        let known = known.and_then(|cause| self.following.setting.cause(cause));
        if !self.recorder.is_news(rule, known) {
            return;
        }
        let operands = count(frame.operands, "operand");
        let shown = format!("PC {}, {operands}", frame.place.pc);
        let mut divergence = self.evidence(observed, Moment::Trap, rule, Some(0), None, shown);
        divergence.known = known.map(Known::cause);
        self.record(divergence);
    }
}
