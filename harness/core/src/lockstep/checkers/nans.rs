//! NaNs as the subject likes them (`nans=any`): where the specification leaves a NaN open, the oracle
//! takes the one that the subject shows, if it is allowed, and goes on with it.
//!
//! A NaN is open from the instruction that made it until it is seen: at the next event, as the top
//! operand. Where that slot cannot be read it stays open, also with other operands above it, but nothing may
//! be computed with it.

use super::comparison::Comparison;
use super::explain::Shown;
use crate::configuration::{Configuration, Nans};
use crate::lockstep::following::Following;
use crate::lockstep::following::places::expected_place;
use crate::lockstep::following::shapes::taken_at;
use crate::observe::{Observation, Walk};
use crate::outcome::Outcome;
use crate::seen::Seen;
use lockstep_oracles::machine::FrameView;
use lockstep_oracles::nan::OpenNan;
use lockstep_oracles::opcode::{Control, Opcode};

/// The NaNs that are not settled yet, if the subject chooses NaNs at all.
#[derive(Clone, Debug)]
pub(crate) struct OpenNans {
    /// Whether the subject's NaNs are its own.
    pub(crate) any: bool,
    /// What is open of the top operand, or of the last result.
    pub(crate) open: Option<OpenNan>,
    /// Open NaNs below other operands.
    pub(crate) buried: Vec<Buried>,
}

/// An open NaN with other operands above it, in a slot that cannot be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buried {
    /// How many frames there are with its own.
    depth: usize,
    /// Its index among the frame's operands.
    index: usize,
    open: OpenNan,
}

impl OpenNans {
    pub(crate) fn new(configuration: &Configuration) -> OpenNans {
        OpenNans {
            any: configuration.nans == Nans::Any,
            open: None,
            buried: Vec::new(),
        }
    }

    /// A function is invoked above so many frames.
    pub(crate) fn invoked(&mut self, depth: usize) {
        self.buried.retain(|nan| nan.depth <= depth);
    }

    /// Whether the opcode may take, move or remove one below the top operand.
    fn uses_buried(&self, view: &FrameView<'_>, depth: usize) -> bool {
        match untouched(view) {
            Some(untouched) => {
                let mut own = self.buried.iter().filter(|nan| nan.depth == depth);
                own.any(|nan| nan.index >= untouched)
            }
            // A handler may be anywhere.
            None => !self.buried.is_empty(),
        }
    }

    /// The machine has so many frames, the innermost with so many operands: those that are gone are open no
    /// more, and one may be on top again.
    pub(crate) fn uncover(&mut self, depth: usize, operands: usize) {
        self.buried
            .retain(|nan| nan.depth < depth || nan.depth == depth && nan.index < operands);
        if self.open.is_none()
            && let Some(last) = self.buried.last()
            && (last.depth, last.index + 1) == (depth, operands)
        {
            self.open = self.buried.pop().map(|nan| nan.open);
        }
    }
}

/// How many operands, from the bottom, the opcode leaves as they are, wherever the program goes; none if
/// nothing is known of any frame.
fn untouched(view: &FrameView<'_>) -> Option<usize> {
    let operands = view.operands.len();
    let op = view.op();
    let own = taken_at(view.function, view.position);
    let results = view.function.num_results as usize;
    let at_end = view.position + 1 == view.function.instrs.len();
    Some(match op.control() {
        Control::Next => operands.saturating_sub(own),
        Control::Branch if op == Opcode::If => operands.saturating_sub(own),
        Control::Nowhere => operands,
        Control::Branch if op == Opcode::Else => operands,
        Control::Return if op == Opcode::End && !at_end => operands,
        Control::Return => operands.saturating_sub(results),
        // What they carry is not told apart.
        Control::Branch | Control::Call | Control::TailCall => 0,
        Control::Throw => return None,
    })
}

