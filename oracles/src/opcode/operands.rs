//! How many operands an opcode takes, and how many it leaves in their place. Where the number is the
//! same everywhere, the decoder's table has it; where an immediate decides, the rows are here.

use super::Opcode;

/// What an opcode does to the height of the operand stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operands {
    /// Operands taken from the top.
    pub taken: Count,
    /// Operands pushed in their place. Of an opcode that never goes on at the next one, none.
    pub left: Count,
}

/// A number of operands: the same everywhere, or that many more than an immediate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// How many, beside those that the immediate says.
    pub own: u8,
    /// What else is counted.
    pub more: Option<More>,
}

/// Operands whose number an immediate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// The parameters of the block type.
    BlockParams,
    /// The results of the block type; of the function for its own `end` and `return`.
    BlockResults,
    /// What a branch to the label carries.
    Label,
    /// What a branch to the label carries, but for the reference on top.
    BelowReference,
    /// The parameters of the function's type.
    Params,
    /// The results of the function's type.
    Results,
    /// The fields of the structure type.
    Fields,
    /// The length that is given.
    Length,
    /// The parameters of the tag.
    Payload,
}

const fn exactly(own: u8) -> Count {
    Count { own, more: None }
}

const fn and(own: u8, more: More) -> Count {
    Count {
        own,
        more: Some(more),
    }
}

/// The operands of the opcodes whose row in the decoder's table says `arity custom`; none of others.
const fn by_immediate(op: Opcode) -> Option<Operands> {
    use More::*;
    let (taken, left) = match op {
        Opcode::Block | Opcode::Loop | Opcode::TryTable => {
            (and(0, BlockParams), and(0, BlockParams))
        }
        Opcode::If => (and(1, BlockParams), and(0, BlockParams)),
        Opcode::Else => (and(0, BlockResults), and(0, BlockParams)),
        Opcode::End => (and(0, BlockResults), and(0, BlockResults)),
        Opcode::Br => (and(0, Label), exactly(0)),
        Opcode::BrIf => (and(1, Label), and(0, Label)),
        Opcode::BrTable => (and(1, Label), exactly(0)),
        Opcode::BrOnNull => (and(1, Label), and(1, Label)),
        Opcode::BrOnNonNull => (and(1, BelowReference), and(0, BelowReference)),
        Opcode::BrOnCast | Opcode::BrOnCastFail => (and(1, BelowReference), and(1, BelowReference)),
        Opcode::Return => (and(0, BlockResults), exactly(0)),
        Opcode::Call => (and(0, Params), and(0, Results)),
        Opcode::CallIndirect | Opcode::CallRef => (and(1, Params), and(0, Results)),
        Opcode::ReturnCall => (and(0, Params), exactly(0)),
        Opcode::ReturnCallIndirect | Opcode::ReturnCallRef => (and(1, Params), exactly(0)),
        Opcode::Throw => (and(0, Payload), exactly(0)),
        Opcode::StructNew => (and(0, Fields), exactly(1)),
        Opcode::ArrayNewFixed => (and(0, Length), exactly(1)),
        _ => return None,
    };
    Some(Operands { taken, left })
}

impl Operands {
    /// A number that is the same everywhere.
    pub(super) const fn fixed(taken: u8, left: u8) -> Operands {
        Operands {
            taken: exactly(taken),
            left: exactly(left),
        }
    }
}

impl Opcode {
    /// The operands that it takes and leaves; none if the oracle does not implement it and an
    /// immediate decides.
    #[inline]
    pub fn operands(self) -> Option<Operands> {
        match Opcode::FIXED[self as usize] {
            Some(fixed) => Some(fixed),
            None => by_immediate(self),
        }
    }

    /// The operands that it takes for itself: not those that it hands on to a function, a label or a
    /// handler.
    #[inline]
    pub fn own_operands(self) -> usize {
        self.operands()
            .map_or(0, |operands| operands.taken.own.into())
    }
}

#[cfg(test)]
mod tests;
