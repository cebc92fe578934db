//! `TRAP-PC` and `TRAP-STACK`: a `Trap` event shows another opcode of the same function.

use super::Cause;
use crate::divergence::Moment;
use crate::rules::RuleId;

/// What the causes need to know of a difference at a trap.
#[derive(Clone, Copy, Debug)]
pub struct TrapEvidence {
    /// The subject's innermost frame is in the expected instance and function.
    pub same_function: bool,
    /// Position of the trapping opcode.
    pub trapping: usize,
    /// Position of the opcode at the PC shown, if there is one there that control can reach.
    pub shown: Option<usize>,
    /// Where earlier traps of this function were shown, if there were any that were shown wrong.
    pub earlier: Option<usize>,
    /// The number of operands shown is that of the PC shown, and those that both opcodes have are right.
    pub operands_of_shown: bool,
}

/// The cause that explains a difference at a `Trap` event, if one does.
pub fn explain_trap(rule: RuleId, moment: Moment, evidence: TrapEvidence) -> Option<Cause> {
    let elsewhere = moment == Moment::Trap
        && evidence.same_function
        && evidence.shown.is_some_and(|shown| {
            shown != evidence.trapping && evidence.earlier.is_none_or(|earlier| earlier == shown)
        });
    match rule {
        RuleId::TrapPc if elsewhere => Some(Cause::TrapPc),
        RuleId::TrapStack if elsewhere && evidence.operands_of_shown => Some(Cause::TrapStack),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELSEWHERE: TrapEvidence = TrapEvidence {
        same_function: true,
        trapping: 3,
        shown: Some(9),
        earlier: None,
        operands_of_shown: true,
    };

    #[test]
    fn another_opcode_of_the_same_function_is_known() {
        assert_eq!(
            explain_trap(RuleId::TrapPc, Moment::Trap, ELSEWHERE),
            Some(Cause::TrapPc)
        );
        assert_eq!(
            explain_trap(RuleId::TrapStack, Moment::Trap, ELSEWHERE),
            Some(Cause::TrapStack)
        );
    }

    #[test]
    fn everything_beside_it_is_not() {
        let other = TrapEvidence {
            same_function: false,
            ..ELSEWHERE
        };
        assert_eq!(explain_trap(RuleId::TrapPc, Moment::Trap, other), None);
        let nowhere = TrapEvidence {
            shown: None,
            ..ELSEWHERE
        };
        assert_eq!(explain_trap(RuleId::TrapPc, Moment::Trap, nowhere), None);
        let another = TrapEvidence {
            earlier: Some(8),
            ..ELSEWHERE
        };
        assert_eq!(explain_trap(RuleId::TrapPc, Moment::Trap, another), None);
        let here = TrapEvidence {
            shown: Some(3),
            ..ELSEWHERE
        };
        assert_eq!(explain_trap(RuleId::TrapStack, Moment::Trap, here), None);
        let count = TrapEvidence {
            operands_of_shown: false,
            ..ELSEWHERE
        };
        assert_eq!(explain_trap(RuleId::TrapStack, Moment::Trap, count), None);
        assert_eq!(
            explain_trap(RuleId::TrapPc, Moment::Breakpoint, ELSEWHERE),
            None
        );
        assert_eq!(explain_trap(RuleId::FramePc, Moment::Trap, ELSEWHERE), None);
    }
}
