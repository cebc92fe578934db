//! `TRAP-PC` and `TRAP-STACK`: a `Trap` event shows another opcode of the same function.

use super::Cause;
use crate::divergence::Moment;
use crate::rules::RuleId;
use lockstep_oracles::code::Function;
use lockstep_oracles::opcode::{Control, Opcode};

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
    /// The opcode shown can be the function's last in the order of the machine code.
    pub may_be_last: bool,
}

/// Whether an opcode of the function may be its last in the order of the machine code, given that the
/// trapping one has code.
///
/// The compiler places code so that what is reached by going forward comes later. So none is last from which
/// the program goes forward to another that has code. That is certain where nothing about it depends on a
/// value, which the compiler may know; and where the program has just done so, to come to the trap.
pub fn may_be_last(function: &Function, shown: usize, trapping: usize) -> bool {
    let leads_to_trap = shown < trapping && (shown..trapping).all(|at| falls_through(function, at));
    !leads_to_trap && !goes_on(function, shown)
}

/// Whether the program, having executed the opcode, goes forward to another for certain.
fn goes_on(function: &Function, at: usize) -> bool {
    let op = function.instrs[at].op;
    match op.control() {
        Control::Next => op.facts().is_some_and(|facts| facts.traps.is_empty()),
        Control::Call => op == Opcode::Call,
        Control::Branch => matches!(op, Opcode::If | Opcode::Else),
        Control::Return => op == Opcode::End && at + 1 < function.instrs.len(),
        Control::TailCall | Control::Throw | Control::Nowhere => false,
    }
}

/// Whether the opcode behind this one is only ever executed behind it.
fn falls_through(function: &Function, at: usize) -> bool {
    let op = function.instrs[at].op;
    match op.control() {
        Control::Next => op != Opcode::Loop,
        Control::Call => true,
        Control::Branch => !matches!(op, Opcode::Br | Opcode::BrTable | Opcode::Else),
        Control::Return | Control::TailCall | Control::Throw | Control::Nowhere => false,
    }
}

/// The cause that explains a difference at a `Trap` event, if one does.
pub fn explain_trap(rule: RuleId, moment: Moment, evidence: TrapEvidence) -> Option<Cause> {
    let elsewhere = moment == Moment::Trap
        && evidence.same_function
        && evidence.may_be_last
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
    use lockstep_oracles::module::Module;

    const ELSEWHERE: TrapEvidence = TrapEvidence {
        same_function: true,
        trapping: 3,
        shown: Some(9),
        earlier: None,
        operands_of_shown: true,
        may_be_last: true,
    };

    /// Which opcodes of a function that traps at one may be shown.
    fn last(body: &str, trapping: usize) -> Vec<usize> {
        let wat = format!("(module (func (param i32) (result i32) {body}))");
        let bytes = wat::parse_str(wat).unwrap();
        let module = Module::new(&bytes, lockstep_oracles::WasmFeatures::WASM3).unwrap();
        let function = &module.functions()[0];
        let all = 0..function.instrs.len();
        all.filter(|&at| function.reachable[at] && may_be_last(function, at, trapping))
            .collect()
    }

    #[test]
    fn nothing_before_the_end_of_straight_code_is_last() {
        // 0 const, 1 local.get, 2 i32.div_u, 3 const, 4 add, 5 nop, 6 end
        let body = "i32.const 8 local.get 0 i32.div_u i32.const 1 i32.add nop";
        // The trap itself may be all that the compiler leaves.
        assert_eq!(last(body, 2), [2, 6]);
    }

    #[test]
    fn what_leads_to_the_trap_is_not_last() {
        // 0 local.get, 1 i32.load, 2 i32.load, 3 end
        let wat = "local.get 0 i32.eqz if unreachable end local.get 0 local.get 0 i32.div_u";
        // 0 get, 1 eqz, 2 if, 3 unreachable, 4 end, 5 get, 6 get, 7 div, 8 end
        assert_eq!(last(wat, 7), [3, 7, 8]);
        let two = "local.get 0 local.get 0 i32.div_u local.get 0 i32.div_u";
        // 2 i32.div_u leads to 4 i32.div_u.
        assert_eq!(last(two, 4), [4, 5]);
        assert_eq!(last(two, 2), [2, 4, 5]);
    }

    #[test]
    fn a_branch_may_be_last() {
        // 0 loop, 1 get, 2 br_if, 3 br, 4 end, 5 unreachable
        let body = "loop local.get 0 br_if 0 br 0 end unreachable";
        // That the loop has no end is not known here.
        assert_eq!(last(body, 3), [3, 5]);
    }

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
        let inner = TrapEvidence {
            may_be_last: false,
            ..ELSEWHERE
        };
        assert_eq!(explain_trap(RuleId::TrapPc, Moment::Trap, inner), None);
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
