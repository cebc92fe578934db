//! The stack where a program was interrupted, compared as far as it may be looked at.

use super::comparison::Comparison;
use crate::causes::if_params::ShownOperand;
use crate::divergence::count;
use crate::lockstep::following::Following;
use crate::lockstep::following::interrupts::Interruption;
use crate::lockstep::following::shapes::{height_of, taken_at};
use crate::lockstep::recording::looks::Look;
use lockstep_oracles::address::{FuncIndex, ObjectAddr, Pc};
use lockstep_oracles::machine::FrameView;
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::value::{Ref, Value};
use std::ops::{Range, RangeInclusive};

/// A function and where it is interrupted, and outside it those into which it may be inlined, at their calls.
pub(crate) type CodePath = Vec<(FuncIndex, usize)>;

/// Where a program was interrupted.
pub(crate) struct Interrupted {
    /// Position of the next opcode.
    pub(crate) position: usize,
    /// PCs of the place: between the function's head and its first opcode, or the `loop`.
    pcs: Range<Pc>,
    /// How many operands there are.
    pub(crate) operands: usize,
    /// How many of them the opcode has taken that was interrupted.
    taken: usize,
    /// How many of them are a loop's parameters: their slots are written behind the interruption.
    pub(crate) parameters: usize,
}

impl Interrupted {
    pub(crate) fn of(view: &FrameView<'_>, within: bool) -> Interrupted {
        let pcs = &view.function.pcs;
        let only = |pc: Pc| pc..Pc(pc.0 + 1);
        let pcs = match view.position {
            at if within => only(pcs[at]),
            0 => view.function.start..pcs[0],
            at => only(pcs[at - 1]),
        };
        Interrupted {
            position: view.position,
            pcs,
            operands: view.operands.len(),
            parameters: match view.position {
                at if at > 0 && !within => view.function.instrs[at - 1].a as usize,
                _ => 0,
            },
            taken: match within {
                true => taken_at(view.function, view.position),
                false => 0,
            },
        }
    }

    /// How many operands may be left.
    pub(crate) fn left(&self) -> RangeInclusive<usize> {
        self.operands.saturating_sub(self.taken)..=self.operands
    }

    /// The positions whose stacks hold what is shown: of an opcode that was interrupted itself that behind
    /// it, or the `loop`'s.
    pub(crate) fn shown_behind(&self) -> [usize; 2] {
        match self.taken {
            0 => [self.position.saturating_sub(1); 2],
            _ => [self.position, self.position + 1],
        }
    }

    pub(crate) fn is_at(&self, pc: Pc) -> bool {
        self.pcs.contains(&pc)
    }

    pub(crate) fn describe(&self) -> String {
        let place = match self.pcs.end.0 - self.pcs.start.0 {
            1 => format!("PC {}", self.pcs.start),
            _ => format!("PC {} or later, before {}", self.pcs.start, self.pcs.end),
        };
        format!("{place}, {}", count(self.operands, "operand"))
    }
}

impl Interruption {
    /// The kind of its event.
    pub(crate) fn look(self) -> Look {
        match self {
            Interruption::Overflow => Look::Overflow,
            Interruption::Epoch => Look::EpochYield,
            Interruption::Fuel => Look::OutOfFuel,
            Interruption::Memory => Look::OutOfMemory,
            Interruption::Deadline => Look::Deadline,
            Interruption::Growth => Look::HostError,
        }
    }
}

impl Following {
    /// The array that the next opcode writes into, element by element.
    pub(crate) fn array_at_work(&self) -> Option<ObjectAddr> {
        let view = self.machine.top()?;
        let op = view.op();
        let writes = matches!(
            op,
            Opcode::ArrayFill | Opcode::ArrayCopy | Opcode::ArrayInitData | Opcode::ArrayInitElem
        );
        let index = view.operands.len().checked_sub(op.own_operands())?;
        match view.operands_typed().nth(index).filter(|_| writes)? {
            Value::Ref(Ref::Array(addr), _) => Some(addr),
            _ => None,
        }
    }

    /// Whether a cause predicts that so many operands are shown, an `if`'s parameters that are gone among
    /// them. An opcode that was interrupted itself may have taken its own, or none yet.
    pub(crate) fn predicts_operands(&mut self, expected: &Interrupted, operands: usize) -> bool {
        let position = expected.position;
        let shown = |shown: Vec<ShownOperand>| shown.len();
        let [untaken, taken] = match (expected.taken, position.checked_sub(1)) {
            (0, None) => [None; 2],
            (0, Some(before)) => [self.shown_at(0, before).map(shown), None],
            _ => [
                self.shown_at(0, position).map(shown),
                self.operands_within(position),
            ],
        };
        [untaken, taken].contains(&Some(operands))
    }

    /// Which code is interrupted, and where: each path of calls by which a function may be inlined has a body
    /// of its own, be they tail calls. None where the path is not known.
    fn path(&self, view: &FrameView<'_>, interrupted: usize) -> Option<CodePath> {
        let mut path = vec![(view.function.index, interrupted)];
        if !self.setting.inlined {
            return Some(path);
        }
        let depth = self.machine.depth();
        for (frame, caller) in self.machine.frames().enumerate() {
            if frame > 0 {
                if !caller.waits || !self.program.may_be_inlined_at(&caller) {
                    break;
                }
                path.push((caller.function.index, caller.position));
            }
            let replaced = self.history.replaced(depth - 1 - frame)?;
            path.extend(replaced.iter().map(|call| (call.func, call.position)));
        }
        Some(path)
    }

    /// How many operands are shown while the opcode at `position` runs, if a cause predicts that: those
    /// behind it but for its results. What it takes may have covered an `if`'s parameters.
    fn operands_within(&mut self, position: usize) -> Option<usize> {
        let behind = self.shown_at(0, position + 1)?.len();
        let function = self.machine.top()?.function;
        let op = function.instrs[position].op;
        let [before, after] =
            [position, position + 1].map(|at| height_of(function, function.before[at]));
        let results = (after + op.own_operands()).checked_sub(before)?;
        behind.checked_sub(results)
    }
}

impl Comparison {
    /// Whether a record of the opcode at `shown` has that many operands, and is the one that was found
    /// for the same place before.
    pub(crate) fn is_record(
        &mut self,
        following: &mut Following,
        shown: usize,
        interrupted: usize,
        operands: usize,
    ) -> bool {
        let Some(height) = following.operands_at(Some(shown)) else {
            return false;
        };
        let Some(view) = following.machine.top() else {
            return false;
        };
        // A trap's record lacks what its opcode takes.
        let taken = taken_at(view.function, shown);
        let instance = view.instance;
        let same = match following.path(&view, interrupted) {
            Some(path) => self.precedents.is_same_record(instance, path, shown),
            None => true,
        };
        let within = (height.saturating_sub(taken)..=height).contains(&operands);
        same && (within || following.operands_within(shown) == Some(operands))
    }
}
