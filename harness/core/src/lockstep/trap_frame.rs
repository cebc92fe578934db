//! The innermost frame at a `Trap` event: where it is, and what of its operands is still there.

use super::comparison::Comparison;
use super::driver::Driver;
use super::families::Family;
use super::following::Following;
use super::frames::{Referents, ValueDiff, compare_locals, difference};
use super::places::expected_place;
use super::shapes::{at_height, height_of, taken_at};
use super::tally::Tally;
use super::verdict::Flow;
use crate::causes::if_params::plainly_shown;
use crate::causes::slots::FunctionLayout;
use crate::causes::trap_elsewhere::{self, TrapEvidence, explain_trap};
use crate::causes::{Cause, Known};
use crate::divergence::{Moment, count};
use crate::observe::{Observation, Place, Walk};
use crate::rules::RuleId;
use lockstep_oracles::ValType;
use lockstep_oracles::code::{Function, Shape};
use lockstep_oracles::machine::FrameView;
use lockstep_oracles::value::Cell;
use std::ops::{Range, RangeInclusive};

/// What a `Trap` event shows of the innermost frame, before any value is looked at.
#[derive(Clone, Copy)]
pub(super) struct TrapFrame {
    place: Place,
    /// Where it must be.
    expected: Place,
    /// Position of the trapping opcode.
    trapping: usize,
    /// Position of the opcode at the PC shown, if control can reach one there.
    shown: Option<usize>,
    /// How many operands are shown.
    operands: usize,
    /// How many there were before the opcode.
    height: usize,
    /// How many of them the opcode takes.
    taken: usize,
}

impl TrapFrame {
    fn of<W: Walk>(view: &FrameView<'_>, expected: Place, walk: &mut W) -> TrapFrame {
        let place = walk.place();
        let shown = view.function.position(place.pc);
        TrapFrame {
            place,
            expected,
            trapping: view.position,
            shown: shown.filter(|&at| view.function.reachable[at]),
            operands: walk.num_operands() as usize,
            height: view.operands.len(),
            taken: taken_at(view.function, view.position),
        }
    }

    fn is_placed(&self) -> bool {
        self.place == self.expected
    }

    fn is_in_function(&self) -> bool {
        self.place.instance == self.expected.instance && self.place.func == self.expected.func
    }

    /// Of a stack of that many operands before the opcode: how many may be left.
    fn left_of(&self, height: usize) -> RangeInclusive<usize> {
        height.saturating_sub(self.taken)..=height
    }
}

impl Comparison {
    /// What the causes of a trap that is shown elsewhere must know of it.
    fn trap_evidence(&mut self, following: &mut Following, frame: &TrapFrame) -> TrapEvidence {
        let function = following
            .machine
            .top()
            .map(|view| (view.instance, view.function.index));
        let earlier = function.and_then(|function| self.precedents.trap_of(function));
        if let (Some(function), Some(shown)) = (function, frame.shown)
            && frame.is_in_function()
            && shown != frame.trapping
            && following.may_be_last(frame)
        {
            self.precedents.note_trap(function, shown);
        }
        TrapEvidence {
            same_function: frame.is_in_function(),
            trapping: frame.trapping,
            shown: frame.shown,
            earlier,
            operands_of_shown: following.operands_at(frame.shown) == Some(frame.operands),
            may_be_last: following.may_be_last(frame),
        }
    }

    /// How the innermost frame's locals differ.
    fn innermost_locals<O: Observation>(
        &mut self,
        following: &Following,
        observed: &mut O,
        tally: &mut Tally,
    ) -> Option<ValueDiff> {
        let view = following.machine.top()?;
        let layout = following.program.layout(&view);
        let mut diff = None;
        let mut referents = Referents {
            machine: &following.machine,
            references: &mut self.references,
        };
        referents.references.look();
        let mut walk = observed.walk();
        compare_locals(&view, layout, &mut walk, &mut referents, tally, &mut diff);
        diff
    }

