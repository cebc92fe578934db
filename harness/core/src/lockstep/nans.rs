//! NaNs as the subject likes them (`nans=any`): where the specification leaves a NaN open, the oracle
//! takes the one that the subject shows, if it is allowed, and goes on with it.
//!
//! A NaN is open from the instruction that made it until it is seen: at the next event, as the top
//! operand. Where that slot cannot be read it stays open, but nothing may be computed with it.

use super::driver::{Driver, Ended, POINTS_BETWEEN_EVENTS};
use super::frames::expected_place;
use crate::causes::Known;
use crate::causes::if_params::ShownOperand;
use crate::configuration::{Configuration, Nans};
use crate::observe::{Observation, Walk};
use crate::outcome::Outcome;
use crate::seen::Seen;
use lockstep_oracles::machine::{FrameView, Stop};
use lockstep_oracles::nan::OpenNan;
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::trap::Exhaustion;

/// The NaN that is not settled yet, if the subject chooses NaNs at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenNans {
    /// Whether the subject's NaNs are its own.
    pub(super) any: bool,
    /// What is open of the top operand, or of the last result.
    pub(super) open: Option<OpenNan>,
}

impl OpenNans {
    pub(super) fn new(configuration: &Configuration) -> OpenNans {
        OpenNans {
            any: configuration.nans == Nans::Any,
            open: None,
        }
    }
}

/// What an opcode does with an open NaN on top of the operand stack.
enum Use {
    /// It stays on top.
    Keeps,
    /// It is gone.
    Drops,
    /// Its bits may matter.
    Takes,
}

impl Use {
    fn of(view: &FrameView<'_>) -> Use {
        match view.op() {
            Opcode::Drop | Opcode::Unreachable => Use::Drops,
            Opcode::Nop | Opcode::Block | Opcode::Loop | Opcode::Else | Opcode::End => Use::Keeps,
            Opcode::Return if view.function.num_results == 0 => Use::Drops,
            Opcode::Return => Use::Keeps,
            _ => Use::Takes,
        }
    }
}

impl Driver {
    /// Runs the oracle to its next sequence point and notes what NaN is open there. The case ends
    /// before one is computed with that was not seen.
    #[cold]
    pub(super) fn advance_noting_nans(&mut self) -> Stop {
        let kept = match (self.nans.open, self.machine.top()) {
            (Some(open), Some(view)) => match Use::of(&view) {
                Use::Keeps => Some(open),
                Use::Drops => None,
                Use::Takes => {
                    self.ended.get_or_insert(Ended::UnseenNan);
                    return Stop::Exhausted(Exhaustion::CallDepth);
                }
            },
            _ => None,
        };
        let (stop, open) = self.machine.step();
        self.nans.open = open.or(kept);
        stop
    }

    /// Runs the oracle to its next modelled breakpoint, or to where `also` says, opcode by opcode, as a NaN
    /// may be left open on the way that no event shows; or gives up.
    pub(super) fn run_noting_nans(&mut self, also: impl Fn(&FrameView<'_>) -> bool) -> Stop {
        for _ in 0..POINTS_BETWEEN_EVENTS {
            let stop = self.run_stepped();
            let view = self
                .machine
                .top()
                .filter(|_| stop == Stop::SequencePoint && self.ended.is_none());
            let goes_on = view.is_some_and(|view| {
                !self.breakpoints.passes(view.instance, view.pc().0) && !also(&view)
            });
            if !goes_on {
                self.note_silent();
                return stop;
            }
        }
        self.give_up()
    }

    /// Takes the NaN that the subject shows as its top operand. One that is not allowed is left to the
    /// comparison.
    #[cold]
    pub(super) fn adopt_operand<O: Observation>(&mut self, observed: &mut O) {
        if self.nans.open.is_none() {
            return;
        }
        let predicted = self.predicted(0);
        let (Some(open), Some(view)) = (self.nans.open, self.machine.top()) else {
            return;
        };
        let layout = self.program.layout(&view);
        let mut walk = observed.walk();
        let placed =
            !walk.done() && walk.place() == expected_place(&view, self.setting.conventions);
        let count = walk_operands(&mut walk, placed);
        let at = top_among(view.operands.len(), count as usize, predicted.as_ref());
        let readable = |at: &u32| match &predicted {
            Some((shown, _)) if shown.len() == count as usize => {
                let types = shown.iter().map(|operand| operand.ty);
                let hazards = layout.operands(view.module, view.function, types);
                hazards[*at as usize].is_none()
            }
            _ => layout.top_operand(view.shape).is_none(),
        };
        let Some(at) = at.filter(readable) else {
            return;
        };
        let seen = walk.operand(at);
        drop(walk);
        if let Some(value) = seen.to_value() {
            self.machine.adopt_operand(open, value.cell());
        }
        self.nans.open = None;
    }

    /// Takes the NaN that the subject's invocation returned last, where it was not seen before.
    pub(super) fn adopt_result(&mut self, outcome: &Outcome) {
        let (Some(open), Outcome::Returned(seen)) = (self.nans.open.take(), outcome) else {
            return;
        };
        let value = seen.last().copied().and_then(Seen::to_value);
        if let Some(value) = value {
            self.machine.adopt_result(open, value);
        }
    }
}

/// Where the top one of that many operands is shown among `count`: others may be shown beside them, as a
/// cause predicts.
fn top_among(
    operands: usize,
    count: usize,
    predicted: Option<&(Vec<ShownOperand>, Known)>,
) -> Option<u32> {
    let top = operands.checked_sub(1)? as u32;
    match predicted.filter(|(shown, _)| shown.len() == count) {
        Some((shown, _)) => {
            let at = shown.iter().rposition(|operand| operand.real == Some(top));
            at.map(|at| at as u32)
        }
        None => (count == operands).then_some(top),
    }
}

fn walk_operands<W: Walk>(walk: &mut W, placed: bool) -> u32 {
    if placed { walk.num_operands() } else { 0 }
}
