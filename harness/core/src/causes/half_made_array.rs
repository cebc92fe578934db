//! `HALF-MADE-ARRAY`: an array whose elements were not written yet when the program was ended.

use crate::rules::RuleId;
use lockstep_oracles::opcode::Opcode;

/// The rules that break where an object is shown that was made in the place of one that was freed early.
pub const BREAKS: [RuleId; 4] = [
    RuleId::RefKind,
    RuleId::RefType,
    RuleId::RefIdentity,
    RuleId::RefContent,
];

/// Whether the opcode leaves an array without all of its elements if it is interrupted: it makes one, and
/// then writes as many as an operand says.
pub fn is_left_by(op: Opcode) -> bool {
    op.makes_object() && op.is_bulk()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_any_length_are_left_half_made() {
        assert!(is_left_by(Opcode::ArrayNew));
        assert!(is_left_by(Opcode::ArrayNewDefault));
        assert!(is_left_by(Opcode::ArrayNewElem));
        assert!(!is_left_by(Opcode::ArrayNewFixed));
        assert!(!is_left_by(Opcode::ArrayFill));
        assert!(!is_left_by(Opcode::StructNew));
    }
}
