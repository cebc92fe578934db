//! The opcodes that compute and can trap.

use lockstep_oracles::opcode::Opcode;

/// Why an opcode that computes may trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::generate) enum Hazard {
    /// It divides.
    Division,
    /// It makes an integer of a float.
    Truncation,
}

impl Hazard {
    /// The hazard of an opcode of the table, if it is one.
    pub(in crate::generate) fn of(opcode: Opcode) -> Option<Hazard> {
        match opcode {
            Opcode::I32DivS
            | Opcode::I32DivU
            | Opcode::I32RemS
            | Opcode::I32RemU
            | Opcode::I64DivS
            | Opcode::I64DivU
            | Opcode::I64RemS
            | Opcode::I64RemU => Some(Hazard::Division),
            Opcode::I32TruncF32S
            | Opcode::I32TruncF32U
            | Opcode::I32TruncF64S
            | Opcode::I32TruncF64U
            | Opcode::I64TruncF32S
            | Opcode::I64TruncF32U
            | Opcode::I64TruncF64S
            | Opcode::I64TruncF64U => Some(Hazard::Truncation),
            _ => None,
        }
    }
}
