//! Every public item of the debug API, of all versions that can be a subject, and the rules about it, or
//! why there is none.
//!
//! A test walks the published source of each version that is built and holds this table complete.

use crate::rules::RuleId;
use crate::rules::RuleId::*;

/// What is checked of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// These rules are about it.
    Rules(&'static [RuleId]),
    /// No rule is, for this reason.
    Reason(&'static str),
}

/// Items with one answer.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The items: a type, or a method, field or variant behind its type.
    pub items: &'static [&'static str],
    /// What is checked of them.
    pub answer: Answer,
}

const fn rules(items: &'static [&'static str], rules: &'static [RuleId]) -> Row {
    Row {
        items,
        answer: Answer::Rules(rules),
    }
}

const fn reason(items: &'static [&'static str], reason: &'static str) -> Row {
    Row {
        items,
        answer: Answer::Reason(reason),
    }
}

/// The row that names an item.
pub fn row(item: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.items.contains(&item))
}

/// The items, those that belong together in one row.
pub const ROWS: &[Row] = &[
    // Events.
    rules(
        &[
            "DebugHandler",
            "DebugHandler::handle",
            "DebugEvent",
            "Store::set_debug_handler",
        ],
        &[
            StepLost,
            StepSpurious,
            BreakLost,
            BreakSpurious,
            HandlerKept,
            HandlerEvent,
        ],
    ),
    reason(
        &["DebugHandler::Data"],
        "a type: what it may be, the compiler checks",
    ),
    rules(
        &["Store::clear_debug_handler"],
        &[HandlerDropped, HandlerEvent],
    ),
    rules(
        &["DebugEvent::Breakpoint"],
        &[StepLost, StepSpurious, BreakLost, BreakSpurious, Isolate],
    ),
    rules(
        &["DebugEvent::Trap"],
        &[TrapEvent, TrapPc, TrapStack, CheckPc, CheckStack],
    ),
    rules(&["DebugEvent::HostcallError"], &[HostErrorEvent]),
    rules(
        &["DebugEvent::EpochYield"],
        &[EpochEvent, EpochLost, CheckPc, CheckStack],
    ),
    rules(
        &[
            "DebugEvent::Exception",
            "DebugEvent::CaughtExceptionThrown",
            "DebugEvent::UncaughtExceptionThrown",
        ],
        &[ThrowEvent],
    ),
    // Breakpoints.
    rules(
        &[
            "BreakpointEdit",
            "BreakpointEdit::add_breakpoint",
            "BreakpointEdit::remove_breakpoint",
        ],
        &[
            EditAccepted,
            EditBreakpoints,
            BreakLost,
            BreakSpurious,
            EditCodeImage,
            EditPermissions,
            EditWritable,
        ],
    ),
    rules(
        &["BreakpointEdit::single_step"],
        &[
            EditAccepted,
            EditSingleStep,
            StepLost,
            StepSpurious,
            StepInstantiate,
        ],
    ),
    rules(
        &[
            "Breakpoint",
            "Breakpoint::module",
            "Breakpoint::pc",
            "StoreContext::breakpoints",
        ],
        &[EditBreakpoints, GuestDebug],
    ),
    rules(&["StoreContext::is_single_step"], &[EditSingleStep]),
    rules(
        &["StoreContextMut::edit_breakpoints"],
        &[EditAccepted, Isolate, GuestDebug],
    ),
    reason(
        &[
            "Store::breakpoints",
            "Store::is_single_step",
            "Store::edit_breakpoints",
            "Caller::edit_breakpoints",
        ],
        "the same as of StoreContext or StoreContextMut, which is asked",
    ),
    // Frames.
    rules(
        &[
            "StoreContextMut::debug_frames",
            "StoreContextMut::debug_exit_frames",
        ],
        &[FrameCount, FrameOrder, FrameActivation, GuestDebug],
    ),
    reason(
        &[
            "Store::debug_frames",
            "Store::debug_exit_frames",
            "Caller::debug_frames",
            "Caller::debug_exit_frames",
        ],
        "the same as of StoreContextMut, which is asked",
    ),
    rules(
        &["FrameHandle", "FrameHandle::is_valid"],
        &[FrameHandle, StaleHandle],
    ),
    rules(
        &["FrameHandle::parent"],
        &[FrameCount, FrameOrder, FrameActivation, StaleHandle],
    ),
    rules(
        &[
            "DebugFrameCursor",
            "DebugFrameCursor::move_to_parent",
            "DebugFrameCursor::done",
        ],
        &[FrameCount, FrameOrder],
    ),
    rules(
        &[
            "FrameParentResult",
            "FrameParentResult::SameActivation",
            "FrameParentResult::NewActivation",
        ],
        &[FrameActivation],
    ),
    rules(&["FrameHandle::instance"], &[FrameInstance, StaleHandle]),
    rules(&["DebugFrameCursor::instance"], &[FrameInstance]),
    rules(&["FrameHandle::module"], &[FrameModule, StaleHandle]),
    rules(&["DebugFrameCursor::module"], &[FrameModule]),
    rules(
        &["FrameHandle::wasm_function_index_and_pc"],
        &[FrameFunction, FramePc, FrameCallerPc, StaleHandle],
    ),
    rules(
        &["DebugFrameCursor::wasm_function_index_and_pc"],
        &[FrameFunction, FramePc, FrameCallerPc],
    ),
    rules(&["FrameHandle::num_locals"], &[LocalCount, StaleHandle]),
    rules(&["DebugFrameCursor::num_locals"], &[LocalCount]),
    rules(
        &["FrameHandle::local"],
        &[LocalType, LocalValue, StaleHandle],
    ),
    rules(&["DebugFrameCursor::local"], &[LocalType, LocalValue]),
    rules(
        &["FrameHandle::num_stacks"],
        &[OperandCount, CallerOperands, StaleHandle],
    ),
    rules(
        &["DebugFrameCursor::num_stacks"],
        &[OperandCount, CallerOperands],
    ),
    rules(
        &["FrameHandle::stack"],
        &[OperandType, OperandValue, CallerOperands, StaleHandle],
    ),
    rules(
        &["DebugFrameCursor::stack"],
        &[OperandType, OperandValue, CallerOperands],
    ),
    // Entities.
    rules(
        &["Instance::debug_function", "Instance::debug_tag"],
        &[Access],
    ),
    rules(&["Instance::debug_global"], &[Access, Global, Write]),
    rules(&["Instance::debug_memory"], &[Access, Memory, Write]),
    rules(&["Instance::debug_shared_memory"], &[Access, Memory]),
    rules(&["Instance::debug_table"], &[Access, Table, Write]),
    rules(
        &[
            "Global::debug_index_in_store",
            "Memory::debug_index_in_store",
            "SharedMemory::debug_index_in_store",
            "Table::debug_index_in_store",
            "Tag::debug_index_in_store",
        ],
        &[Access],
    ),
    // What a store lists.
    rules(
        &["StoreContextMut::debug_all_instances"],
        &[Instances, GuestDebug],
    ),
    rules(
        &["StoreContextMut::debug_all_modules"],
        &[Modules, GuestDebug],
    ),
    reason(
        &[
            "Store::debug_all_instances",
            "Store::debug_all_modules",
            "Caller::debug_all_instances",
            "Caller::debug_all_modules",
        ],
        "the same as of StoreContextMut, which is asked",
    ),
    rules(&["Instance::debug_index_in_store"], &[InstanceIndex]),
    rules(&["Module::debug_index_in_engine"], &[ModuleIndex]),
    rules(&["Module::debug_bytecode"], &[Bytecode, GuestDebug]),
    rules(&["Store::debug_register_module"], &[Registered]),
    reason(
        &["Store::debug_register_component"],
        "registers the modules of a component, each as debug_register_module does, which is called; a component's \
         own are left to its instantiation, so that this is seen to make them known",
    ),
    // Configuration.
    rules(&["Config::guest_debug"], &[GuestDebug, Refusal]),
    reason(
        &["Engine::get_guest_debug"],
        "repeats what Config::guest_debug was given",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn an_item_has_one_row() {
        let items = ROWS.iter().flat_map(|row| row.items);
        let once: BTreeSet<_> = items.clone().collect();
        assert_eq!(once.len(), items.count());
    }

    #[test]
    fn an_answer_says_something() {
        for row in ROWS {
            match row.answer {
                Answer::Rules(rules) => assert!(!rules.is_empty(), "{:?}", row.items),
                Answer::Reason(reason) => assert!(reason.len() > 20, "{:?}", row.items),
            }
        }
    }
}
