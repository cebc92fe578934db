//! Looking at a stopped machine: frames, innermost first. It never changes anything and never
//! allocates, except where it hands out typed lists for people.

use super::{Frame, Machine, atomics};
use crate::address::{InstanceAddr, Pc};
use crate::code::{Function, Shape};
use crate::compile::MEMORY;
use crate::module::Module;
use crate::opcode::{Access, Opcode};
use crate::store::FuncInst;
use crate::value::{Cell, Value};
use std::time::Duration;
use wasmparser::ValType;

/// A frame of a stopped machine.
///
/// The innermost frame shows the operand stack as it is before its opcode. A frame that waits for
/// a call shows the PC of that call and the operands before it, arguments included; the table
/// index of a `call_indirect`, or the function of a `call_ref`, is already gone. The frame of a trap shows the
/// operands that [`Machine::leave_operands`] leaves it.
#[derive(Clone, Copy, Debug)]
pub struct FrameView<'m> {
    /// Which activation it belongs to; 0 is the outermost.
    pub activation: usize,
    /// The instance whose code it runs.
    pub instance: InstanceAddr,
    /// That instance's module.
    pub module: &'m Module,
    /// The function.
    pub function: &'m Function,
    /// Position of the next opcode, or of the pending call.
    pub position: usize,
    /// Whether it waits for the pending call to return.
    pub waits: bool,
    /// Types of `operands`.
    pub shape: Shape,
    /// The locals, parameters first; types in [`Function::locals`]. One whose type has no null holds
    /// null until it is set.
    pub locals: &'m [Cell],
    /// The operand stack, bottom first.
    pub operands: &'m [Cell],
}

impl FrameView<'_> {
    /// The PC.
    #[inline]
    pub fn pc(&self) -> Pc {
        self.function.pcs[self.position]
    }

    /// The opcode at the PC.
    #[inline]
    pub fn op(&self) -> Opcode {
        self.function.instrs[self.position].op
    }

    /// The locals with their types.
    pub fn locals_typed(&self) -> impl Iterator<Item = Value> + '_ {
        let types = self.function.locals.iter();
        self.locals.iter().zip(types).map(|(c, &ty)| c.typed(ty))
    }

    /// The operands with their types, bottom first. Allocates.
    pub fn operands_typed(&self) -> impl Iterator<Item = Value> + '_ {
        let mut types: Vec<ValType> = self.function.operands(self.shape).collect();
        types.reverse();
        self.operands.iter().zip(types).map(|(c, ty)| c.typed(ty))
    }
}

impl Machine {
    /// The innermost frame of the top activation; `None` without an activation, and in one that
    /// called a host function directly.
    #[inline(always)]
    pub fn top(&self) -> Option<FrameView<'_>> {
        let activation = self.activations.last()?;
        if self.frames.len() == activation.first_frame {
            return None;
        }
        let frame = self.frames.last()?;
        let number = self.activations.len() - 1;
        Some(self.view(frame, number, activation.waits, activation.gone))
    }

    /// Whether Wasm code was entered in the top activation. It has no frame any more where a tail call
    /// of a host function replaced the last one.
    pub fn has_entered_code(&self) -> bool {
        let invoked = self.activations.last().map(|activation| activation.func);
        invoked.is_some_and(|func| matches!(self.store.func(func), FuncInst::Wasm { .. }))
    }

    /// The opcode that [`Machine::top`] is at.
    #[inline]
    pub fn current_op(&self) -> Option<Opcode> {
        Some(self.top()?.op())
    }

    /// Whether the load or store that [`Machine::top`] is at is out of bounds whatever its address: its offset
    /// alone is beyond the most bytes that the memory may have. No if it is at neither.
    pub fn is_never_in_bounds(&self) -> bool {
        let Some(view) = self.top() else {
            return false;
        };
        let instr = &view.function.instrs[view.position];
        if !matches!(instr.op.access(), Some(Access::Load | Access::Store)) {
            return false;
        }
        let memories = &self.store.instance(view.instance).memories;
        let memory = self.store.memory(memories[(instr.a >> MEMORY) as usize]);
        let all = (!memory.ty().memory64).then_some(1 << 32);
        let most = memory
            .ty()
            .maximum
            .map(|pages| u128::from(pages) * u128::from(memory.page_size()));
        most.or(all).is_some_and(|most| u128::from(instr.b) >= most)
    }

    /// How long the opcode that [`Machine::top`] is at will wait, [`Duration::MAX`] if nothing ends the
    /// wait; none if it does not wait.
    pub fn wait(&self) -> Option<Duration> {
        let view = self.top()?;
        let memories = &self.store.instance(view.instance).memories;
        let instr = &view.function.instrs[view.position];
        let memory = |index: usize| self.store.memory(memories[index]);
        atomics::timeout(instr, memory, view.operands)
    }

    /// How many activations there are; one that called a host function directly has no frame.
    pub fn num_activations(&self) -> usize {
        self.activations.len()
    }

    /// How many frames there are, from the innermost, down to the end of the activation that is below the
    /// innermost one without a frame; none if each has one, or none is below.
    pub fn frames_to_bare_activation(&self) -> Option<usize> {
        let mut end = self.frames.len();
        let mut below = None;
        for activation in self.activations.iter().rev() {
            match below {
                None if activation.first_frame == end => below = Some(end).filter(|end| *end > 0),
                Some(end) if activation.first_frame < end => {
                    return Some(self.frames.len() - activation.first_frame);
                }
                _ => {}
            }
            end = activation.first_frame;
        }
        None
    }

    /// Every frame of every activation, innermost first.
    pub fn frames(&self) -> impl Iterator<Item = FrameView<'_>> {
        // How many activations are not wholly inside the frame that comes next.
        let mut outer = self.activations.len();
        (0..self.frames.len()).rev().map(move |i| {
            while self.activations[outer - 1].first_frame > i {
                outer -= 1;
            }
            let end = match self.activations.get(outer) {
                Some(inner) => inner.first_frame,
                None => self.frames.len(),
            };
            let activation = &self.activations[outer - 1];
            let innermost = i + 1 == end;
            let gone = if innermost { activation.gone } else { 0 };
            self.view(
                &self.frames[i],
                outer - 1,
                !innermost || activation.waits,
                gone,
            )
        })
    }

    #[inline(always)]
    fn view(&self, frame: &Frame, activation: usize, waits: bool, gone: usize) -> FrameView<'_> {
        let module = &*self.store.instances[frame.instance.index()].module;
        let function = &module.functions[frame.function as usize];
        let position = frame.position as usize;
        let mut shape = function.before[position];
        let op = function.instrs[position].op;
        if waits && matches!(op, Opcode::CallIndirect | Opcode::CallRef) {
            shape = shape.and_then(|id| function.shapes[id.0 as usize].below);
        }
        for _ in 0..gone {
            shape = shape.and_then(|id| function.shapes[id.0 as usize].below);
        }
        let height = shape.map_or(0, |id| function.shapes[id.0 as usize].height as usize);
        let cells = &self.stack[frame.base..][..function.locals.len() + height];
        let (locals, operands) = cells.split_at(function.locals.len());
        FrameView {
            activation,
            waits,
            instance: frame.instance,
            module,
            function,
            position,
            shape,
            locals,
            operands,
        }
    }
}
