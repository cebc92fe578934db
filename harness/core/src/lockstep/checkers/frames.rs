//! The frame checkers: one frame, or the whole stack, of the subject against the oracle's.
//!
//! Nothing here allocates: a comparison answers with a small description of what differs, and the
//! report is made elsewhere, from a snapshot, only when there is something to report.

use super::fault::{Fault, IN_FRAMES, Scope};
use super::references::References;
use crate::causes::slots::FunctionLayout;
use crate::conventions::Conventions;
use crate::lockstep::following::places::expected_place;
use crate::lockstep::recording::families::Family;
use crate::lockstep::recording::tally::Tally;
use crate::observe::{Boundary, Walk};
use crate::seen::Seen;
use lockstep_oracles::ValType;
use lockstep_oracles::machine::{FrameView, Machine};
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::value::{Cell, Ref};

/// What of a frame's values differs. Each part is the first index at which it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValueDiff {
    /// The number of locals differs.
    pub local_count: bool,
    /// First local with another type.
    pub local_type: Option<u32>,
    /// First local with the right type and another value.
    pub local_value: Option<u32>,
    /// First local whose reference denotes something else, and how.
    pub local_reference: Option<(u32, Fault)>,
    /// The number of operands differs.
    pub operand_count: bool,
    /// First operand (0 at the bottom) with another type.
    pub operand_type: Option<u32>,
    /// First operand with the right type and another value.
    pub operand_value: Option<u32>,
    /// First operand whose reference denotes something else, and how.
    pub operand_reference: Option<(u32, Fault)>,
    /// Lowest operand that is right but for the hierarchy of its type.
    pub operand_converted: Option<u32>,
}

/// What a comparison of references needs: all that the oracle holds, and which object is which.
pub struct Referents<'m, 'r> {
    /// The oracle.
    pub machine: &'m Machine,
    /// Which of the subject's objects is which of its.
    pub references: &'r mut References,
}

impl ValueDiff {
    /// How the operand at `index` differs: below all that were noted.
    pub(crate) fn note_operand(&mut self, index: u32, fault: Fault) {
        match fault {
            Fault::Converted => self.operand_converted = Some(index),
            Fault::StaticType => self.operand_type = Some(index),
            Fault::Value => self.operand_value = Some(index),
            fault => self.operand_reference = Some((index, fault)),
        }
    }

    /// How the local at `index` differs: behind all that were noted.
    pub(crate) fn note_local(&mut self, index: u32, fault: Fault) {
        match fault {
            Fault::StaticType | Fault::Converted => {
                self.local_type.get_or_insert(index);
            }
            Fault::Value => {
                self.local_value.get_or_insert(index);
            }
            fault => {
                self.local_reference.get_or_insert((index, fault));
            }
        }
    }
}

/// Compares locals and operands of the frame that `walk` is at, and describes in `diff` what differs.
///
/// The description is made only where something does: at nearly every event nothing of it is touched.
#[inline]
pub fn compare_values<W: Walk>(
    view: &FrameView<'_>,
    layout: &FunctionLayout,
    walk: &mut W,
    referents: &mut Referents<'_, '_>,
    tally: &mut Tally,
    diff: &mut Option<ValueDiff>,
) {
    compare_locals(view, layout, walk, referents, tally, diff);
    compare_operands(view, layout, walk, referents, tally, diff);
    tally.frames += 1;
}

/// Compares the locals of the frame that `walk` is at.
#[inline]
pub fn compare_locals<W: Walk>(
    view: &FrameView<'_>,
    layout: &FunctionLayout,
    walk: &mut W,
    referents: &mut Referents<'_, '_>,
    tally: &mut Tally,
    diff: &mut Option<ValueDiff>,
) {
    if walk.num_locals() as usize != view.locals.len() {
        diff.get_or_insert_default().local_count = true;
        return;
    }
    let skipped = if layout.skips_locals() {
        compare_some_locals(view, layout, walk, referents, tally, diff)
    } else {
        for (index, (&cell, &ty)) in view.locals.iter().zip(&view.function.locals).enumerate() {
            compare_local(walk, referents, view, (index, ty, cell), diff);
        }
        0
    };
    let compared = view.locals.len() as u64 - skipped;
    tally.values += compared;
    if compared > 0 {
        tally.checked.note(Family::Locals, view.op());
    }
}

/// Compares the locals that may be read; how many may not.
#[inline(never)]
fn compare_some_locals<W: Walk>(
    view: &FrameView<'_>,
    layout: &FunctionLayout,
    walk: &mut W,
    referents: &mut Referents<'_, '_>,
    tally: &mut Tally,
    diff: &mut Option<ValueDiff>,
) -> u64 {
    let mut skipped = 0;
    for (index, (&cell, &ty)) in view.locals.iter().zip(&view.function.locals).enumerate() {
        match layout.local(index).or_else(|| layout.unset(ty, cell)) {
            Some(known) => {
                tally.left_out.count(known, 1);
                skipped += 1;
            }
            None => compare_local(walk, referents, view, (index, ty, cell), diff),
        }
    }
    skipped
}

/// Compares one local.
#[inline(always)]
pub(crate) fn compare_local<W: Walk>(
    walk: &mut W,
    referents: &mut Referents<'_, '_>,
    view: &FrameView<'_>,
    (index, ty, cell): (usize, ValType, Cell),
    diff: &mut Option<ValueDiff>,
) {
    let seen = walk.local(index as u32);
    if !seen.is(ty, cell)
        && let Some(fault) = difference(walk, referents, view, (ty, cell), seen)
    {
        let diff = diff.get_or_insert_default();
        diff.note_local(index as u32, fault);
    }
}

