//! The ledger itself: one table, and a name for each entry that code asks for.

use super::{Entry, EntryKind};
use crate::version::Version;

/// A `Trap` event shows the PC of another opcode of the same function.
pub const TRAP_PC: &str = "W42-TRAP-PC";
/// A `Trap` event shows the operand stack of another opcode of the same function.
pub const TRAP_STACK: &str = "W42-TRAP-STACK";
/// Reading a `v128` from a slot that is not 16-byte aligned faults.
pub const V128_SLOT: &str = "W42-V128-SLOT";
/// Locals that were never set are shown with what their slot held before.
pub const UNSET_LOCAL: &str = "W42-UNSET-LOCAL";
/// A converted reference is shown with the type it had before.
pub const CONVERTED: &str = "W42-CONVERT-TYPE";
/// Relaxed multiply-adds round once.
pub const RELAXED_MADD: &str = "W42-RELAXED-MADD";
/// Relaxed dot products do not saturate.
pub const RELAXED_DOT: &str = "W42-RELAXED-DOT";
/// A tail call in inlined code leaves the frame that it replaces.
pub const INLINED_TAIL_CALL: &str = "W42-INLINED-TAIL-CALL";
/// What is inlined at a call inside a `try_table` is shown as that call.
pub const INLINED_TRY_CALL: &str = "W42-INLINED-TRY-CALL";
/// A frame that waits for an indirect call inside a `try_table` shows the callee operand.
pub const TRY_CALLEE: &str = "W42-TRY-CALLEE";
/// A collection follows what is in the slots of an `if`'s parameters that are gone.
pub const IF_PARAM_ROOT: &str = "W42-IF-PARAM-ROOT";
/// With inlining, the stack shown at a trap may be of code that was never executed.
pub const INLINED_TRAP: &str = "W42-INLINED-TRAP";
/// What is inlined at a call inside a `try_table` is always an event.
pub const INLINED_TRY_BREAK: &str = "W42-INLINED-TRY-BREAK";
/// A collection follows what is in the slots of unset locals.
pub const UNSET_ROOT: &str = "W42-UNSET-ROOT";
/// Each use of an element segment makes its objects anew.
pub const SEGMENT_OBJECTS: &str = "W42-SEGMENT-OBJECTS";
/// Single-step does not cover modules that the store first sees later.
pub const LATE_MODULE: &str = "W42-LATE-MODULE";

/// The consequent of an `if` with parameters shows parameters that are gone.
pub const IF_PARAMS: &str = "W42-IF-PARAMS";
/// A trap of `table.init` or `table.fill` is announced as a failing host function.
pub const LIBCALL_TRAP: &str = "W42-LIBCALL-TRAP";
/// A reference among a trap's operands may be a slot that was never written.
pub const TRAP_SLOT: &str = "W42-TRAP-SLOT";

/// An event on Pulley changes registers of the code that it interrupts.
pub const PULLEY_REGISTERS: &str = "W42-PULLEY-REGISTERS";
/// A host function that host code called shows the frames behind it twice.
pub const HOST_ACTIVATION: &str = "W42-HOST-ACTIVATION";

/// A load or store out of bounds on Pulley raises no event.
pub const PULLEY_MEMORY_TRAP: &str = "W42-PULLEY-MEMORY-TRAP";

/// At an `EpochYield` event the innermost frame may not have named its instance yet.
pub const EPOCH_FRAME: &str = "W42-EPOCH-FRAME";

/// The causes that 48 shares with 42.
const RELAXED_MADD_48: &str = "W48-RELAXED-MADD";
const RELAXED_DOT_48: &str = "W48-RELAXED-DOT";
const CONVERTED_48: &str = "W48-CONVERT-TYPE";
const INLINED_TRY_CALL_48: &str = "W48-INLINED-TRY-CALL";
const UNSET_LOCAL_48: &str = "W48-UNSET-LOCAL";
const UNSET_ROOT_48: &str = "W48-UNSET-ROOT";
const IF_PARAM_ROOT_48: &str = "W48-IF-PARAM-ROOT";
const INLINED_TRY_BREAK_48: &str = "W48-INLINED-TRY-BREAK";
const TRY_CALLEE_48: &str = "W48-TRY-CALLEE";
const INLINED_TAIL_CALL_48: &str = "W48-INLINED-TAIL-CALL";
const IF_PARAMS_48: &str = "W48-IF-PARAMS";
const PULLEY_REGISTERS_48: &str = "W48-PULLEY-REGISTERS";
const PULLEY_MEMORY_TRAP_48: &str = "W48-PULLEY-MEMORY-TRAP";
const HOST_ACTIVATION_48: &str = "W48-HOST-ACTIVATION";

