//! The innermost frame at a `Trap` event: where it is, and what of its operands is still there.

use super::comparison::Comparison;
use super::frames::{Referents, ValueDiff, compare_locals, difference};
use crate::causes::Known;
use crate::causes::if_params::plainly_shown;
use crate::causes::slots::FunctionLayout;
use crate::causes::trap_elsewhere::{self, TrapEvidence};
use crate::lockstep::following::Following;
use crate::lockstep::following::shapes::{at_height, height_of, taken_at};
use crate::lockstep::recording::families::Family;
use crate::lockstep::recording::tally::Tally;
use crate::observe::{Observation, Place, Walk};
use lockstep_oracles::ValType;
use lockstep_oracles::code::{Function, Shape};
use lockstep_oracles::machine::FrameView;
use lockstep_oracles::value::Cell;
use std::ops::RangeInclusive;

/// What a `Trap` event shows of the innermost frame, before any value is looked at.
#[derive(Clone, Copy)]
pub(crate) struct TrapFrame {
    pub(crate) place: Place,
    /// Where it must be.
    expected: Place,
    /// Position of the trapping opcode.
    pub(crate) trapping: usize,
    /// Position of the opcode at the PC shown, if control can reach one there.
    pub(crate) shown: Option<usize>,
    /// How many operands are shown.
    pub(crate) operands: usize,
    /// How many there were before the opcode.
    pub(crate) height: usize,
    /// How many of them the opcode takes.
    taken: usize,
}

impl TrapFrame {
    pub(crate) fn of<W: Walk>(view: &FrameView<'_>, expected: Place, walk: &mut W) -> TrapFrame {
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

    pub(crate) fn is_placed(&self) -> bool {
        self.place == self.expected
    }

    pub(crate) fn is_in_function(&self) -> bool {
        self.place.instance == self.expected.instance && self.place.func == self.expected.func
    }

    /// Of a stack of that many operands before the opcode: how many may be left.
    pub(crate) fn left_of(&self, height: usize) -> RangeInclusive<usize> {
        height.saturating_sub(self.taken)..=height
    }
}

impl Comparison {
    /// What the causes of a trap that is shown elsewhere must know of it.
    pub(crate) fn trap_evidence(
        &mut self,
        following: &mut Following,
        frame: &TrapFrame,
    ) -> TrapEvidence {
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
    pub(crate) fn innermost_locals<O: Observation>(
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
    pub(crate) fn compare_slots<O: Observation>(
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
    pub(crate) fn operands_at(&mut self, position: Option<usize>) -> Option<usize> {
        let position = position?;
        if let Some(predicted) = self.shown_at(0, position) {
            return Some(predicted.len());
        }
        let view = self.machine.top()?;
        Some(height_of(view.function, view.function.before[position]))
    }

    /// Whether the operands shown are numbers alone, and the lowest of those before the opcode.
    pub(crate) fn is_plainly_left<O: Observation>(
        &self,
        observed: &mut O,
        frame: &TrapFrame,
    ) -> bool {
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
    pub(crate) fn plainly_shown(&mut self, shown: usize) -> usize {
        let Some(here) = self.machine.top().map(|view| view.position) else {
            return usize::MAX;
        };
        let stacks = self.stacks_of(0);
        stacks.map_or(usize::MAX, |stacks| plainly_shown(stacks, [here, shown]))
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
