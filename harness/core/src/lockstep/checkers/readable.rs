//! Copies of the subject's stack: which of its slots may be read there.

use crate::causes::Cause;
use crate::causes::if_params::{ShownStacks, plainly_shown};
use crate::causes::slots::{FunctionLayout, is_unset};
use crate::conventions::WaitingPc;
use crate::lockstep::following::Following;
use crate::lockstep::following::invocation::Phase;
use crate::lockstep::following::shapes::{at_height, height_of, taken_at};
use crate::observe::{Observation, Place};
use crate::snapshot::{Readable, Snapshot};
use lockstep_oracles::ValType;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::code::Function;
use lockstep_oracles::machine::FrameView;
use lockstep_oracles::opcode::Opcode;
use std::ops::RangeInclusive;

/// What a waiting caller may lack of its operands: the table index of its `call_indirect`.
const TABLE_INDEX: RangeInclusive<usize> = 0..=1;

/// Reads only slots whose type and alignment are known from the place shown.
pub(crate) struct ReadableSlots<'a> {
    pub(crate) following: &'a Following,
    /// The oracle's frames, innermost first.
    pub(crate) views: Vec<FrameView<'a>>,
    /// Whether the innermost frame trapped.
    pub(crate) trapped: bool,
    /// Whether the innermost frame may be shown at another opcode, whose operands were never written.
    pub(crate) elsewhere: bool,
    /// Whether it failed, or was interrupted, within the oracle's next opcode, not before it.
    pub(crate) within: bool,
    /// Whether the innermost frame has called a host function, to which the oracle does not come before
    /// the call is compared.
    pub(crate) calls: bool,
}

impl<'a> ReadableSlots<'a> {
    /// At an event that was compared, or has nothing of its own.
    pub(crate) fn of(following: &'a Following) -> ReadableSlots<'a> {
        ReadableSlots {
            following,
            views: following.machine.frames().collect(),
            trapped: false,
            elsewhere: false,
            within: false,
            calls: false,
        }
    }

    /// The stack, as far as it may be looked at.
    pub(crate) fn copy<O: Observation>(&self, observed: &mut O, limit: usize) -> Snapshot {
        Snapshot::take(observed, limit.min(self.following.visible_frames()), self)
    }
}

impl ReadableSlots<'_> {
    fn function(&self, place: Place) -> Option<&Function> {
        let instance = place.instance?;
        let module = &self.following.machine.store.instance(instance).module;
        module.function(place.func?)
    }

    /// Whether the n-th frame waits for a call, as far as the oracle knows.
    fn waits(&self, frame: usize) -> bool {
        if self.calls && frame == 0 {
            return true;
        }
        let view = self.views.get(frame);
        view.map_or(frame > 0, |view| view.waits)
    }

    fn layout(&self, instance: InstanceAddr, function: &Function) -> &FunctionLayout {
        let module = &self.following.machine.store.instance(instance).module;
        self.following.program.layout_of(instance, module, function)
    }

    /// Whether the place is in the function that the oracle executes.
    fn is_of_top(&self, place: Place) -> bool {
        let view = self.following.machine.top();
        view.is_some_and(|view| Some(view.function.index) == place.func)
    }

    /// Whether a local has a value, as far as that is known of the frame shown.
    fn is_set(&self, frame: usize, place: Place, function: &Function, index: usize) -> bool {
        let needs_value = matches!(function.locals[index], ValType::Ref(ty) if !ty.is_nullable());
        if !needs_value {
            return true;
        }
        let expected = self.views.get(frame);
        expected.is_some_and(|view| {
            Some(view.instance) == place.instance
                && view.function.index == function.index
                && !is_unset(function.locals[index], view.locals[index])
        })
    }

    /// Whether an operand that is shown at this position of the function that trapped, or was
    /// interrupted, is one that it has there: only then is its slot written.
    fn is_shared(&self, place: Place, (position, count): (usize, u32), index: u32) -> bool {
        let Some(view) = self.following.machine.top() else {
            return false;
        };
        let own = (Some(view.instance), Some(view.function.index));
        if own != (place.instance, place.func) {
            return false;
        }
        let function = view.function;
        let right = position == view.position;
        if self.trapped && right {
            let taken = 0..=taken_at(function, position);
            let shown = (position, count, taken);
            let predicted = self.predicted_operand(function, view.instance, shown, index);
            if let Some(readable) = predicted {
                return readable;
            }
        }
        let mut written = view.operands.len();
        if !self.within && view.position > 0 && self.is_written_late() {
            let before = &function.instrs[view.position - 1];
            if before.op == Opcode::Loop {
                // Its parameters are written behind the interruption.
                written -= before.a as usize;
            }
        }
        let shown = function.before[position];
        let height = index as usize + 1;
        if height > written || !(right || height_of(function, shown) == count as usize) {
            return false;
        }
        let shape = at_height(function, view.shape, height);
        let layout = self.layout(view.instance, function);
        let plain = self.plainly_shown(&view, position);
        (right || at_height(function, shown, height) == shape && height <= plain)
            && layout.top_operand(shape).is_none()
    }

    /// How many operands are in the same slots here as at the position shown.
    pub(crate) fn plainly_shown(&self, view: &FrameView<'_>, position: usize) -> usize {
        let mut computed = ShownStacks::new();
        let program = &self.following.program;
        let stacks = program.stacks_or(view.instance, view.function.index, &mut computed);
        plainly_shown(stacks, [view.position, position])
    }

