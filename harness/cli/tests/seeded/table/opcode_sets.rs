//! Sets of opcodes.

use lockstep_oracles::opcode::{Opcode, Proposal};

/// Opcodes that store what they are given.
pub(super) const STORES: &[Opcode] = &[
    Opcode::I32Store,
    Opcode::I64Store,
    Opcode::F32Store,
    Opcode::F64Store,
    Opcode::I32Store8,
    Opcode::I32Store16,
    Opcode::I64Store8,
    Opcode::I64Store16,
    Opcode::I64Store32,
    Opcode::V128Store,
];

/// Those of them that store a number of four or eight bytes.
pub(super) const WIDE_STORES: &[Opcode] = &[
    Opcode::I32Store,
    Opcode::I64Store,
    Opcode::F32Store,
    Opcode::F64Store,
];

/// Those of them that store one byte.
pub(super) const BYTE_STORES: &[Opcode] = &[Opcode::I32Store8, Opcode::I64Store8];

/// Opcodes that change a range.
pub(super) const BULK: &[Opcode] = &[
    Opcode::MemoryInit,
    Opcode::MemoryCopy,
    Opcode::MemoryFill,
    Opcode::TableInit,
    Opcode::TableCopy,
    Opcode::TableFill,
];

/// Opcodes that make a memory or table larger.
pub(super) const GROWTHS: &[Opcode] = &[Opcode::MemoryGrow, Opcode::TableGrow];

/// Opcodes that make a constant.
pub(super) const CONSTANTS: &[Opcode] = &[
    Opcode::I32Const,
    Opcode::I64Const,
    Opcode::F32Const,
    Opcode::F64Const,
];

/// Comparisons of integers.
pub(super) const COMPARISONS: &[Opcode] = &[
    Opcode::I32Eqz,
    Opcode::I32Eq,
    Opcode::I32Ne,
    Opcode::I32LtS,
    Opcode::I32LtU,
    Opcode::I32GtS,
    Opcode::I32GtU,
    Opcode::I32LeS,
    Opcode::I32LeU,
    Opcode::I32GeS,
    Opcode::I32GeU,
    Opcode::I64Eqz,
    Opcode::I64Eq,
    Opcode::I64Ne,
    Opcode::I64LtS,
    Opcode::I64LtU,
    Opcode::I64GtS,
    Opcode::I64GtU,
    Opcode::I64LeS,
    Opcode::I64LeU,
    Opcode::I64GeS,
    Opcode::I64GeU,
];

/// Whether an opcode is one of vectors.
pub(super) fn is_vector(opcode: Opcode) -> bool {
    opcode.proposal() == Proposal::Simd
}
