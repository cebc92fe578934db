//! A breakpoint event of which the sampler says what is compared.

use super::Driver;
use crate::causes::slots::FunctionLayout;
use crate::divergence::Moment;
use crate::lockstep::checkers::frames::{
    Referents, StackDiff, ValueDiff, compare_local, compare_operand, compare_stack, compare_values,
};
use crate::lockstep::checkers::sampler::{Extent, Part, WHOLE, WINDOW};
use crate::lockstep::following::places::expected_place;
use crate::lockstep::recording::families::Family;
use crate::lockstep::recording::tally::Tally;
use crate::lockstep::verdict::Flow;
use crate::observe::{Observation, Walk};
use lockstep_oracles::machine::{FrameView, Stop};

impl Driver {
    /// Whether the sampler says what is compared at a breakpoint event. Not before the case has read some
    /// values ([`WHOLE`]); in single-step alone, where it is known what lies between two events; and not
    /// where events change registers, since which values of a frame are changed is followed from one whole
    /// look to the next (`PULLEY-VECTORS`).
    #[inline]
    pub(crate) fn samples(&self) -> bool {
        self.comparison.budget.frames.is_sampled()
            && self.recorder.tally.values >= WHOLE
            && self.following.breakpoints.is_everywhere()
            && !self.following.setting.inlined
            && !self.comparison.nans.any
            && !self.following.instantiation.runs()
            && !self.comparison.registers.are_changed()
            && self.following.before_repetition().is_none()
    }

    /// A `Breakpoint` event in single-step, of which nothing must be known before the subject is looked at.
    pub(crate) fn breakpoint_sampled<O: Observation>(&mut self, observed: &mut O) -> Flow {
        // Stays empty, and so allocates nothing, while nothing differs.
        let mut values: Vec<(usize, ValueDiff)> = Vec::new();
        let (op, place, structure) = {
            // As where the innermost frame alone is compared: the walk begins before the oracle runs.
            let mut walk = observed.walk();
            let shown = (!walk.done()).then(|| walk.place());
            let stop = self.advance();
            if stop != Stop::SequencePoint {
                drop(walk);
                return self.spurious(observed, stop);
            }
            let Some(view) = self.following.machine.top() else {
                return Flow::Continue;
            };
            let place = expected_place(&view, self.following.setting.conventions);
            let extent = self
                .comparison
                .budget
                .sampler
                .extent(&self.following.machine, &view);
            let depth = self.following.machine.depth();
            let program = &self.following.program;
            let tally = &mut self.recorder.tally;
            let mut referents = Referents {
                machine: &self.following.machine,
                references: &mut self.comparison.references,
            };
            referents.references.look();
            let structure = match extent {
                _ if shown != Some(place) => Some(StackDiff::Place { frame: 0 }),
                Extent::Frames(limit) if limit > 1 || depth == 1 => compare_stack(
                    self.following.machine.frames(),
                    depth,
                    limit,
                    1,
                    self.following.setting.conventions,
                    |view| program.layout(view),
                    &mut walk,
                    &mut referents,
                    tally,
                    |frame, diff| values.push((frame, diff)),
                ),
                innermost => {
                    let layout = program.layout(&view);
                    let (walk, referents) = (&mut walk, &mut referents);
                    let mut diff = None;
                    match innermost {
                        Extent::Frames(_) => {
                            compare_values(&view, layout, walk, referents, tally, &mut diff);
                        }
                        Extent::Part(part) => {
                            compare_part(&view, part, layout, walk, referents, tally, &mut diff);
                        }
                    }
                    tally.frames_skipped += depth as u64 - 1;
                    values.extend(diff.map(|diff| (0, diff)));
                    None
                }
            };
            (view.op(), place, structure)
        };
        for (frame, diff) in values {
            self.report_values(observed, Moment::Breakpoint, frame, diff);
        }
        if let Some(diff) = structure
            && self.misplaced(observed, Moment::Breakpoint, diff) == Flow::Stop
        {
            return Flow::Stop;
        }
        self.matched(observed, op, place);
        self.unless_it_waits()
    }
}

/// Compares the numbers of locals and operands, and some of the values, of the frame that `walk` is at.
fn compare_part<W: Walk>(
    view: &FrameView<'_>,
    part: Part,
    layout: &FunctionLayout,
    walk: &mut W,
    referents: &mut Referents<'_, '_>,
    tally: &mut Tally,
    diff: &mut Option<ValueDiff>,
) {
    let (locals, operands) = (view.locals.len(), view.operands.len());
    tally.frames += 1;
    let before = tally.values;
    if walk.num_locals() as usize == locals {
        let turns = (0..WINDOW.min(locals)).map(|nth| match part.local + nth {
            index if index < locals => index,
            index => index - locals,
        });
        for index in part.set.into_iter().chain(turns) {
            let (cell, ty) = (view.locals[index], view.function.locals[index]);
            match layout.local(index).or_else(|| layout.unset(ty, cell)) {
                Some(known) => tally.left_out.count(known, 1),
                None => {
                    compare_local(walk, referents, view, (index, ty, cell), diff);
                    tally.values += 1;
                }
            }
        }
        if tally.values > before {
            tally.checked.note(Family::Locals, view.op());
        }
    } else {
        diff.get_or_insert_default().local_count = true;
    }
    if walk.num_operands() as usize == operands {
        let compared = compare_some_operands(view, part, layout, walk, referents, tally, diff);
        if compared > 0 {
            tally.checked.note(Family::Operands, view.op());
        }
        tally.values += compared;
    } else {
        diff.get_or_insert_default().operand_count = true;
    }
    let compared = tally.values - before;
    tally.values_skipped += ((locals + operands) as u64).saturating_sub(compared);
}

/// Compares the top operands, and those below whose turn it is; how many.
fn compare_some_operands<W: Walk>(
    view: &FrameView<'_>,
    part: Part,
    layout: &FunctionLayout,
    walk: &mut W,
    referents: &mut Referents<'_, '_>,
    tally: &mut Tally,
    diff: &mut Option<ValueDiff>,
) -> u64 {
    let deep = view.operands.len() - part.top;
    let turns = |index: usize| {
        let ahead = match index < part.operand {
            true => index + deep,
            false => index,
        };
        index >= deep || ahead - part.operand < WINDOW
    };
    let mut compared = 0;
    // Types are known from the top down.
    let mut shape = view.shape;
    for (index, &cell) in view.operands.iter().enumerate().rev() {
        let Some(id) = shape else { break };
        let node = &view.function.shapes[id.0 as usize];
        if turns(index) {
            if let Some(known) = layout.top_operand(shape) {
                tally.left_out.count(known, 1);
            } else {
                compared += 1;
                compare_operand(walk, referents, view, (index, node.ty, cell), diff);
            }
        }
        shape = node.below;
    }
    compared
}

#[cfg(test)]
mod tests;