/// The frame behind a start function's is none of a function's.
pub const STARTUP_FRAME: &str = "W48-STARTUP-FRAME";

/// A collection by an allocation follows slots of another opcode.
pub const COLLECT_SLOT: &str = "W48-COLLECT-SLOT";

/// A breakpoint that is added twice must be removed twice.
pub const BREAKPOINT_COUNT: &str = "W48-BREAKPOINT-COUNT";

/// The ledger.
pub static ENTRIES: &[Entry] = &[
    Entry {
        id: TRAP_PC,
        kind: EntryKind::Observational,
        rule: "EVENT-TRAP-PC",
        subjects: &[Version::Wasmtime42],
        cause: "At a Trap event the innermost frame's PC is looked up from the return address of \
                the trap's own library call. That call belongs to code placed behind the \
                function's body and has no record of its own, so the last opcode in the order of \
                the machine code is found: one and the same for every such trap of a function. \
                Matches only in the innermost frame of a Trap event, only the PC of a reachable \
                opcode of the same function, and only the one that this function's earlier traps \
                showed.",
        test: "trap_pc_is_still_wrong",
    },
    Entry {
        id: TRAP_STACK,
        kind: EntryKind::Observational,
        rule: "EVENT-TRAP-STACK",
        subjects: &[Version::Wasmtime42],
        cause: "Same cause as W42-TRAP-PC: the operand stack shown is the one that validation \
                gives the PC shown. Matches only together with it, and only when the number of \
                operands is the one of that PC.",
        test: "trap_stack_is_still_wrong",
    },
    Entry {
        id: IF_PARAMS,
        kind: EntryKind::Observational,
        rule: "FRAME-OPERAND-COUNT, FRAME-CALLER-OPERANDS, EVENT-TRAP-STACK",
        subjects: &[Version::Wasmtime42],
        cause: "The compiler keeps an `if`'s parameters twice on its value stack; the debug \
                information takes one copy for the other. In the consequent, once every copy is \
                popped, the parameters are shown below the operands although they are gone. \
                Matches only at opcodes, and with exactly the operands, that this cause predicts; \
                the real operands among them are still compared.",
        test: "if_params_are_still_shown",
    },
    Entry {
        id: LIBCALL_TRAP,
        kind: EntryKind::Observational,
        rule: "EVENT-TRAP",
        subjects: &[Version::Wasmtime42],
        cause: "The library calls of table.init, table.fill, array.copy and the array opcodes \
                that read a segment return a trap as a general error, so that a HostcallError \
                event with that trap comes where a Trap event is due. Matches only these opcodes, \
                and only the right trap.",
        test: "table_traps_are_still_host_errors",
    },
    Entry {
        id: TRAP_SLOT,
        kind: EntryKind::Hazard,
        rule: "EVENT-TRAP-STACK",
        subjects: &[Version::Wasmtime42],
        cause: "The operands shown at a Trap event (see W42-TRAP-STACK) may be slots that were \
                never written; following a reference in one would crash. Avoided for operands \
                that the stack before the trapping opcode does not have, and for references.",
        test: "trap_slots_may_be_unwritten",
    },
    Entry {
        id: UNSET_LOCAL,
        kind: EntryKind::Hazard,
        rule: "FRAME-LOCAL-VALUE",
        subjects: &[Version::Wasmtime42],
        cause: "A local whose type has no null has no value until it is set, and its slot is not \
                written before: following the reference that is in it by chance would crash. \
                Avoided for exactly the locals that the program has not set.",
        test: "unset_locals_are_still_unwritten",
    },
    Entry {
        id: CONVERTED,
        kind: EntryKind::Observational,
        rule: "FRAME-OPERAND-TYPE",
        subjects: &[Version::Wasmtime42],
        cause: "any.convert_extern and extern.convert_any leave the compiler's value, and the slot \
                type that was noted for it, as they are: the operand is shown as a reference of \
                the hierarchy it came from. Matches only an operand that one of them pushed, and \
                only if it denotes what it should.",
        test: "converted_references_still_have_their_old_type",
    },
    Entry {
        id: CONVERTED_48,
        kind: EntryKind::Observational,
        rule: "FRAME-OPERAND-TYPE",
        subjects: &[Version::Wasmtime48],
        cause: "As W42-CONVERT-TYPE.",
        test: "converted_references_still_have_their_old_type",
    },
    Entry {
        id: RELAXED_MADD,
        kind: EntryKind::Observational,
        rule: "RESULT-VALUES",
        subjects: &[Version::Wasmtime42],
        cause: "With Config::relaxed_simd_deterministic the relaxed multiply-adds still round \
                once; the specification's deterministic profile, which the option promises, rounds \
                twice. The oracle rounds once too, so that all else is compared; a match is an \
                opcode whose result differs by it.",
        test: "relaxed_multiply_adds_still_round_once",
    },
    Entry {
        id: RELAXED_MADD_48,
        kind: EntryKind::Observational,
        rule: "RESULT-VALUES",
        subjects: &[Version::Wasmtime48],
        cause: "As W42-RELAXED-MADD.",
        test: "relaxed_multiply_adds_still_round_once",
    },
    Entry {
        id: RELAXED_DOT,
        kind: EntryKind::Observational,
        rule: "RESULT-VALUES",
        subjects: &[Version::Wasmtime42],
        cause: "With Config::relaxed_simd_deterministic the sums of two products in a relaxed dot \
                product wrap; the specification's relaxed dot product saturates them (`ivdotsat`), \
                in the deterministic profile, which the option promises, and in every other. The \
                oracle adds as the subject does, so that all else is compared; a match is an opcode \
                whose result differs by it.",
        test: "relaxed_dot_products_still_do_not_saturate",
    },
    Entry {
        id: RELAXED_DOT_48,
        kind: EntryKind::Observational,
        rule: "RESULT-VALUES",
        subjects: &[Version::Wasmtime48],
        cause: "As W42-RELAXED-DOT, but `i32x4.relaxed_dot_i8x16_i7x16_add_s` adds its four products \
                exactly, where the specification saturates the sum of each two.",
        test: "relaxed_dot_products_still_do_not_saturate",
    },
    Entry {
        id: UNSET_ROOT,
        kind: EntryKind::Hazard,
        rule: "REF-COLLECT",
        subjects: &[Version::Wasmtime42],
        cause: "The slot of a local whose type has no null is a root of the collector before the \
                program has set it (see W42-UNSET-LOCAL): a collection follows what is in it by \
                chance, and panics or corrupts the heap. Collections that the schedule asks for \
                are left out while a frame has such a local; those of the program's own \
                allocations cannot be, so generated modules have no such locals.",
        test: "unset_locals_are_still_roots",
    },
    Entry {
        id: UNSET_LOCAL_48,
        kind: EntryKind::Hazard,
        rule: "FRAME-LOCAL-VALUE",
        subjects: &[Version::Wasmtime48],
        cause: "As W42-UNSET-LOCAL.",
        test: "unset_locals_are_still_unwritten",
    },
    Entry {
        id: UNSET_ROOT_48,
        kind: EntryKind::Hazard,
        rule: "REF-COLLECT",
        subjects: &[Version::Wasmtime48],
        cause: "As W42-UNSET-ROOT.",
        test: "unset_locals_are_still_roots",
    },
    Entry {
        id: INLINED_TAIL_CALL,
        kind: EntryKind::Observational,
        rule: "FRAME-COUNT",
        subjects: &[Version::Wasmtime42],
        cause: "With inlining of core modules a tail call in an inlined function becomes a plain \
                call of the function it was inlined into, and the frame that it should have \
                replaced is still shown, at the tail call. Matches only with inlining on, and only \
                frames at a tail call between the right ones.",
        test: "inlined_tail_calls_still_leave_a_frame",
    },
    Entry {
        id: INLINED_TAIL_CALL_48,
        kind: EntryKind::Observational,
        rule: "FRAME-COUNT",
        subjects: &[Version::Wasmtime48],
        cause: "As W42-INLINED-TAIL-CALL.",
        test: "inlined_tail_calls_still_leave_a_frame",
    },
    Entry {
        id: INLINED_TRY_CALL,
        kind: EntryKind::Hazard,
        rule: "FRAME-COUNT",
        subjects: &[Version::Wasmtime42],
        cause: "With inlining of core modules the calls of a body that replaces a call inside a \
                try_table, breakpoints among them, become calls without a record. At its events the \
                record before them in the machine code is shown, which may be of code that was never \
                executed: its frame's instance is then null, which panics, or a stale pointer, and so \
                are its references. Avoided by reading no frame, and collecting nothing, with inlining \
                on while a frame waits at a direct call that a try_table of its function guards.",
        test: "inlined_calls_in_a_try_table_still_have_no_frame",
    },
    Entry {
        id: INLINED_TRY_CALL_48,
        kind: EntryKind::Hazard,
        rule: "FRAME-COUNT",
        subjects: &[Version::Wasmtime48],
        cause: "As W42-INLINED-TRY-CALL.",
        test: "inlined_calls_in_a_try_table_still_have_no_frame",
    },
    Entry {
        id: INLINED_TRAP,
        kind: EntryKind::Hazard,
        rule: "EVENT-TRAP-PC",
        subjects: &[Version::Wasmtime42],
        cause: "Same cause as W42-TRAP-PC: the opcode found may be of an inlined body that was never \
                executed, and its frame's instance null, which panics and cannot unwind, or a stale \
                pointer. Avoided by reading no frame at a Trap event with inlining on.",
        test: "inlined_traps_still_show_frames_of_code_not_executed",
    },
    Entry {
        id: IF_PARAM_ROOT,
        kind: EntryKind::Hazard,
        rule: "REF-COLLECT",
        subjects: &[Version::Wasmtime42],
        cause: "Where W42-IF-PARAMS shows parameters that are gone, their slots are roots of the \
                collector, and may hold a part of another value by then: a collection follows it, and \
                panics or corrupts the heap. Collections that the schedule asks for are left out where \
                that entry predicts a reference that is gone.",
        test: "if_params_are_still_roots",
    },
    Entry {
        id: IF_PARAM_ROOT_48,
        kind: EntryKind::Hazard,
        rule: "REF-COLLECT",
        subjects: &[Version::Wasmtime48],
        cause: "As W42-IF-PARAM-ROOT.",
        test: "if_params_are_still_roots",
    },
    Entry {
        id: TRY_CALLEE,
        kind: EntryKind::Observational,
        rule: "FRAME-CALLER-OPERANDS",
        subjects: &[Version::Wasmtime42],
        cause: "The record of a call that a try_table of the same function guards is placed behind \
                the jump that ends the call, not at its return address: a frame that waits there is \
                shown by the record before it, made before the call. Of call_indirect and \
                call_ref it still has the table index or the function reference. Matches only a \
                frame that waits at such a call, with exactly that one operand more; the others \
                are still compared.",
        test: "guarded_indirect_calls_still_show_their_callee",
    },
    Entry {
        id: TRY_CALLEE_48,
        kind: EntryKind::Observational,
        rule: "FRAME-CALLER-OPERANDS",
        subjects: &[Version::Wasmtime48],
        cause: "As W42-TRY-CALLEE. That is also why such a frame is shown at the call and not behind \
                it.",
        test: "guarded_indirect_calls_still_show_their_callee",
    },
    Entry {
        id: INLINED_TRY_BREAK,
        kind: EntryKind::Terminal,
        rule: "BRK-SPURIOUS",
        subjects: &[Version::Wasmtime42],
        cause: "Same cause as W42-INLINED-TRY-CALL: the patchable calls of a body that replaces a call \
                inside a try_table become plain ones, which cannot be switched off. Each of its \
                opcodes is an event, asked for or not. Matches any event without single-step, with \
                inlining on, if a function has a direct call inside a try_table: where it comes from \
                cannot be read, and the execution ends.",
        test: "inlined_calls_in_a_try_table_are_still_always_events",
    },
    Entry {
        id: INLINED_TRY_BREAK_48,
        kind: EntryKind::Terminal,
        rule: "BRK-SPURIOUS",
        subjects: &[Version::Wasmtime48],
        cause: "As W42-INLINED-TRY-BREAK.",
        test: "inlined_calls_in_a_try_table_are_still_always_events",
    },
    Entry {
        id: SEGMENT_OBJECTS,
        kind: EntryKind::Terminal,
        rule: "REF-IDENTITY",
        subjects: &[Version::Wasmtime42],
        cause: "table.init, array.new_elem and array.init_elem evaluate a segment's expressions at \
                each use, not once when the module is instantiated: each use makes objects of its \
                own. Matches only where an object that a segment's expression made is shown as \
                another one; the program then computes something else, and the execution ends.",
        test: "segment_objects_are_still_made_at_each_use",
    },
    Entry {
        id: V128_SLOT,
        kind: EntryKind::Hazard,
        rule: "FRAME-LOCAL-VALUE, FRAME-OPERAND-VALUE",
        subjects: &[Version::Wasmtime42],
        cause: "Values of a frame are packed without alignment behind an 8-byte header, and a \
                v128 is read with an aligned load: SIGSEGV in release builds. Avoided exactly for \
                the v128 slots whose computed offset is no multiple of 16; where callees are \
                inlined, for every v128. Built with debug assertions the engine aborts at any \
                misaligned load, and i64, f64 and funcref slots are treated alike.",
        test: "v128_slot_still_faults",
    },
    Entry {
        id: EPOCH_FRAME,
        kind: EntryKind::Hazard,
        rule: "-",
        subjects: &[Version::Wasmtime42],
        cause: "A function looks at the epoch before it writes its instance into its frame. At the \
                EpochYield event of a function's entry the innermost frame's instance is what the \
                stack held before: asking for it panics (null) or follows a stale pointer. Avoided \
                by reading no frame at an EpochYield event.",
        test: "epoch_frames_may_have_no_instance",
    },
    Entry {
        id: LATE_MODULE,
        kind: EntryKind::Workaround,
        rule: "STEP-INSTANTIATE",
        subjects: &[Version::Wasmtime42],
        cause: "single_step(true) patches the modules that the store knows at that moment; a \
                module instantiated later runs without events until the next edit. Lockstep makes \
                each module known and repeats the edit before instantiating it.",
        test: "late_module_is_still_not_stepped",
    },
    Entry {
        id: PULLEY_REGISTERS,
        kind: EntryKind::Terminal,
        rule: "RESULT-VALUES and whatever follows from a wrong value",
        subjects: &[Version::Wasmtime42],
        cause: "On pulley64 the trampoline that a breakpoint event goes through saves every register, \
                but counts 8 bytes for a vector register, and gives the integer registers that the \
                interpreter saves by itself the places of those that the code saves: some are \
                restored with another's value, and the program goes on with it. Matches only on \
                pulley64, only after an event, only rules that a wrong value can break, and only when \
                the same case agrees natively under the same schedule and on pulley64 under none, in a \
                process of its own where this one may be damaged. The instrumented execution of the \
                case ends there.",
        test: "stepping_on_pulley_still_changes_a_result",
    },
    Entry {
        id: PULLEY_MEMORY_TRAP,
        kind: EntryKind::Observational,
        rule: "EVENT-TRAP",
        subjects: &[Version::Wasmtime42],
        cause: "On pulley64 the bounds check of a load or store is merged with the access into one \
                instruction of the interpreter, which traps by itself; the library call that would \
                tell the debugger is not made. Matches only a load or store whose access is out of \
                bounds, and only when the invocation then ends with that trap.",
        test: "pulley_memory_trap_is_still_silent",
    },
    Entry {
        id: HOST_ACTIVATION,
        kind: EntryKind::Observational,
        rule: "FRAME-COUNT",
        subjects: &[Version::Wasmtime42],
        cause: "When host code calls a host function through Func::call_async, the activation that \
                this makes has no frame, but debug_frames() walks it from where Wasm was last left, \
                and so shows the frames of the activation below once more. Matches only while such an \
                activation is there, and only exactly these additional frames.",
        test: "host_activation_still_shows_frames_twice",
    },
    Entry {
        id: IF_PARAMS_48,
        kind: EntryKind::Observational,
        rule: "FRAME-OPERAND-COUNT, FRAME-CALLER-OPERANDS, EVENT-TRAP-STACK",
        subjects: &[Version::Wasmtime48],
        cause: "As W42-IF-PARAMS: the shape of the second copy of an `if`'s parameters is that of \
                the first.",
        test: "if_params_are_still_shown",
    },
    Entry {
        id: PULLEY_REGISTERS_48,
        kind: EntryKind::Terminal,
        rule: "RESULT-VALUES and whatever follows from a wrong value",
        subjects: &[Version::Wasmtime48],
        cause: "What is left of W42-PULLEY-REGISTERS: the trampoline counts 16 bytes for a vector \
                register, but puts the registers 8 bytes apart, so that half of a vector register, \
                or a float register beside one, is restored with another's bytes. Integer registers \
                are restored right. Matches as W42-PULLEY-REGISTERS does.",
        test: "stepping_on_pulley_still_changes_a_result",
    },
    Entry {
        id: PULLEY_MEMORY_TRAP_48,
        kind: EntryKind::Observational,
        rule: "EVENT-TRAP",
        subjects: &[Version::Wasmtime48],
        cause: "As W42-PULLEY-MEMORY-TRAP: the access traps by itself in the interpreter.",
        test: "pulley_memory_trap_is_still_silent",
    },
    Entry {
        id: HOST_ACTIVATION_48,
        kind: EntryKind::Observational,
        rule: "FRAME-COUNT",
        subjects: &[Version::Wasmtime48],
        cause: "As W42-HOST-ACTIVATION: debug_exit_frames() has an exit frame for such an \
                activation, too, the one of the activation below.",
        test: "host_activation_still_shows_frames_twice",
    },
    Entry {
        id: STARTUP_FRAME,
        kind: EntryKind::Hazard,
        rule: "FRAME-COUNT",
        subjects: &[Version::Wasmtime48],
        cause: "A start function is called by a function that the compiler makes for the module's \
                instantiation. It has no debug information of its own: its frame is shown as one of \
                the function placed before it, and its instance is read from memory that holds none, \
                which panics (null, and then ends the process, as the panic cannot unwind) or \
                follows a stale pointer. Avoided by ending a walk behind the start function's own \
                frame while a module is being instantiated.",
        test: "startup_frames_are_still_shown",
    },
    Entry {
        id: COLLECT_SLOT,
        kind: EntryKind::Terminal,
        rule: "EVENT-HOSTCALL-ERROR, REF-CONTENT and other rules of references",
        subjects: &[Version::Wasmtime48],
        cause: "With the copying collector an allocation that must collect first calls the library \
                from code placed behind the function's body, which has no record: the innermost \
                frame's roots are those of the last opcode in the order of the machine code, whose \
                slots may never have been written. The collector follows them, and fails with an error \
                that begins with `BUG:`; and the slots of that frame's own operands are no roots, and \
                show where their objects were before. Matches only with the copying collector, and \
                only that error, in single-step at an opcode that makes an object, or a reference \
                that denotes something else in an operand that a function has on its stack at an \
                opcode that makes an object. The execution ends.",
        test: "an_allocation_still_collects_with_the_roots_of_another_opcode",
    },
    Entry {
        id: BREAKPOINT_COUNT,
        kind: EntryKind::Workaround,
        rule: "EDIT-BREAKPOINTS, BREAK-SPURIOUS",
        subjects: &[Version::Wasmtime48],
        cause: "A store counts how often a breakpoint was asked for, although add_breakpoint is \
                documented to have no effect on one that is set: one that was added twice is \
                still there, and listed, after it was removed. Lockstep makes no edit that must \
                change nothing, and removes a breakpoint at the PC at which it was asked for.",
        test: "breakpoints_are_still_counted",
    },
];
