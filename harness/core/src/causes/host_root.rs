//! `HOST-ROOT` and `HOST-MOVED`: behind a host function that host code called, a collection visits the roots of
//! some frames twice.

use crate::rules::RuleId;
use lockstep_oracles::machine::{FrameView, Machine};
use lockstep_oracles::value::{Ref, Value};

/// Rules that an object can break of which there are two, one of them no more.
pub const CHANGES: &[RuleId] = &[
    RuleId::LocalValue,
    RuleId::OperandValue,
    RuleId::RefNull,
    RuleId::RefKind,
    RuleId::RefType,
    RuleId::RefIdentity,
    RuleId::RefContent,
    RuleId::Kept,
    RuleId::BreakLost,
    RuleId::BreakSpurious,
    RuleId::TrapEvent,
    RuleId::HostCall,
    RuleId::ThrowEvent,
    RuleId::Outcome,
    RuleId::Values,
    RuleId::Memory,
    RuleId::Global,
    RuleId::Table,
    RuleId::Collect,
    RuleId::Panic,
];

/// Whether a collection visits frames twice that have a reference to an object.
pub fn are_visited_twice(machine: &Machine) -> bool {
    machine.frames_to_bare_activation().is_some()
        && machine.frames().any(|view| refers_to_object(&view))
}

/// Whether a frame has a reference to what a collection may free or move.
pub fn refers_to_object(view: &FrameView<'_>) -> bool {
    view.operands_typed().any(is_of_object) || view.locals_typed().any(is_of_object)
}

fn is_of_object(value: Value) -> bool {
    matches!(
        value,
        Value::Ref(
            Ref::Struct(_) | Ref::Array(_) | Ref::Exn(_) | Ref::Extern(_),
            _
        )
    )
}
