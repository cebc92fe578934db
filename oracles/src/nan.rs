//! The NaNs that the specification leaves open: which bits an instruction's NaN may have.
//!
//! The machine itself takes the positive canonical NaN (see `numeric`). An engine may take
//! another, as *NaN Propagation* in the chapter *Numerics* says: if all NaN operands are canonical, or
//! there is none, a canonical NaN of either sign; otherwise any arithmetic NaN.

use crate::opcode::Opcode;

/// The width of a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    F32,
    F64,
}

impl Width {
    fn bits(self) -> u32 {
        match self {
            Width::F32 => 32,
            Width::F64 => 64,
        }
    }

    /// Bits of the significand that are stored.
    fn significand(self) -> u32 {
        match self {
            Width::F32 => 23,
            Width::F64 => 52,
        }
    }

    /// How many lanes of this width a cell has.
    fn lanes(self) -> u32 {
        128 / self.bits()
    }

    /// A lane of a cell; a scalar is lane 0, with zeros above it.
    fn lane(self, cell: u128, lane: u32) -> u64 {
        let mask = u64::MAX >> (64 - self.bits());
        (cell >> (self.bits() * lane)) as u64 & mask
    }

    /// The bits without the sign.
    fn magnitude(self, bits: u64) -> u64 {
        bits & !(1 << (self.bits() - 1))
    }

    fn infinity(self) -> u64 {
        (1 << (self.bits() - 1)) - (1 << self.significand())
    }

    fn is_nan(self, bits: u64) -> bool {
        self.magnitude(bits) > self.infinity()
    }

    fn canonical_nan(self) -> u64 {
        self.infinity() | 1 << (self.significand() - 1)
    }

    /// Whether it is a canonical NaN, of either sign.
    fn is_canonical(self, bits: u64) -> bool {
        self.magnitude(bits) == self.canonical_nan()
    }

    /// Whether it is a NaN of which the payload's most significant bit is set.
    fn is_arithmetic(self, bits: u64) -> bool {
        self.magnitude(bits) >= self.canonical_nan()
    }
}

/// An instruction whose NaNs are open. Lane by lane: a scalar is lane 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Floating {
    /// How many operands it takes: 1 to 3.
    pub(crate) operands: usize,
    from: Width,
    to: Width,
}

impl Floating {
    const fn of(operands: usize, from: Width, to: Width) -> Option<Floating> {
        Some(Floating { operands, from, to })
    }

    /// The instruction of this opcode, if it is one. What works on bits is none: `abs`, `neg`,
    /// `copysign`; nor what only chooses one of its operands: `pmin`, `pmax`.
    pub(crate) const fn instruction(op: Opcode) -> Option<Floating> {
        use Opcode::*;
        use Width::{F32, F64};
        match op {
            F32Sqrt | F32Ceil | F32Floor | F32Trunc | F32Nearest | F32x4Sqrt | F32x4Ceil
            | F32x4Floor | F32x4Trunc | F32x4Nearest => Floating::of(1, F32, F32),
            F64Sqrt | F64Ceil | F64Floor | F64Trunc | F64Nearest | F64x2Sqrt | F64x2Ceil
            | F64x2Floor | F64x2Trunc | F64x2Nearest => Floating::of(1, F64, F64),
            F32Add | F32Sub | F32Mul | F32Div | F32Min | F32Max | F32x4Add | F32x4Sub
            | F32x4Mul | F32x4Div | F32x4Min | F32x4Max | F32x4RelaxedMin | F32x4RelaxedMax => {
                Floating::of(2, F32, F32)
            }
            F64Add | F64Sub | F64Mul | F64Div | F64Min | F64Max | F64x2Add | F64x2Sub
            | F64x2Mul | F64x2Div | F64x2Min | F64x2Max | F64x2RelaxedMin | F64x2RelaxedMax => {
                Floating::of(2, F64, F64)
            }
            F32x4RelaxedMadd | F32x4RelaxedNmadd => Floating::of(3, F32, F32),
            F64x2RelaxedMadd | F64x2RelaxedNmadd => Floating::of(3, F64, F64),
            F32DemoteF64 | F32x4DemoteF64x2Zero => Floating::of(1, F64, F32),
            F64PromoteF32 | F64x2PromoteLowF32x4 => Floating::of(1, F32, F64),
            _ => None,
        }
    }

    /// What is open in its `result` for these operands; none if nothing is.
    pub(crate) fn open(self, operands: &[u128], result: u128) -> Option<OpenNan> {
        let (from, to) = (self.from, self.to);
        let mut open = OpenNan {
            width: to,
            nans: 0,
            arithmetic: 0,
        };
        for lane in 0..to.lanes() {
            if !to.is_nan(to.lane(result, lane)) {
                continue;
            }
            // A lane of the result beyond the operands' lanes is no NaN.
            let payload = |&operand: &u128| {
                let bits = from.lane(operand, lane);
                from.is_nan(bits) && !from.is_canonical(bits)
            };
            open.nans |= 1 << lane;
            open.arithmetic |= u8::from(operands.iter().any(payload)) << lane;
        }
        (open.nans != 0).then_some(open)
    }
}

/// The lanes of a value that are NaNs with open bits. A scalar is lane 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenNan {
    width: Width,
    /// A bit a lane: a NaN of an instruction.
    nans: u8,
    /// A bit a lane: any arithmetic NaN may be there, not only a canonical one.
    arithmetic: u8,
}

impl OpenNan {
    /// Whether `other` may stand in place of `own`: the open lanes hold NaNs that are allowed there,
    /// the other lanes are the same.
    pub(crate) fn allows(self, own: u128, other: u128) -> bool {
        (0..self.width.lanes()).all(|lane| {
            let bits = self.width.lane(other, lane);
            if self.nans >> lane & 1 == 0 {
                bits == self.width.lane(own, lane)
            } else if self.arithmetic >> lane & 1 == 0 {
                self.width.is_canonical(bits)
            } else {
                self.width.is_arithmetic(bits)
            }
        })
    }
}

#[cfg(test)]
mod tests;