    /// Whether the parameters of a loop are written behind an interruption at its head.
    fn is_written_late(&self) -> bool {
        self.following.setting.cause(Cause::LibcallSlot).is_some()
    }

    /// Whether the operand may be read where a cause predicts a wrong stack: if it is a real one.
    /// `None` where it predicts none of this size, or one larger by what may be `taken`.
    fn predicted_operand(
        &self,
        function: &Function,
        instance: InstanceAddr,
        (position, count, taken): (usize, u32, RangeInclusive<usize>),
        index: u32,
    ) -> Option<bool> {
        let mut computed = ShownStacks::new();
        let program = &self.following.program;
        let stacks = program.stacks_or(instance, function.index, &mut computed);
        let shown = stacks.get(&position)?;
        let gone = shown.len().checked_sub(count as usize);
        let as_predicted = gone.is_some_and(|gone| taken.contains(&gone));
        let layout = self.layout(instance, function);
        let module = &self.following.machine.store.instance(instance).module;
        let hazards = layout.shown(module, function, shown);
        let index = index as usize;
        as_predicted.then(|| shown[index].real.is_some() && hazards[index].is_none())
    }
}

impl Readable for ReadableSlots<'_> {
    fn local(&self, frame: usize, place: Place, index: u32) -> bool {
        let (Some(function), Some(instance)) = (self.function(place), place.instance) else {
            return false;
        };
        if self.elsewhere && frame == 0 && !self.is_of_top(place) {
            return false;
        }
        let layout = self.layout(instance, function);
        let index = index as usize;
        index < function.locals.len()
            && layout.local(index).is_none()
            && self.is_set(frame, place, function, index)
    }

    fn operand(&self, frame: usize, place: Place, count: u32, index: u32) -> bool {
        let (Some(function), Some(instance)) = (self.function(place), place.instance) else {
            return false;
        };
        let Some(position) = function.position(place.pc) else {
            return false;
        };
        let trapped = self.trapped && frame == 0;
        if self.elsewhere && frame == 0 {
            return self.is_shared(place, (position, count), index);
        }
        let returns = self.following.setting.conventions.waiting == WaitingPc::Return
            && self.waits(frame)
            && !function.is_guarded(position);
        let position = match returns {
            true => position.saturating_sub(1),
            false => position,
        };
        let layout = self.layout(instance, function);
        let mut shape = function.before[position];
        let mut height = shape.map_or(0, |id| function.shapes[id.0 as usize].height);
        // A waiting caller lacks the table index of its `call_indirect`.
        if height == count + 1 {
            shape = shape.and_then(|id| function.shapes[id.0 as usize].below);
            height = count;
        }
        if height != count {
            if trapped {
                return false;
            }
            let shown = (position, count, TABLE_INDEX);
            let predicted = self.predicted_operand(function, instance, shown, index);
            return predicted == Some(true);
        }
        while let Some(id) = shape {
            let node = &function.shapes[id.0 as usize];
            if node.height == index + 1 {
                // At a `call_indirect` that waits, a phantom may stand in for the table index; its slots
                // are then as predicted, not as in the layout. A caller waits for certain.
                let op = function.instrs[position].op;
                let waits = matches!(op, Opcode::CallIndirect | Opcode::CallRef);
                let shown = (position, count, TABLE_INDEX);
                let predicted = waits
                    .then(|| self.predicted_operand(function, instance, shown, index))
                    .flatten();
                let reference = matches!(node.ty, ValType::Ref(_));
                let by_layout = layout.top_operand(shape).is_none() && !(trapped && reference);
                return match predicted {
                    Some(predicted) if frame > 0 => predicted,
                    predicted => by_layout && predicted.unwrap_or(true),
                };
            }
            shape = node.below;
        }
        false
    }
}

impl Following {
    /// Copies the subject's stack, reading only what is safe to read.
    pub fn snapshot<O: Observation>(&self, observed: &mut O, limit: usize) -> Snapshot {
        let trapped = matches!(self.invocation.phase, Phase::Trapped(_));
        let readable = ReadableSlots {
            trapped,
            elsewhere: trapped || self.may_show_elsewhere(),
            within: trapped,
            ..ReadableSlots::of(self)
        };
        readable.copy(observed, limit)
    }

    /// Whether the innermost frame may be shown at another opcode than the oracle's: its operands are
    /// then not those of the oracle's frame.
    pub(crate) fn may_show_elsewhere(&self) -> bool {
        let failed = matches!(
            self.invocation.phase,
            Phase::Overflowed | Phase::OutOfFuel | Phase::OutOfMemory | Phase::DeadlineReached(_)
        );
        self.epoch.interrupts || failed
    }

    /// Copies the stack where the program was interrupted, or had no memory, at the oracle's next opcode.
    pub(crate) fn copy_interrupted<O: Observation>(
        &self,
        observed: &mut O,
        within: bool,
    ) -> Snapshot {
        let readable = ReadableSlots {
            elsewhere: true,
            within,
            ..ReadableSlots::of(self)
        };
        readable.copy(observed, usize::MAX)
    }

    /// Copies the stack where an opcode failed; `there` if the oracle is at that opcode.
    pub(crate) fn copy_trapped<O: Observation>(
        &self,
        observed: &mut O,
        limit: usize,
        there: bool,
    ) -> Snapshot {
        let readable = ReadableSlots {
            trapped: true,
            elsewhere: there,
            within: true,
            ..ReadableSlots::of(self)
        };
        readable.copy(observed, limit)
    }
}
