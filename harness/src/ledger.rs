//! Known divergences and hazards of published versions, each as narrow as its cause.
//!
//! An *observational* entry explains exactly one difference of data and lockstep goes on. A
//! *hazard* names an API call that is not made because it would crash the process.

use crate::divergence::Moment;
use crate::rules::RuleId;

/// What an entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// Explains a difference; lockstep goes on.
    Observational,
    /// Names an API call that is not made.
    Hazard,
    /// The harness works around the behaviour; a test shows that it is still there.
    Workaround,
}

/// One entry of the ledger.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Entry {
    /// Its name in reports.
    pub id: &'static str,
    /// What it does.
    pub kind: EntryKind,
    /// The rule it deviates from; none for a hazard that breaks no rule when avoided.
    pub rule: &'static str,
    /// Versions in which it was seen.
    pub versions: &'static str,
    /// Cause and extent.
    pub cause: &'static str,
    /// The test that fails when a version no longer does it.
    pub test: &'static str,
}

/// A `Trap` event shows the PC of a later opcode of the same function.
pub const TRAP_PC: &str = "W42-TRAP-PC";
/// A `Trap` event shows the operand stack of a later opcode of the same function.
pub const TRAP_STACK: &str = "W42-TRAP-STACK";
/// Reading a `v128` from a slot that is not 16-byte aligned faults.
pub const V128_SLOT: &str = "W42-V128-SLOT";
/// Single-step does not cover modules that the store first sees later.
pub const LATE_MODULE: &str = "W42-LATE-MODULE";

/// The ledger.
pub static ENTRIES: &[Entry] = &[
    Entry {
        id: TRAP_PC,
        kind: EntryKind::Observational,
        rule: "EVENT-TRAP-PC",
        versions: "42.0.2",
        cause: "At a Trap event the innermost frame's PC is looked up from the return address of \
                the trap's own library call, which belongs to code placed behind the function's \
                body. Matches only a PC of the same function other than the trapping opcode's, in \
                the innermost frame of a Trap event.",
        test: "ledger::trap_pc_is_still_wrong",
    },
    Entry {
        id: TRAP_STACK,
        kind: EntryKind::Observational,
        rule: "EVENT-TRAP-STACK",
        versions: "42.0.2",
        cause: "Same cause as W42-TRAP-PC: the operand stack shown is the one that validation \
                gives the PC shown. Matches only together with it, and only when the number of \
                operands is the one of that PC.",
        test: "ledger::trap_stack_is_still_wrong",
    },
    Entry {
        id: V128_SLOT,
        kind: EntryKind::Hazard,
        rule: "FRAME-LOCAL-VALUE, FRAME-OPERAND-VALUE",
        versions: "42.0.2",
        cause: "Values of a frame are packed without alignment behind an 8-byte header, and a \
                v128 is read with an aligned load: SIGSEGV in release builds. Avoided exactly for \
                the v128 slots whose computed offset is no multiple of 16.",
        test: "ledger::v128_slot_still_faults",
    },
    Entry {
        id: LATE_MODULE,
        kind: EntryKind::Workaround,
        rule: "STEP-INSTANTIATE",
        versions: "42.0.2",
        cause: "single_step(true) patches the modules that the store knows at that moment; a \
                module instantiated later runs without events until the next edit. Lockstep makes \
                each module known and repeats the edit before instantiating it.",
        test: "ledger::late_module_is_still_not_stepped",
    },
];

/// What an observational entry needs to know of a difference at a trap.
#[derive(Clone, Copy, Debug)]
pub struct TrapEvidence {
    /// The subject's innermost frame is in the expected instance and function.
    pub same_function: bool,
    /// Position of the trapping opcode.
    pub trapping: usize,
    /// Position of the opcode at the PC shown, if there is one there.
    pub shown: Option<usize>,
    /// The number of operands shown is that of the PC shown.
    pub operands_of_shown: bool,
}

/// The entry that explains a difference at a `Trap` event, if one does.
pub fn explain_trap(rule: RuleId, moment: Moment, evidence: TrapEvidence) -> Option<&'static str> {
    let elsewhere = moment == Moment::Trap
        && evidence.same_function
        && evidence.shown.is_some_and(|shown| shown != evidence.trapping);
    match rule {
        RuleId::TrapPc if elsewhere => Some(TRAP_PC),
        RuleId::TrapStack if elsewhere && evidence.operands_of_shown => Some(TRAP_STACK),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: TrapEvidence = TrapEvidence {
        same_function: true,
        trapping: 3,
        shown: Some(9),
        operands_of_shown: true,
    };

    #[test]
    fn a_later_opcode_of_the_same_function_is_known() {
        assert_eq!(explain_trap(RuleId::TrapPc, Moment::Trap, LATER), Some(TRAP_PC));
        assert_eq!(explain_trap(RuleId::TrapStack, Moment::Trap, LATER), Some(TRAP_STACK));
    }

    #[test]
    fn everything_beside_it_is_not() {
        let other = TrapEvidence { same_function: false, ..LATER };
        assert_eq!(explain_trap(RuleId::TrapPc, Moment::Trap, other), None);
        let nowhere = TrapEvidence { shown: None, ..LATER };
        assert_eq!(explain_trap(RuleId::TrapPc, Moment::Trap, nowhere), None);
        let here = TrapEvidence { shown: Some(3), ..LATER };
        assert_eq!(explain_trap(RuleId::TrapStack, Moment::Trap, here), None);
        let count = TrapEvidence { operands_of_shown: false, ..LATER };
        assert_eq!(explain_trap(RuleId::TrapStack, Moment::Trap, count), None);
        assert_eq!(explain_trap(RuleId::TrapPc, Moment::Breakpoint, LATER), None);
        assert_eq!(explain_trap(RuleId::FramePc, Moment::Trap, LATER), None);
    }
}
