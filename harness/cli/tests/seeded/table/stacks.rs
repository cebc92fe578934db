//! Ways to change a copied stack.

use crate::layer::Hook;
use crate::past::Past;
use lockstep::divergence::Moment;
use lockstep::seen::Seen;
use lockstep::snapshot::{FrameCopy, Snapshot};
use lockstep_oracles::address::Pc;

/// A stack changed at a breakpoint event.
pub(super) const fn at_break(change: fn(&Past, &mut Snapshot)) -> Hook {
    Hook::Stack(Moment::Breakpoint, change)
}

pub(super) fn innermost(stack: &mut Snapshot) -> Option<&mut FrameCopy> {
    stack.frames.first_mut()
}

/// Changes a value that was read.
pub(super) fn change(value: &mut Option<Seen>, to: impl Fn(Seen) -> Seen) {
    *value = value.map(to);
}

/// Changes every local of the innermost frame.
pub(super) fn each_local(stack: &mut Snapshot, to: impl Fn(Seen) -> Seen) {
    let locals = innermost(stack).map(|frame| &mut frame.locals);
    locals
        .into_iter()
        .flatten()
        .for_each(|local| change(local, &to));
}

/// Moves a frame to the opcode behind the one that it is at.
pub(super) fn further(past: &Past, frame: &mut FrameCopy) {
    if let Some(pc) = past.next(frame) {
        move_to(frame, pc);
    }
}

pub(super) fn move_to(frame: &mut FrameCopy, pc: u32) {
    frame.place.pc = Pc(pc);
}

/// Changes the top operand of the innermost frame.
pub(super) fn top(stack: &mut Snapshot, to: impl Fn(Seen) -> Seen) {
    let operand = innermost(stack).and_then(|frame| frame.operands.last_mut());
    operand.into_iter().for_each(|operand| change(operand, &to));
}

/// Changes every operand of the innermost frame.
pub(super) fn each_operand(stack: &mut Snapshot, to: impl Fn(Seen) -> Seen) {
    let operands = innermost(stack).map(|frame| &mut frame.operands);
    operands
        .into_iter()
        .flatten()
        .for_each(|operand| change(operand, &to));
}

/// Swaps the last two values if their types are the same.
pub(super) fn swap_last(values: &mut [Option<Seen>]) {
    if let [.., Some(a), Some(b)] = values
        && std::mem::discriminant(a) == std::mem::discriminant(b)
    {
        std::mem::swap(a, b);
    }
}

/// Nothing of the same type.
pub(super) fn zero(seen: Seen) -> Seen {
    match seen {
        Seen::I32(_) => Seen::I32(0),
        Seen::I64(_) => Seen::I64(0),
        Seen::F32(_) => Seen::F32(0),
        Seen::F64(_) => Seen::F64(0),
        Seen::V128(_) => Seen::V128(0),
        other => other,
    }
}
