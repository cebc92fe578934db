//! Sentences that a rule stands on, as they are in Wasmtime's documentation, or in the specification of what it
//! implements.

use lockstep_core::causes::Cause;
use lockstep_core::rules::RuleId;

/// A sentence of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Quote {
    /// The item that it documents, or its place in the specification.
    pub(super) item: &'static str,
    /// The sentence, in one line.
    pub(super) text: &'static str,
}

const fn quote(item: &'static str, text: &'static str) -> Option<Quote> {
    Some(Quote { item, text })
}

/// The sentence that a cause breaks, where it breaks no rule while it is avoided; else that of the rule.
pub(super) fn of(cause: Option<Cause>, rule: Option<RuleId>) -> Option<Quote> {
    match cause {
        Some(
            Cause::OverflowFrame
            | Cause::EpochFrame
            | Cause::StartupFrame
            | Cause::InlinedTrap
            | Cause::InlinedLibcall
            | Cause::InlinedTryCall,
        ) => quote(
            "FrameHandle::instance",
            "Get the instance associated with the current frame.",
        ),
        Some(Cause::RelaxedMadd | Cause::RelaxedDot) => quote(
            "Config::relaxed_simd_deterministic",
            "When this option is enabled then the deterministic behavior of all instructions in the relaxed \
             SIMD proposal is selected.",
        ),
        Some(Cause::AdapterThrow) => quote(
            "CanonicalABI.md, canon lift",
            "Uncaught Core WebAssembly exceptions result in a trap at component boundaries.",
        ),
        Some(Cause::Latin1Alignment) => quote(
            "CanonicalABI.md, storing strings",
            "case 'latin1' : return store_string_copy(cx, src, src_code_units, 1, 2, 'latin-1')",
        ),
        Some(Cause::StringAlignment) => quote(
            "CanonicalABI.md, loading strings",
            "trap_if(ptr != align_to(ptr, alignment))",
        ),
        Some(Cause::ThrownRoot) => quote(
            "Store::throw",
            "This is a special rooted slot that holds the exception as long as it is propagating.",
        ),
        Some(Cause::HandleVersion) => quote(
            "FrameHandle",
            "A handle to a stack frame, valid as long as execution is not resumed in the associated `Store`.",
        ),
        Some(Cause::InstancePosition) => quote(
            "Instance::debug_index_in_store",
            "This index will match the instance's position in the sequence returned by \
             `Store::debug_all_instances()`.",
        ),
        Some(Cause::BreakpointCount) => quote(
            "BreakpointEdit::add_breakpoint",
            "No effect if the breakpoint is already set.",
        ),
        _ => of_rule(rule?),
    }
}

/// The sentence that promises a rule; none where the documentation has none.
fn of_rule(rule: RuleId) -> Option<Quote> {
    match rule {
        RuleId::StepLost | RuleId::StepSpurious | RuleId::StepInstantiate => quote(
            "BreakpointEdit::single_step",
            "In single-step mode, a breakpoint event is emitted at every Wasm PC.",
        ),
        RuleId::BreakLost | RuleId::BreakSpurious => {
            quote("DebugEvent::Breakpoint", "A breakpoint was reached.")
        }
        RuleId::EditBreakpoints => quote("StoreContext::breakpoints", "Return all breakpoints."),
        RuleId::EditSingleStep => quote(
            "StoreContext::is_single_step",
            "Indicate whether single-step mode is enabled.",
        ),
        RuleId::OperandCount => quote(
            "FrameHandle::num_stacks",
            "Get the depth of the operand stack in this frame.",
        ),
        RuleId::OperandType | RuleId::OperandValue => quote(
            "FrameHandle::stack",
            "Get the type and value of the given operand-stack value in this frame.",
        ),
        RuleId::LocalCount => quote(
            "FrameHandle::num_locals",
            "Get the number of locals in this frame.",
        ),
        RuleId::LocalType | RuleId::LocalValue => quote(
            "FrameHandle::local",
            "Get the type and value of the given local in this frame.",
        ),
        RuleId::FrameFunction | RuleId::FramePc | RuleId::TrapPc => quote(
            "FrameHandle::wasm_function_index_and_pc",
            "Get the raw function index associated with the current frame, and the module-relative PC as an \
             offset within the module binary",
        ),
        RuleId::FrameCount => quote(
            "Store::debug_exit_frames",
            "An activation is a contiguous sequence of Wasm frames (called functions) that were called from \
             host code and called back out to host code.",
        ),
        RuleId::TrapEvent => quote("DebugEvent::Trap", "A Wasm trap occurred."),
        RuleId::HostErrorEvent => quote(
            "DebugEvent::HostcallError",
            "A wasmtime::Error was raised by a hostcall.",
        ),
        _ => None,
    }
}
