//! An embedder whose NaNs are another engine's: it steps opcode by opcode, is told where the
//! specification leaves a NaN open, and says which NaN it is. Only one that is allowed is taken.

use super::{EverySequencePoint, Machine, Status, Stop};
use crate::nan::{Floating, OpenNan};
use crate::value::{Cell, Value};

impl Machine {
    /// Runs to the next sequence point as [`Machine::run`] with [`EverySequencePoint`], and says what
    /// of the value on top of the operand stack is open then, if an instruction just made it.
    ///
    /// # Panics
    ///
    /// If there is no activation.
    pub fn step(&mut self) -> (Stop, Option<OpenNan>) {
        let floating = self.floating();
        let stop = self.run(&EverySequencePoint);
        let open = match (stop, floating) {
            (Stop::SequencePoint, Some((instruction, operands))) => self
                .top_operand()
                .and_then(|cell| instruction.open(&operands[..instruction.operands], cell.0)),
            _ => None,
        };
        (stop, open)
    }

    /// Takes `other` in place of the top operand, if `open` of it is such that this is allowed.
    /// Whether it is; if not, nothing changes.
    pub fn adopt_operand(&mut self, open: OpenNan, other: Cell) -> bool {
        match self.top_operand() {
            Some(own) if open.allows(own.0, other.0) => *own = other,
            _ => return false,
        }
        true
    }

    /// As [`Machine::adopt_operand`], of the last result of the activation that returned last.
    pub fn adopt_result(&mut self, open: OpenNan, other: Value) -> bool {
        match self.results.last_mut() {
            Some(own) if own.ty() == other.ty() && open.allows(own.cell().0, other.cell().0) => {
                *own = other;
            }
            _ => return false,
        }
        true
    }

    /// The instruction to be executed next and its operands, if its NaNs are open.
    fn floating(&self) -> Option<(Floating, [u128; 3])> {
        let activation = self.activations.last()?;
        let Status::AtPoint = activation.status else {
            return None;
        };
        let view = self.top()?;
        let instruction = Floating::instruction(view.op())?;
        let mut operands = [0; 3];
        for (operand, cell) in operands.iter_mut().zip(view.operands.iter().rev()) {
            *operand = cell.0;
        }
        Some((instruction, operands))
    }

    fn top_operand(&mut self) -> Option<&mut Cell> {
        let view = self.top()?;
        let (locals, operands) = (view.locals.len(), view.operands.len());
        let top = operands.checked_sub(1)?;
        let base = self.frames.last()?.base;
        self.stack.get_mut(base + locals + top)
    }
}