/// What an opcode does with an open NaN on top of the operand stack.
enum Use {
    /// It stays on top.
    Keeps,
    /// It is gone.
    Drops,
    /// It lies below other operands.
    Covers,
    /// Its bits may matter.
    Takes,
}

impl Use {
    pub(crate) fn of(view: &FrameView<'_>) -> Use {
        match view.op() {
            Opcode::Drop | Opcode::Unreachable => Use::Drops,
            Opcode::Nop | Opcode::Block | Opcode::Loop | Opcode::Else | Opcode::End => Use::Keeps,
            Opcode::Return if view.function.num_results == 0 => Use::Drops,
            Opcode::Return => Use::Keeps,
            op if op.control() == Control::Next && taken_at(view.function, view.position) == 0 => {
                Use::Covers
            }
            _ => Use::Takes,
        }
    }
}

impl Comparison {
    /// What is open of the top operand behind the next opcode, if that computes with none that is open.
    pub(crate) fn nan_behind(&mut self, following: &mut Following) -> Option<Option<OpenNan>> {
        let Some(view) = following.machine.top() else {
            return Some(None);
        };
        let depth = following.machine.depth();
        if !self.nans.buried.is_empty() && self.nans.uses_buried(&view, depth) {
            return None;
        }
        let Some(open) = self.nans.open else {
            return Some(None);
        };
        match Use::of(&view) {
            Use::Keeps => Some(Some(open)),
            Use::Drops => Some(None),
            Use::Covers => {
                let index = view.operands.len().checked_sub(1)?;
                following.stays_unread().then(|| {
                    self.nans.buried.push(Buried { depth, index, open });
                    None
                })
            }
            Use::Takes => None,
        }
    }

    /// Takes the NaN that the subject shows as its top operand. One that is not allowed is left to the
    /// comparison.
    #[cold]
    pub(crate) fn adopt_operand<O: Observation>(
        &mut self,
        following: &mut Following,
        observed: &mut O,
    ) {
        if self.nans.open.is_none() {
            return;
        }
        let predicted = following.predicted(0);
        let (Some(open), Some(view)) = (self.nans.open, following.machine.top()) else {
            return;
        };
        let layout = following.program.layout(&view);
        let mut walk = observed.walk();
        let placed =
            !walk.done() && walk.place() == expected_place(&view, following.setting.conventions);
        let count = walk_operands(&mut walk, placed);
        let predicted = predicted.as_ref().map(|(shown, _)| &shown[..]);
        let shown = Shown::of(&view, layout, predicted, count as usize);
        let top = view.operands.len().checked_sub(1);
        let at = shown.zip(top);
        let Some(at) = at.and_then(|(shown, top)| shown.at(top, view.shape)) else {
            return;
        };
        let seen = walk.operand(at);
        drop(walk);
        if let Some(value) = seen.to_value() {
            following.machine.adopt_operand(open, value.cell());
        }
        self.nans.open = None;
    }

    /// Takes the NaN that the subject's invocation returned last, where it was not seen before.
    pub(crate) fn adopt_result(&mut self, following: &mut Following, outcome: &Outcome) {
        let (Some(open), Outcome::Returned(seen)) = (self.nans.open.take(), outcome) else {
            return;
        };
        let value = seen.last().copied().and_then(Seen::to_value);
        if let Some(value) = value {
            following.machine.adopt_result(open, value);
        }
    }
}

impl Following {
    /// Whether no event shows the top operand as long as it is there: its slot cannot be read, and no cause
    /// has it shown in another.
    fn stays_unread(&mut self) -> bool {
        let Some(view) = self.machine.top() else {
            return false;
        };
        let unreadable = self.program.layout(&view).top_operand(view.shape);
        let shown = self.program.stacks(view.instance, view.function.index);
        unreadable.is_some() && shown.is_empty()
    }
}

fn walk_operands<W: Walk>(walk: &mut W, placed: bool) -> u32 {
    if placed { walk.num_operands() } else { 0 }
}
