//! `PULLEY-REGISTERS`: an event on pulley64 changes registers of the code that it interrupts.

use crate::rules::RuleId;

/// Rules that a value changed in a register can break; what the store says of itself does not depend
/// on the guest's registers.
pub const BREAKS: &[RuleId] = &[
    RuleId::LocalValue,
    RuleId::OperandValue,
    RuleId::FramePc,
    RuleId::FrameFunction,
    RuleId::FrameCount,
    RuleId::StepLost,
    RuleId::StepSpurious,
    RuleId::BreakLost,
    RuleId::BreakSpurious,
    RuleId::FrameInstance,
    RuleId::TrapEvent,
    RuleId::TrapPc,
    RuleId::TrapStack,
    RuleId::HostErrorEvent,
    RuleId::HostCall,
    RuleId::Outcome,
    RuleId::Values,
    RuleId::Memory,
    RuleId::Global,
    RuleId::Table,
    RuleId::Panic,
    RuleId::Crash,
    RuleId::Hang,
    RuleId::RefNull,
    RuleId::RefKind,
    RuleId::RefType,
    RuleId::RefIdentity,
    RuleId::RefContent,
    RuleId::Kept,
    RuleId::ThrowEvent,
    RuleId::EpochLost,
    RuleId::EpochEvent,
    RuleId::CheckPc,
    RuleId::CheckStack,
];

/// Whether a value changed in a register can break the rule.
pub fn can_break(rule: RuleId) -> bool {
    BREAKS.contains(&rule)
}
