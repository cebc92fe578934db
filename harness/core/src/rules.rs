//! The contract as one table: every promise that is checked, its source and its strength.

/// How binding a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// The API's documentation or the Wasm semantics say so; a violation is a bug.
    Promised,
    /// The documentation is silent but a debugger depends on it; a violation is a question.
    Pinned,
}

impl Strength {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Strength::Promised => "promised",
            Strength::Pinned => "pinned",
        }
    }
}

macro_rules! rules {
    ($($variant:ident $id:literal $strength:ident $promise:literal $source:literal $test:literal;)*) => {
        /// A rule, by name. It writes and reads itself as its id.
        #[derive(
            Clone,
            Copy,
            Debug,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            serde::Serialize,
            serde::Deserialize,
        )]
        pub enum RuleId { $(#[doc = $promise] #[serde(rename = $id)] $variant,)* }

        impl RuleId {
            /// Every rule, in the contract's order.
            pub const ALL: &[RuleId] = &[$(RuleId::$variant,)*];
        }

        static TABLE: &[Rule] = &[$(Rule {
            rule: RuleId::$variant,
            id: $id,
            promise: $promise,
            source: $source,
            strength: Strength::$strength,
            fires_in: $test,
        },)*];
    };
}

/// One row of the contract.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The rule.
    pub rule: RuleId,
    /// Its id, for reports.
    pub id: &'static str,
    /// The promise, in one sentence.
    pub promise: &'static str,
    /// Where it is promised, or what is silent about it.
    pub source: &'static str,
    /// How binding it is.
    pub strength: Strength,
    /// The test that makes exactly this rule fire.
    pub fires_in: &'static str,
}

