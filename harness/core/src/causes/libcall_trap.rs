//! `LIBCALL-TRAP`: the trap of some library calls is announced as a failing host function.

use lockstep_oracles::opcode::Opcode;

/// Whether the cause explains a `HostcallError` event with the opcode's own trap.
pub fn explains(op: Opcode) -> bool {
    matches!(
        op,
        Opcode::TableInit
            | Opcode::TableFill
            | Opcode::ArrayNewData
            | Opcode::ArrayNewElem
            | Opcode::ArrayCopy
            | Opcode::ArrayInitData
            | Opcode::ArrayInitElem
    )
}