    /// Compares that many operands, from the bottom, but for those that a cause forbids to read. The answer is
    /// what those show that an event may have changed.
    fn compare_slots<O: Observation>(
        &mut self,
        following: &Following,
        observed: &mut O,
        operands: usize,
        forbids: impl Fn(&Function, &FunctionLayout, Shape) -> Option<Known>,
        tally: &mut Tally,
        diff: &mut ValueDiff,
    ) -> Vec<(usize, Cell)> {
        let may_change = self.look_for_changed(following, tally.sequence_points);
        let mut changed = Vec::new();
        let Some(view) = following.machine.top() else {
            return changed;
        };
        let depth = following.machine.depth();
        let layout = following.program.layout(&view);
        let mut referents = Referents {
            machine: &following.machine,
            references: &mut self.references,
        };
        let mut walk = observed.walk();
        for (index, shape, ty) in lowest(&view, operands) {
            if let Some(known) = forbids(view.function, layout, shape) {
                tally.left_out.count(known, 1);
                continue;
            }
            tally.values += 1;
            tally.checked.note(Family::Operands, view.op());
            let expected = (ty, view.operands[index as usize]);
            let seen = walk.operand(index);
            if seen.is(expected.0, expected.1) {
                continue;
            }
            if may_change
                && let at = index as usize
                && let Some(cell) = self.registers.changed_operand(depth, &view, (at, ty), seen)
            {
                changed.push((at, cell));
            } else if let Some(fault) = difference(&mut walk, &mut referents, &view, expected, seen)
            {
                diff.note_operand(index, fault);
            }
        }
        changed
    }
}

impl Following {
    /// Whether the opcode shown may be the function's last in the order of the machine code.
    fn may_be_last(&self, frame: &TrapFrame) -> bool {
        let shown = self.machine.top().zip(frame.shown);
        shown.is_some_and(|(view, shown)| {
            trap_elsewhere::may_be_last(view.function, shown, frame.trapping)
        })
    }

    /// How many operands are shown at a position of the trapping function.
    pub(super) fn operands_at(&mut self, position: Option<usize>) -> Option<usize> {
        let position = position?;
        if let Some(predicted) = self.shown_at(0, position) {
            return Some(predicted.len());
        }
        let view = self.machine.top()?;
        Some(height_of(view.function, view.function.before[position]))
    }

    /// Whether the operands shown are numbers alone, and the lowest of those before the opcode.
    fn is_plainly_left<O: Observation>(&self, observed: &mut O, frame: &TrapFrame) -> bool {
        let Some(view) = self.machine.top() else {
            return false;
        };
        if !frame.left_of(frame.height).contains(&frame.operands) {
            return false;
        }
        let layout = self.program.layout(&view);
        let mut walk = observed.walk();
        lowest(&view, frame.operands).all(|(index, shape, ty)| {
            let number = !matches!(ty, ValType::Ref(_));
            let readable = number && layout.top_operand(shape).is_none();
            readable && walk.operand(index).is(ty, view.operands[index as usize])
        })
    }

    /// How many operands are in the same slots where the program is and at the opcode that is shown.
    fn plainly_shown(&mut self, shown: usize) -> usize {
        let Some(here) = self.machine.top().map(|view| view.position) else {
            return usize::MAX;
        };
        let stacks = self.stacks_of(0);
        stacks.map_or(usize::MAX, |stacks| plainly_shown(stacks, [here, shown]))
    }
}

impl Driver {
    /// Compares the frame that trapped.
    pub(super) fn compare_trap_frame<O: Observation>(&mut self, observed: &mut O) -> Flow {
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
    pub(super) fn compare_innermost_locals<O: Observation>(
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
    pub(super) fn compare_prefix<O: Observation>(
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
    pub(super) fn compare_common<O: Observation>(
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

/// The lowest operands of a frame: index, shape up to it, and type; the topmost of them first.
fn lowest<'a>(
    view: &FrameView<'a>,
    operands: usize,
) -> impl Iterator<Item = (u32, Shape, ValType)> + use<'a> {
    let function = view.function;
    let mut next = at_height(function, view.shape, operands);
    std::iter::from_fn(move || {
        let shape = next;
        let node = &function.shapes[shape?.0 as usize];
        next = node.below;
        Some((node.height - 1, shape, node.ty))
    })
}
