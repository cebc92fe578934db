//! An embedder that follows a subject whose values are no longer the program's: it says what a
//! frame holds instead.

use super::{Machine, Status};
use crate::value::Cell;

impl Machine {
    /// Whether the next [`Machine::run`] begins with the opcode that [`Machine::top`] is at. Not so
    /// after [`Machine::invoke`], after a host function's answer, and before an exception is caught.
    pub fn executes_next(&self) -> bool {
        let activation = self.activations.last();
        activation.is_some_and(|a| matches!(a.status, Status::AtPoint))
    }

    /// Takes `cell` for a local of a frame, 0 the innermost. Whether there is such a local.
    pub fn replace_local(&mut self, frame: usize, index: usize, cell: Cell) -> bool {
        let view = self.frames().nth(frame);
        let locals = view.map_or(0, |view| view.locals.len());
        index < locals && self.replace_cell(frame, index, cell)
    }

    /// Takes `cell` for an operand of a frame, 0 at the bottom. Whether there is such an operand.
    pub fn replace_operand(&mut self, frame: usize, index: usize, cell: Cell) -> bool {
        let Some(view) = self.frames().nth(frame) else {
            return false;
        };
        let (locals, operands) = (view.locals.len(), view.operands.len());
        index < operands && self.replace_cell(frame, locals + index, cell)
    }

    fn replace_cell(&mut self, frame: usize, offset: usize, cell: Cell) -> bool {
        let Some(frame) = self.frames.iter().nth_back(frame) else {
            return false;
        };
        match self.stack.get_mut(frame.base + offset) {
            Some(own) => *own = cell,
            None => return false,
        }
        true
    }
}