/// Compares one operand. They come from the top: the last one noted is the lowest.
#[inline(always)]
pub(crate) fn compare_operand<W: Walk>(
    walk: &mut W,
    referents: &mut Referents<'_, '_>,
    view: &FrameView<'_>,
    (index, ty, cell): (usize, ValType, Cell),
    diff: &mut Option<ValueDiff>,
) {
    let seen = walk.operand(index as u32);
    if !seen.is(ty, cell)
        && let Some(fault) = difference(walk, referents, view, (ty, cell), seen)
    {
        let diff = diff.get_or_insert_default();
        diff.note_operand(index as u32, fault);
    }
}

/// How a value differs that is not plainly the expected one; not at all, if it denotes the expected
/// object.
#[inline(never)]
pub(crate) fn difference<W: Walk>(
    walk: &mut W,
    referents: &mut Referents<'_, '_>,
    view: &FrameView<'_>,
    (ty, cell): (ValType, Cell),
    seen: Seen,
) -> Option<Fault> {
    let ValType::Ref(ty) = ty else {
        return Some(match seen.has_type(ty) {
            true => Fault::Value,
            false => Fault::StaticType,
        });
    };
    let typed = (Scope::Module(view.module), ty);
    let Referents {
        machine,
        references,
    } = referents;
    let expected = Ref::from_cell(cell);
    let checked = references.check(machine, typed, expected, seen, walk, IN_FRAMES);
    checked.err()
}

/// Compares the operands of the frame that `walk` is at.
#[inline]
pub(crate) fn compare_operands<W: Walk>(
    view: &FrameView<'_>,
    layout: &FunctionLayout,
    walk: &mut W,
    referents: &mut Referents<'_, '_>,
    tally: &mut Tally,
    diff: &mut Option<ValueDiff>,
) {
    let height = view.operands.len();
    if walk.num_operands() as usize != height {
        diff.get_or_insert_default().operand_count = true;
        return;
    }
    let mut avoided = 0;
    // Types are known from the top down.
    let mut shape = view.shape;
    for (index, &cell) in view.operands.iter().enumerate().rev() {
        let Some(id) = shape else { break };
        let node = &view.function.shapes[id.0 as usize];
        if let Some(known) = layout.top_operand(shape) {
            tally.left_out.count(known, 1);
            avoided += 1;
        } else {
            compare_operand(walk, referents, view, (index, node.ty, cell), diff);
        }
        shape = node.below;
    }
    let compared = height as u64 - avoided;
    tally.values += compared;
    if compared > 0 {
        tally.checked.note(Family::Operands, view.op());
    }
}

/// What of the stack's structure differs at a frame, before any value is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackDiff {
    /// The frame is somewhere else.
    Place {
        /// 0 innermost
        frame: usize,
    },
    /// The subject's stack ends before this frame.
    Missing {
        /// 0 innermost
        frame: usize,
    },
    /// The subject shows frames beyond the oracle's outermost.
    Extra {
        /// 0 innermost
        frame: usize,
    },
    /// The boundary between this frame and its caller differs.
    Activation {
        /// The callee, 0 innermost
        frame: usize,
    },
}

/// Compares up to `limit` frames, innermost first; calls `on_values` for each frame whose values differ.
/// Where the first `placed` of them are is compared already: each question costs the subject a look-up.
///
/// Stops at the first difference of structure. Whether the stack ends where it should is checked
/// only when all frames are within the limit.
#[allow(
    clippy::too_many_arguments,
    reason = "all is in registers on the hot path; two callers"
)]
pub fn compare_stack<'m, 'l, W: Walk>(
    views: impl Iterator<Item = FrameView<'m>>,
    depth: usize,
    limit: usize,
    placed: usize,
    conventions: &Conventions,
    layout: impl Fn(&FrameView<'m>) -> &'l FunctionLayout,
    walk: &mut W,
    referents: &mut Referents<'_, '_>,
    tally: &mut Tally,
    mut on_values: impl FnMut(usize, ValueDiff),
) -> Option<StackDiff> {
    let mut previous: Option<(usize, Opcode)> = None;
    let mut crossed = Boundary::Same;
    for (frame, view) in views.take(limit).enumerate() {
        if walk.done() {
            return Some(StackDiff::Missing { frame });
        }
        if let Some((callee, op)) = previous {
            tally.checked.note(Family::Callers, op);
            let expected = if callee == view.activation {
                Boundary::Same
            } else {
                Boundary::Host
            };
            if crossed != expected {
                return Some(StackDiff::Activation { frame: frame - 1 });
            }
        }
        if frame >= placed && walk.place() != expected_place(&view, conventions) {
            return Some(StackDiff::Place { frame });
        }
        let mut diff = None;
        compare_values(&view, layout(&view), walk, referents, tally, &mut diff);
        if let Some(diff) = diff {
            on_values(frame, diff);
        }
        previous = Some((view.activation, view.op()));
        if frame + 1 < limit || limit >= depth {
            crossed = walk.parent();
        }
    }
    if limit >= depth && !walk.done() {
        return Some(StackDiff::Extra { frame: depth });
    }
    tally.frames_skipped += depth.saturating_sub(limit) as u64;
    None
}