// Columns: name, id, strength, promise, source, test that makes it fire (`harness/cli/tests/faults`).
rules! {
    StepLost "STEP-LOST" Promised
        "In single-step mode every opcode that control reaches has an event just before it."
        "BreakpointEdit::single_step: a breakpoint event is emitted at every Wasm PC"
        "event_skipped";
    StepSpurious "STEP-SPURIOUS" Promised
        "An event comes only where control is, and once for each time control is there."
        "DebugEvent::Breakpoint: a breakpoint was reached"
        "event_twice";
    StepInstantiate "STEP-INSTANTIATE" Promised
        "Single-step covers modules first instantiated after it was turned on."
        "BreakpointEdit::single_step: in single-step mode an event is emitted at every Wasm PC"
        "late_module_stepped";
    EditSingleStep "EDIT-SINGLE-STEP" Promised
        "is_single_step() answers what the last edit of single-step asked for."
        "StoreContext::is_single_step, BreakpointEdit::single_step"
        "single_step_state";
    EditBreakpoints "EDIT-BREAKPOINTS" Promised
        "breakpoints() lists exactly the breakpoints that were added to the store and not removed, each once."
        "StoreContext::breakpoints: all breakpoints; BreakpointEdit::add_breakpoint, remove_breakpoint"
        "breakpoint_unlisted";
    EditAccepted "EDIT-ACCEPTED" Promised
        "An edit of a module of the store's engine succeeds, whatever the PC."
        "BreakpointEdit::add_breakpoint, remove_breakpoint, single_step"
        "edit_refused";
    EditCodeImage "EDIT-CODE-IMAGE" Pinned
        "With single-step off and every breakpoint removed the images of compiled code are, byte for byte and in the permissions of each part, as before the first edit."
        "BreakpointEdit's documentation says that code is patched and republished, not that a removal restores it"
        "code_image_changed";
    EditPermissions "EDIT-PERMISSIONS" Pinned
        "After an edit every part of an image of compiled code, the parts around the code included, has the permissions that it had before the first edit, and none is writable."
        "BreakpointEdit's documentation says that patched code is published again, not what is writable afterwards"
        "image_left_writable";
    EditWritable "EDIT-W-XOR-X" Pinned
        "No mapping of the process is writable and executable at once while guest code, a handler or a host function runs."
        "BreakpointEdit's documentation says that execute permission is given back when patched code is republished"
        "mapping_writable_and_executable";
    BreakLost "BRK-LOST" Promised
        "With single-step off an event comes each time control reaches a PC that has a breakpoint."
        "BreakpointEdit::add_breakpoint; DebugEvent::Breakpoint: a breakpoint was reached"
        "breakpoint_lost";
    BreakSpurious "BRK-SPURIOUS" Promised
        "With single-step off no event comes at a PC that has no breakpoint."
        "BreakpointEdit::remove_breakpoint, single_step; DebugEvent::Breakpoint: a breakpoint was reached"
        "breakpoint_stale";
    Isolate "ISOLATE-EVENT" Promised
        "An edit in one store causes no event in another store of the same engine."
        "StoreContextMut::edit_breakpoints: breakpoint state is the store's"
        "neighbours_breakpoint_seen";
    FrameCount "FRAME-COUNT" Promised
        "The stack view shows every frame of every activation of the store, and no other."
        "StoreContextMut::debug_frames: all activations for the current store"
        "frame_missing";
    FrameOrder "FRAME-ORDER" Promised
        "Frames are shown innermost first, each followed by its caller."
        "DebugFrameCursor::move_to_parent"
        "frames_swapped";
    FrameActivation "FRAME-ACTIVATION" Promised
        "Moving to a parent reports a new activation exactly when host code was crossed."
        "FrameParentResult"
        "activation_lost";
    FrameInstance "FRAME-INSTANCE" Promised
        "A frame's instance is the instance whose function is executing."
        "DebugFrameCursor::instance"
        "wrong_instance";
    FrameModule "FRAME-MODULE" Promised
        "A frame's module is the module of its instance."
        "DebugFrameCursor::module"
        "wrong_module";
    FrameFunction "FRAME-FUNCTION" Promised
        "A frame's function is the one that is executing, by its index among the module's defined functions."
        "DebugFrameCursor::wasm_function_index_and_pc"
        "wrong_function";
    FramePc "FRAME-PC" Promised
        "The innermost frame's PC is the offset of the opcode about to execute, from the start of the module binary."
        "Breakpoint::pc: Wasm PC offset within the module (the accessor's doc says `within its code section`: a documentation error)"
        "pc_off_by_one_instruction";
    FrameCallerPc "FRAME-CALLER-PC" Pinned
        "The PC of a frame that waits for a callee is, in 42, the PC of its call, and in 48 that of the opcode behind it, or of the call inside a try_table."
        "no document says which PC a caller shows; 42 shows the call, 44 and later the next opcode"
        "caller_pc_moved";
    LocalCount "FRAME-LOCAL-COUNT" Promised
        "A frame shows as many locals as the function has parameters and declared locals."
        "DebugFrameCursor::num_locals; Wasm core 4.5.1 (frames)"
        "local_missing";
    LocalType "FRAME-LOCAL-TYPE" Promised
        "A local is shown with its declared type."
        "DebugFrameCursor::local: the type and value of the given local"
        "local_type_changed";
    LocalValue "FRAME-LOCAL-VALUE" Promised
        "A local is shown with its current value, bit for bit."
        "DebugFrameCursor::local: the type and value of the given local"
        "last_local_wrong";
    OperandCount "FRAME-OPERAND-COUNT" Promised
        "A frame shows as many operands as the operand stack has just before the opcode."
        "DebugFrameCursor::num_stacks: the depth of the operand stack"
        "top_of_stack_missing";
    OperandType "FRAME-OPERAND-TYPE" Promised
        "An operand is shown with the type that validation gives it."
        "DebugFrameCursor::stack: the type and value of the given operand-stack value"
        "operand_type_changed";
    OperandValue "FRAME-OPERAND-VALUE" Promised
        "An operand is shown with its current value, bit for bit, index 0 at the bottom of the stack."
        "DebugFrameCursor::stack: index order reads the abstract stack left-to-right"
        "operands_swapped";
    CallerOperands "FRAME-CALLER-OPERANDS" Pinned
        "A frame that waits for a callee shows the operand stack as before the call, arguments included; for call_indirect without the table index."
        "no document says what a caller's operand stack holds during a call"
        "caller_argument_missing";
    FrameHandle "FRAME-HANDLE" Promised
        "A frame handle is valid until execution is resumed in its store, and no longer."
        "FrameHandle: valid as long as execution is not resumed in the associated Store; FrameHandle::is_valid"
        "frame_handle_stale_at_its_event";
    StaleHandle "FRAME-HANDLE-STALE" Pinned
        "Every use of a frame handle that is no longer valid fails with an error."
        "no document says what the accessors of a stale FrameHandle return; their results may be errors"
        "stale_frame_handle_answers";
    RefNull "REF-NULL" Promised
        "A reference to an object is shown as null exactly when it is."
        "DebugFrameCursor::local, DebugFrameCursor::stack; Wasm core 4.2.1 (values)"
        "null_for_an_object";
    RefKind "REF-KIND" Promised
        "A reference is shown to denote a structure, an array, an exception, an unboxed scalar or a host external exactly when it does."
        "AnyRef::is_struct, is_array, is_i31, ExternRef::data; Wasm core 4.2.1 (values)"
        "scalar_for_a_structure";
    RefType "REF-TYPE" Promised
        "An object is shown with the type, an exception with the tag, that it was made with."
        "StructRef::ty, ArrayRef::ty, ExnRef::tag; Wasm core 4.2.15, 4.2.16 (structure, array and exception instances)"
        "object_of_another_type";
    RefIdentity "REF-IDENTITY" Promised
        "Two references are shown to denote one object exactly when they do, whatever was collected or moved in between."
        "Rooted::ref_eq; Wasm core 4.2.1 (values), ref.eq"
        "objects_swapped";
    RefContent "REF-CONTENT" Promised
        "An object holds what the program stored in it."
        "StructRef::field, ArrayRef::get, ExnRef::field; Wasm core 4.2.15, 4.2.16 (structure, array and exception instances)"
        "stale_object";
    Collect "REF-COLLECT" Promised
        "A collection that the debugger asks for at an event succeeds."
        "StoreContextMut::gc_async"
        "collection_refused";
    Kept "REF-KEPT" Promised
        "What a handle of the debugger holds, owned or rooted in a scope, is alive, the same object as ever, and holds what the program stored in it, even if nothing else refers to it."
        "OwnedRooted: a strong handle, preventing its referent and anything else transitively referenced from being collected; Rooted: its referent is not collected while its scope lasts; Rooted::to_owned_rooted"
        "kept_object_lost";
    ThrowEvent "EVENT-EXCEPTION" Promised
        "A thrown exception raises one event with that exception, at the throwing opcode, that says whether this activation catches it where the API does."
        "DebugEvent::CaughtExceptionThrown, UncaughtExceptionThrown, Exception"
        "exception_event_lost";
    TrapEvent "EVENT-TRAP" Promised
        "A trap raises one Trap event with its kind before the stack is unwound."
        "DebugEvent::Trap: a Wasm trap occurred"
        "trap_kind_changed";
    TrapPc "EVENT-TRAP-PC" Promised
        "At a Trap event the innermost frame is at the opcode that trapped."
        "DebugEvent::Trap with DebugFrameCursor::wasm_function_index_and_pc"
        "trap_pc_moved";
    TrapStack "EVENT-TRAP-STACK" Pinned
        "At a Trap event the operand stack is a prefix of the stack before the opcode that keeps everything below its operands."
        "no document says whether a trapping opcode's operands are still there"
        "trap_stack_grown";
    CheckPc "EVENT-CHECK-PC" Pinned
        "At an event that comes between two opcodes (EpochYield, stack overflow, out of fuel) the innermost frame is where the program was interrupted: before the function's first opcode, or at the loop."
        "no document says which PC is shown between two opcodes; 48 shows the function's head at a stack overflow"
        "yield_pc_moved";
    CheckStack "EVENT-CHECK-STACK" Pinned
        "At such an event the innermost frame's operand stack is empty at a function's entry, and that of the loop's first opcode at a loop."
        "no document says which operands are shown between two opcodes; 48 shows none at a stack overflow"
        "overflow_operands_shown";
    HostErrorEvent "EVENT-HOSTCALL-ERROR" Promised
        "A host function that fails raises one HostcallError event with its error, with the calling frames still on the stack."
        "DebugEvent::HostcallError: an error was raised by a hostcall"
        "host_error_lost";
    EpochEvent "EVENT-EPOCH-YIELD" Promised
        "An EpochYield event comes only where the epoch was advanced beyond the store's deadline."
        "DebugEvent::EpochYield: an epoch yield occurred; Store::epoch_deadline_async_yield_and_update"
        "epoch_yield_unasked";
    EpochLost "EVENT-EPOCH-LOST" Pinned
        "Once the epoch is beyond the store's deadline an EpochYield event comes at the next function's entry or loop's head, before the breakpoint event of the opcode there."
        "Config::epoch_interruption: compiled code checks the epoch at certain points, which are not named; versions check at functions' entries and loops' heads"
        "epoch_yield_lost";
    HostCall "RESULT-HOST-CALL" Promised
        "Host functions are called in the order and with the arguments that the program determines."
        "Wasm core 4.4.10 (invocation of host functions)"
        "host_argument_changed";
    Outcome "RESULT-OUTCOME" Promised
        "An invocation ends as the program determines: it returns, traps with that kind, or fails with the host's error."
        "Wasm core 4.5.5 (invocation)"
        "trap_lost";
    Values "RESULT-VALUES" Promised
        "An invocation returns the results that the program determines, bit for bit."
        "Wasm core 4.5.5 (invocation)"
        "result_changed";
    Fuel "RESULT-FUEL" Pinned
        "What is left of the fuel after a step is the same with guest_debug, whatever the debugger did meanwhile, as without."
        "Store::get_fuel, Config::consume_fuel: no document says that instrumentation, breakpoints or steps use fuel"
        "fuel_used_by_breakpoints";
    Instantiate "RESULT-INSTANTIATE" Promised
        "A module compiles, links and instantiates exactly when the specification says so."
        "Wasm core 3.4 (validation), 4.5.3 (import subtyping), 4.5.4 (instantiation)"
        "link_refused";
    Assertion "RESULT-ASSERTION" Promised
        "An assertion of an official script holds in the oracle and in both executions."
        "the official interpreter's script semantics"
        "assertion_fails";
    Panic "RESULT-NO-PANIC" Promised
        "The engine does not panic."
        "an embedder's call documents its panics; none of those made here is one"
        "subject_panics";
    Crash "RESULT-NO-CRASH" Promised
        "The engine does not end the process: no signal, no abort, no exit."
        "an embedder's call documents how it fails; none of those made here ends the process"
        "subject_segfaults";
    Hang "RESULT-ENDS" Promised
        "A program that ends in the reference interpreter ends in the engine."
        "Wasm core 4.5.5 (invocation)"
        "subject_hangs";
    MemoryLimit "RESULT-MEMORY-LIMIT" Promised
        "The engine does not take resident memory out of proportion to what the program asks for."
        "Wasm core 7.2 (implementation limitations): limits are an error of the invocation, not of the process"
        "subject_takes_memory";
    Refusal "RESULT-CONFIGURATION" Promised
        "An engine is made of a configuration exactly when its documentation does not exclude it."
        "Config::guest_debug, Config::signals_based_traps, PoolingAllocationConfig::max_memory_size"
        "configuration_accepted";
    Access "ENTITY-ACCESS" Promised
        "Every index of an instance's index spaces is found through the accessor of its kind, as the entity of that index, whether it is imported, exported or neither; an index past the end is not, and without guest_debug none is."
        "Instance::debug_global, debug_memory, debug_shared_memory, debug_table, debug_function, debug_tag: whether exported or not; None for any index that is out-of-bounds, and if guest-debugging is not enabled"
        "entity_not_found";
    Write "ENTITY-WRITE" Promised
        "A value of its type is written to a mutable global, a byte inside of a memory, an element inside of a table, through the handle that an accessor returned."
        "Global::set, Memory::write, Table::set: errors for another type, an immutable global, and outside; Instance::debug_global, debug_memory, debug_table"
        "write_refused";
    Memory "ENTITY-MEMORY" Promised
        "Every memory has the size and content that the program determines."
        "Instance::debug_memory, Memory::data, Memory::size, Memory::page_size; Wasm core 4.2.8"
        "memory_byte_flipped";
    Global "ENTITY-GLOBAL" Promised
        "Every global has the value that the program determines."
        "Instance::debug_global; Wasm core 4.2.9"
        "global_changed";
    Table "ENTITY-TABLE" Promised
        "Every table has the size and elements that the program determines."
        "Instance::debug_table; Wasm core 4.2.7"
        "table_element_changed";
    HandlerKept "HANDLER-KEPT" Pinned
        "A store keeps the handler that was set last until it is cleared or replaced, whatever becomes of a call."
        "Store::set_debug_handler, clear_debug_handler: nothing else is documented to take a handler away"
        "handler_lost";
    HandlerDropped "HANDLER-DROPPED" Promised
        "A handler that is cleared is dropped, and so is one that is replaced."
        "Store::clear_debug_handler: if any existed, it will be dropped; Store::set_debug_handler sets the store's one handler"
        "cleared_handler_kept";
    HandlerEvent "HANDLER-EVENT" Promised
        "An event goes to the handler that the store has; without one there is none, whatever is set."
        "DebugEvent: occurs when running Wasm code on a store with a debug handler attached; Store::set_debug_handler"
        "event_to_another_handler";
    GuestDebug "ITEM-GUEST-DEBUG" Promised
        "There are editing sessions and lists of breakpoints exactly where guest_debug is on; without it the store shows no frame, lists no instance and no module, and a module has no bytecode."
        "StoreContextMut::edit_breakpoints, StoreContext::breakpoints, debug_frames, debug_exit_frames, debug_all_instances, debug_all_modules, Module::debug_bytecode"
        "no_editing_session";
    Instances "ITEM-INSTANCES" Promised
        "debug_all_instances() lists every instance of the store, each once, and no other."
        "Store::debug_all_instances: all Instances held in the Store"
        "instance_not_listed";
    InstanceIndex "ITEM-INSTANCE-INDEX" Promised
        "An instance's debug_index_in_store() is its position in debug_all_instances(), and stays what it is."
        "Instance::debug_index_in_store: unique within the Store; will match the instance's position in the sequence returned by Store::debug_all_instances()"
        "instance_index_changed";
    Modules "ITEM-MODULES" Promised
        "debug_all_modules() lists every module of which the store holds an instance, each once, and none that the store was not given."
        "Store::debug_all_modules: all Modules held in the Store"
        "module_not_listed";
    Registered "ITEM-REGISTERED" Promised
        "A module can be registered with a store of its engine; from then on debug_all_modules() lists it, once, also before it is instantiated, and nothing else changes."
        "Store::debug_register_module: makes the module visible to debuggers (via debug_all_modules) before the module is actually instantiated"
        "registered_module_not_listed";
    ModuleIndex "ITEM-MODULE-INDEX" Promised
        "Two modules have the same debug_index_in_engine() exactly when they are one module."
        "Module::debug_index_in_engine: the unique-within-Engine ID for this module"
        "one_index_for_two_modules";
    Bytecode "ITEM-BYTECODE" Promised
        "debug_bytecode() is, byte for byte, the binary that was compiled, of a serialized module, too."
        "Module::debug_bytecode: the original Wasm bytecode for this module"
        "bytecode_changed";
}

impl RuleId {
    /// The rule's row.
    pub fn rule(self) -> &'static Rule {
        &TABLE[self as usize]
    }

    /// The rule's id.
    pub fn id(self) -> &'static str {
        self.rule().id
    }
}

impl std::fmt::Display for RuleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn rows_are_in_order_and_ids_are_unique() {
        assert!(RuleId::ALL.iter().all(|rule| rule.rule().rule == *rule));
        let ids: BTreeSet<_> = RuleId::ALL.iter().map(|rule| rule.id()).collect();
        assert_eq!(ids.len(), RuleId::ALL.len());
    }
}
