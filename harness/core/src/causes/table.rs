//! The table of causes, one row each: what it is, which rules it may touch, which versions have it.

use super::{Having, Kind, Row};
use crate::rules::RuleId;

/// Builds [`Cause`] and its rows, so that none can be forgotten.
macro_rules! causes {
    ($($variant:ident $id:literal $kind:ident $rules:expr; $text:literal [$($having:expr),*] $test:literal)*) => {
        /// A root cause of known differences, by name. It writes and reads itself as its id.
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
        pub enum Cause { $(#[doc = $text] #[serde(rename = $id)] $variant,)* }

        impl Cause {
            /// Every cause, in the table's order; `ALL[cause as usize] == cause`.
            pub const ALL: &[Cause] = &[$(Cause::$variant,)*];
        }

        static TABLE: &[Row] = &[$(Row {
            cause: Cause::$variant,
            id: $id,
            kind: Kind::$kind,
            rules: $rules,
            text: $text,
            versions: &[$($having),*],
            test: $test,
        },)*];
    };
}

impl Cause {
    /// Its row.
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

// Columns: name, id, kind, rules it may touch; cause and extent; versions that have it; the test that fails once
// a version no longer has it (`harness/tests/causes/`).
causes! {
    TrapPc "TRAP-PC" Explains
        &[RuleId::TrapPc, RuleId::CheckPc];
        "At a Trap event the innermost frame's PC is looked up from the return address of the \
         trap's own library call. That call belongs to code placed behind the function's body and \
         has no record of its own, so the last opcode in the order of the machine code is found: \
         one and the same for every such trap of a function. Matches only in the innermost frame \
         of a Trap event, only the PC of a reachable opcode of the same function behind which control may \
         end, and that does not lead straight to the trap, and only the one that this function's earlier \
         traps showed."
        [Having::until(44)]
        "trap_pc_is_still_wrong"
    TrapStack "TRAP-STACK" Explains
        &[RuleId::TrapStack];
        "Same cause as TRAP-PC: the operand stack shown is the one that validation gives the PC \
         shown. Matches only together with it, and only when the number of operands is the one of \
         that PC."
        [Having::until(44)]
        "trap_stack_is_still_wrong"
    IfParams "IF-PARAMS" Explains
        &[
            RuleId::OperandCount,
            RuleId::CallerOperands,
            RuleId::TrapStack,
            RuleId::CheckStack,
        ];
        "The compiler keeps an `if`'s parameters twice on its value stack; the debug information \
         takes one copy for the other. In the consequent, once every copy is popped, the \
         parameters are shown below the operands although they are gone. Matches only at opcodes, \
         and with exactly the operands, that this cause predicts; the real operands among them \
         are still compared."
        [Having::until(48), Having::since(48, "The shape of the second copy of an `if`'s parameters is that of the first.")]
        "if_params_are_still_shown"
    LibcallTrap "LIBCALL-TRAP" Explains
        &[RuleId::TrapEvent];
        "The library calls of table.init, table.fill, array.copy and the array opcodes that read \
         a segment return a trap as a general error, so that a HostcallError event with that trap \
         comes where a Trap event is due. So do those that say that fuel is used up, and that the \
         epoch ends the program at its deadline. Matches only these, and only the right trap."
        [Having::until(46)]
        "table_traps_are_still_host_errors"
    TrapSlot "TRAP-SLOT" Forbids
        &[RuleId::TrapStack];
        "The operands shown at a Trap event (see TRAP-STACK) may be slots that were never \
         written; following a reference in one would crash. Avoided for operands that the stack \
         before the trapping opcode does not have, and for references."
        [Having::until(44)]
        "trap_slots_may_be_unwritten"
    UnsetLocal "UNSET-LOCAL" Forbids
        &[RuleId::LocalValue];
        "A local whose type has no null has no value until it is set, and its slot is not written \
         before: following the reference that is in it by chance would crash. Avoided for exactly \
         the locals that the program has not set."
        [Having::ALL]
        "unset_locals_are_still_unwritten"
    ConvertType "CONVERT-TYPE" Explains
        &[RuleId::OperandType];
        "any.convert_extern and extern.convert_any leave the compiler's value, and the slot type \
         that was noted for it, as they are: the operand is shown as a reference of the hierarchy \
         it came from. Matches only an operand that one of them pushed, and only if it denotes \
         what it should."
        [Having::ALL]
        "converted_references_still_have_their_old_type"
    RelaxedMadd "RELAXED-MADD" Explains
        &[RuleId::Values];
        "With Config::relaxed_simd_deterministic the relaxed multiply-adds still round once; the \
         specification's deterministic profile, which the option promises, rounds twice. The \
         oracle rounds once too, so that all else is compared; a match is an opcode whose result \
         differs by it."
        [Having::ALL]
        "relaxed_multiply_adds_still_round_once"
    RelaxedDot "RELAXED-DOT" Explains
        &[RuleId::Values];
        "With Config::relaxed_simd_deterministic the sums of two products in a relaxed dot product \
         wrap; the specification's relaxed dot product saturates them (`ivdotsat`), in the \
         deterministic profile, which the option promises, and in every other. The oracle adds as \
         the subject does, so that all else is compared; a match is an opcode whose result differs \
         by it."
        [
            Having::until(48),
            Having::since(
                48,
                "`i32x4.relaxed_dot_i8x16_i7x16_add_s` adds its four products exactly, where the \
                 specification saturates the sum of each two."
            )
        ]
        "relaxed_dot_products_still_do_not_saturate"
    UnsetRoot "UNSET-ROOT" Forbids
        &[RuleId::Collect];
        "The slot of a local whose type has no null is a root of the collector before the program \
         has set it (see UNSET-LOCAL): a collection follows what is in it by chance, and panics \
         or corrupts the heap. Collections that the schedule asks for are left out while a frame \
         has such a local; those of the program's own allocations cannot be, so generated modules \
         have no such locals."
        [Having::ALL]
        "unset_locals_are_still_roots"
    InlinedTailCall "INLINED-TAIL-CALL" Explains
        &[RuleId::FrameCount];
        "With inlining of core modules a tail call in an inlined function becomes a plain call of \
         the function it was inlined into, and the frame that it should have replaced is still \
         shown, at the tail call. Matches only with inlining on, and only frames at a tail call \
         that was executed there, between the right ones, in a function that may be inlined into the \
         one outside, or whose callee may be inlined into it; without them all frames are compared as usual."
        [Having::ALL]
        "inlined_tail_calls_still_leave_a_frame"
    InlinedTryCall "INLINED-TRY-CALL" Forbids
        &[RuleId::FrameCount];
        "With inlining of core modules the calls of a body that replaces a call inside a \
         try_table, breakpoints among them, become calls without a record. At its events the \
         record before them in the machine code is shown, which may be of code that was never \
         executed: its frame's instance is then null, which panics, or a stale pointer, and so \
         are its references. Avoided by reading no frame, and collecting nothing, with inlining \
         on while a frame waits at a direct call that a try_table of its function guards, of a function \
         that the module defines and that does not call back."
        [Having::ALL]
        "inlined_calls_in_a_try_table_still_have_no_frame"
    InlinedTrap "INLINED-TRAP" Forbids
        &[RuleId::TrapPc];
        "Same cause as TRAP-PC: the opcode found may be of an inlined body that was never \
         executed, and its frame's instance null, which panics and cannot unwind, or a stale \
         pointer. Avoided by reading no frame at a Trap event with inlining on where the code that \
         traps may hold that of another function, and at that of a stack overflow where any \
         of the module may."
        [Having::until(44)]
        "inlined_traps_still_show_frames_of_code_not_executed"
    IfParamRoot "IF-PARAM-ROOT" Forbids
        &[RuleId::Collect];
        "Where IF-PARAMS shows parameters that are gone, their slots are roots of the collector, \
         and may hold a part of another value by then: a collection follows it, and panics or \
         corrupts the heap. Collections that the schedule asks for are left out where that entry \
         predicts a reference that is gone."
        [Having::ALL]
        "if_params_are_still_roots"
    TryCallee "TRY-CALLEE" Explains
        &[RuleId::CallerOperands];
        "The record of a call that a try_table of the same function guards is placed behind the \
         jump that ends the call, not at its return address: a frame that waits there is shown by \
         the record before it, made before the call. Of call_indirect and call_ref it still has \
         the table index or the function reference. Matches only a frame that waits at such a \
         call, with exactly that one operand more; the others are still compared."
        [Having::until(48), Having::since(48, "That is also why such a frame is shown at the call and not behind it.")]
        "guarded_indirect_calls_still_show_their_callee"
    InlinedTryBreak "INLINED-TRY-BREAK" Ends
        &[RuleId::BreakSpurious];
        "Same cause as INLINED-TRY-CALL: the patchable calls of a body that replaces a call \
         inside a try_table become plain ones, which cannot be switched off. Each of its opcodes \
         is an event, asked for or not. Matches only with inlining on, without single-step, an event while \
         a frame waits at a direct call as there, or before which the program comes to such a call and to no \
         breakpoint: where it comes from cannot be read, and the execution ends."
        [Having::ALL]
        "inlined_calls_in_a_try_table_are_still_always_events"
    TryRoot "TRY-ROOT" Ends
        super::try_root::CHANGES;
        "A call that a try_table guards ends its block, and the stack map that the compiler made for it is \
         not handed on to the machine code: while a frame waits at one, none of its references is a root. \
         A collection frees their objects, and the program goes on with whatever takes their place. Code \
         with debug instrumentation keeps its values in slots that are roots of their own. Matches only in \
         the execution without it, only with reference counting, and only once an object was made, which \
         may have been after a collection, or a host function called, which may have made one, while a \
         frame with a reference to an object waited at such a call; or once an exhaustion ended what was not \
         followed. The execution ends. Cranelift 0.131 says what \
         was missing: `Branch instructions like try_call can also be safepoints that need stack maps.`"
        [Having::until(44)]
        "guarded_calls_still_have_no_roots"
    HalfMadeArray "HALF-MADE-ARRAY" Ends
        &[
            RuleId::Panic,
            RuleId::RefKind,
            RuleId::RefType,
            RuleId::RefIdentity,
            RuleId::RefContent,
            RuleId::ThrowEvent,
            RuleId::HostCall,
            RuleId::Values,
        ];
        "An array is made before its elements are written, in a loop that looks at the epoch and at the fuel. \
         Where that ends the call, the array stays as it is, and a later collection takes what lies in its \
         memory for references: the engine panics, or frees an object that lies there and is still referred to, \
         and makes another in its place. Matches only a panic at what is no object, or with the counting \
         collector an object that is shown as another or holds something else, and only once a deadline or the \
         end of fuel has interrupted an opcode that makes an array of as many elements as an operand says, or has ended a call that was not followed opcode by opcode. The execution ends."
        [Having::until(46)]
        "arrays_that_are_left_half_made_are_still_collected"
    SegmentObjects "SEGMENT-OBJECTS" Ends
        &[
            RuleId::RefIdentity,
            RuleId::ThrowEvent,
            RuleId::HostCall,
            RuleId::Values,
        ];
        "table.init, array.new_elem and array.init_elem evaluate a segment's expressions at each \
         use, not once when the module is instantiated: each use makes objects of its own. \
         Matches only where an object that a segment's expression made is shown as another one, after \
         opcodes have used that segment twice; the program then computes something else, and the \
         execution ends."
        [Having::until(45)]
        "segment_objects_are_still_made_at_each_use"
    V128Slot "V128-SLOT" Forbids
        &[RuleId::LocalValue, RuleId::OperandValue];
        "Values of a frame are packed without alignment behind an 8-byte header, and a v128 is \
         read with an aligned load: SIGSEGV in release builds. Avoided exactly for the v128 slots \
         whose computed offset is no multiple of 16; where callees are inlined, for every v128. \
         Built with debug assertions the engine aborts at any misaligned load, and i64, f64 and \
         funcref slots are treated alike."
        [Having::until(43)]
        "v128_slot_still_faults"
    LibcallPc "LIBCALL-PC" Explains
        &[RuleId::CheckPc];
        "A library call other than a trap's carries no record. Where it is made from code placed \
         behind the function's body, as that of the epoch is, the record found is that of another \
         opcode of the function: its PC, and its operands. Matches only in the innermost frame of \
         an EpochYield event, or one of a heap that is full, only a reachable opcode of the same function, one and the same for \
         each place where the program is interrupted, and only with that opcode's number of \
         operands."
        [Having::ALL]
        "epoch_yields_still_show_another_opcode"
    LibcallSlot "LIBCALL-SLOT" Forbids
        &[RuleId::CheckPc];
        "The operands shown at another opcode (see LIBCALL-PC) may be slots that were never \
         written: those that the stack at the interruption does not have are not read, nor are the \
         parameters of a loop that begins, whose slots are written behind the call."
        [Having::ALL]
        "epoch_yields_may_show_unwritten_operands"
    InlinedLibcall "INLINED-LIBCALL" Forbids
        &[RuleId::CheckPc];
        "Same cause as LIBCALL-PC: with inlining the record found may be of an inlined body that \
         was never executed, and its frame's instance null, which panics, or a stale pointer. \
         Where the code that is interrupted may hold that of others beside the innermost function's, the \
         functions and PCs shown are asked for, which is safe: of any other frames than the innermost \
         function's own, and of those into which it may be inlined, at their calls, nothing else is read."
        [Having::ALL]
        "inlined_epoch_yields_still_show_frames_of_code_not_executed"
    LibcallFrame "LIBCALL-FRAME" Explains
        &[RuleId::FrameFunction];
        "Same cause as LIBCALL-PC: at a function's entry the library call of fuel, and in a function \
         that always traps that of the epoch, is placed before the function's first record. The \
         one found is of the function placed before it, or there is none, which panics. Matches \
         only an event of fuel that is used up at a function's entry, or an EpochYield event where what \
         the function begins with may be known to end in a trap, which no division or conversion is, and an \
         access only beyond what its memory can ever be; the innermost frame is then left out, and all of \
         them in the first function of a module."
        [Having::ALL]
        "fuel_used_up_at_an_entry_still_shows_another_function"
    OverflowFrame "OVERFLOW-FRAME" Forbids
        &[];
        "A function looks at the stack's limit before it writes its instance into its frame. At \
         the Trap event of a stack overflow the innermost frame's instance is what the stack held \
         before: asking for it panics (null) or follows a stale pointer. Avoided by not asking for \
         it; its function, PC, locals and operands are compared."
        [Having::ALL]
        "overflow_frames_still_have_no_instance"
    PulleyOverflow "PULLEY-OVERFLOW" Explains
        &[RuleId::TrapEvent];
        "On pulley64 the interpreter itself finds that its stack is used up, when a frame is \
         pushed; the library call that would tell the debugger is not made. Matches only a stack \
         overflow on pulley64."
        [Having::ALL]
        "pulley_overflows_are_still_silent"
    EpochFrame "EPOCH-FRAME" Forbids
        &[];
        "A function looks at the epoch before it writes its instance into its frame. At the \
         EpochYield event of a function's entry the innermost frame's instance is what the stack \
         held before: asking for it panics (null) or follows a stale pointer. Avoided by not \
         asking for it there; the frame's function, PC, locals and operands are compared."
        [Having::until(43)]
        "epoch_frames_may_have_no_instance"
    LateModule "LATE-MODULE" Explains
        &[RuleId::StepInstantiate];
        "single_step(true) patches the modules that the store knows at that moment; a module \
         that it comes to know later runs without events, but at breakpoints of its own, until the \
         next edit of single-step. Matches only the events of such a module, by the edits that were \
         made; the oracle runs through them. In most cases single-step is made to reach the module, \
         as a debugger must: it is made known, and the edit is repeated, before it is instantiated."
        [Having::until(48)]
        "late_module_is_still_not_stepped"
    PulleyVectors "PULLEY-VECTORS" Explains
        super::pulley_registers::CHANGES;
        "On pulley64 the trampoline that a breakpoint event goes through saves every register, but \
         puts the vector registers 8 bytes apart: f31 is restored with the high half of v0, and the \
         low half of each of v0 to v30 with the high half of the next. The program goes on with \
         these, and so does the oracle. Matches only floats and vectors, and what an opcode made of \
         one, only where a value was made since the last look at the frames (the result of the \
         opcode just executed, under single-step), memory, globals and objects written with one, and what is \
         left of the fuel once a value was changed, as the program may have gone another way."
        [Having::ALL]
        "vectors_are_still_restored_with_other_bytes"
    PulleyIntegers "PULLEY-INTEGERS" Forbids
        super::pulley_registers::BREAKS;
        "On pulley64 the trampoline of a breakpoint event puts x0 and those after it where the \
         interpreter has saved the integer registers that the trampoline uses, so that these are \
         restored with x0 and those after it: x21 with x0; with the single-pass allocator x21 to \
         x29 with x0 to x8. Pointers of the engine's own are in them, and a process may die. No \
         event is asked for in an invocation that may come to a function whose code saves, and so \
         uses, one of them: single-step is switched off and the breakpoints are removed for as long."
        [Having::until(46)]
        "integers_are_still_restored_with_others"
    PulleyRegisters "PULLEY-REGISTERS" Ends
        super::pulley_registers::BREAKS;
        "What cannot be followed of PULLEY-VECTORS and PULLEY-INTEGERS. Matches only after an \
         event, only rules that a wrong value can break, and only when the same case agrees \
         natively under the same schedule and on pulley64 under none, in a process of its own where \
         this one may be damaged; and only where a float decides whether an opcode traps, or once \
         the program may have gone another way, as it branched by what was made of a float or a \
         vector between two events, or once an event came while an integer register was in use. \
         The instrumented execution of the case ends there."
        [Having::ALL]
        "registers_still_change_where_a_program_goes"
    PulleyMemoryTrap "PULLEY-MEMORY-TRAP" Explains
        &[RuleId::TrapEvent];
        "On pulley64 the bounds check of a load or store is merged with the access into one \
         instruction of the interpreter, which traps by itself; the library call that would tell \
         the debugger is not made. Matches only a load or store whose access is out of bounds, \
         but not by its offset alone, which takes no check, and only when the invocation then ends with that trap."
        [Having::ALL]
        "pulley_memory_trap_is_still_silent"
    HostActivation "HOST-ACTIVATION" Explains
        &[RuleId::FrameCount];
        "When host code calls a host function through Func::call_async, the activation that this \
         makes has no frame, but debug_frames() walks it from where Wasm was last left, and so \
         shows the frames of the activation below once more. Matches only while such an \
         activation is there, and only exactly these additional frames."
        [
            Having::until(48),
            Having::since(48, "Debug_exit_frames() has an exit frame for such an activation, too: that of the \
             activation below.").before(50)
        ]
        "host_activation_still_shows_frames_twice"
    HostRoot "HOST-ROOT" Forbids
        super::host_root::CHANGES;
        "Where HOST-ACTIVATION shows frames twice, a collection finds their roots twice, too. The copying \
         collector moves an object at the first visit; at the second it takes the copy for one that was not moved \
         yet, and moves that: the slot denotes the second copy and all else the first, which is no object any more. \
         Avoided by not collecting while such an activation is there and a frame has a reference to an object. \
         Collections of the program's own allocations cannot be left out: see HOST-MOVED."
        [Having::since(45, "").before(50)]
        "roots_behind_a_host_activation_are_still_visited_twice"
    HostMoved "HOST-MOVED" Ends
        super::host_root::CHANGES;
        "Same cause as HOST-ROOT: the program itself made an object, and may have collected before, while frames were \
         visited twice that had a reference to an object. Matches only with the copying collector, and only \
         once an object was made there. The execution ends."
        [Having::since(45, "").before(50)]
        "an_allocation_behind_a_host_activation_still_moves_objects_twice"
    ImportedType "IMPORTED-TYPE" Ends
        &[
            RuleId::OperandValue, RuleId::LocalValue, RuleId::FramePc, RuleId::FrameFunction, RuleId::FrameCount,
            RuleId::StepLost, RuleId::StepSpurious, RuleId::BreakLost, RuleId::BreakSpurious, RuleId::TrapEvent,
            RuleId::HostCall, RuleId::Outcome, RuleId::Values, RuleId::Memory, RuleId::Global, RuleId::Table
        ];
        "An imported function is given the type of the import, not its own: where that is a supertype of its \
         own, call_indirect traps, and ref.test, ref.cast and the branches on casts decide by the supertype \
         (Core 4.5.3: the import is the exporter's function itself). Matches only the first difference behind \
         such an opcode on such a function, and only where the two types decide differently: in single-step \
         at the next event. The program then goes another way, and the execution ends."
        [Having::until(45)]
        "imported_functions_still_have_the_type_of_their_import"
    CastType "CAST-TYPE" Explains
        &[RuleId::Instantiate];
        "Validation of ref.test and ref.cast does not ask whether the proposal is enabled that the named heap \
         type comes with: a module with a test for contref is accepted without stack switching. Matches only \
         a module that must be rejected, and that is valid with another type in the place of those."
        [Having::until(48)]
        "casts_to_types_that_are_not_enabled_are_still_accepted"
    IfWithoutElse "IF-WITHOUT-ELSE" Ends
        &[RuleId::Panic];
        "Validation lets an if be without an else where its parameters are subtypes of its results (Core \
         3.4.7). The compiler takes it to have one unless the two are equal, and panics over the code that is \
         missing, with debug instrumentation and without. Matches only a panic of the compiler's own, of a \
         module that has such an if. The module is not run."
        [Having::until(50)]
        "ifs_without_else_still_have_no_code"
    StartupFrame "STARTUP-FRAME" Forbids
        &[RuleId::FrameCount];
        "A start function is called by a function that the compiler makes for the module's \
         instantiation. It has no debug information of its own: its frame is shown as one of the \
         function placed before it, and its instance is read from memory that holds none, which \
         panics (null, and then ends the process, as the panic cannot unwind) or follows a stale \
         pointer. Avoided by ending a walk behind the start function's own frame while a module \
         is being instantiated, and by reading no frame where the epoch or the fuel interrupts \
         that function itself."
        [Having::since(46, "")]
        "startup_frames_are_still_shown"
    StartupRoot "STARTUP-ROOT" Ends
        &[RuleId::HostErrorEvent, RuleId::Panic];
        "Same cause as STARTUP-FRAME: the frame of what the compiler makes for an instantiation is taken for \
         one of the function placed before it, and a collection while a start function runs takes for \
         roots what lies where that function has references. It fails as under COLLECT-SLOT. Matches only \
         while a module is being instantiated, only those errors and panics, in single-step only at an \
         opcode that makes an object or calls a host function. The execution ends."
        [Having::since(46, "")]
        "a_start_function_still_collects_with_the_roots_of_another_function"
    CollectSlot "COLLECT-SLOT" Ends
        &[RuleId::HostErrorEvent, RuleId::Outcome, RuleId::OperandValue, RuleId::RefNull, RuleId::RefKind, RuleId::RefType, RuleId::RefIdentity, RuleId::RefContent, RuleId::ThrowEvent, RuleId::Panic, RuleId::Kept];
        "An opcode that must collect by itself calls the library from code placed behind the function's \
         body, which has no record: an allocation with the copying collector; with the counting one the read \
         of a reference, once 1,024 lie on the list of those that may be on the stack. The innermost frame's \
         roots are those of the last opcode in the order of the machine code, whose slots may never have \
         been written. The collector follows them, and fails with an error that begins with `BUG:` and says that an \
         object is out of bounds, misaligned, or of a size or type that none has; and the slots of that frame's own operands are no roots, \
         and show where their objects were before. What is followed and is none may also lie within the heap: \
         the copying collector then copies it, and writes over other objects. Matches only where such an opcode is, and with the \
         counting collector only once the program has made as many objects; and only \
         those errors, in single-step at such an opcode or where a host function is called, or at the end of \
         a call of which no handler is told, or a reference that denotes something else, or what is of no \
         kind, in an operand that was on its frame's stack when such an opcode of that frame ran, or with the \
         copying collector a number there of which words that are multiples of 16 have become others, or in the \
         payload of the exception that it threw; or, with the copying collector, the content of any object, once \
         the program has made 1,000 objects and fields, which may fill the heap; or the engine's panic at a kind or an index that is none, \
         at such an opcode, or where such an operand's object is read. The execution ends."
        [Having::since(46, "")]
        "an_allocation_still_collects_with_the_roots_of_another_opcode"
    BreakpointCount "BREAKPOINT-COUNT" Explains
        &[RuleId::EditBreakpoints, RuleId::BreakSpurious];
        "A store counts how often a breakpoint was asked for, although add_breakpoint is \
         documented to have no effect on one that is set: one that was added twice is still \
         there, and listed, after it was removed. Where it slipped, only a removal at the PC asked \
         for counts, and that once, or one at its own. Matches only a breakpoint whose count, by the \
         edits that were made, is above zero: that it is listed together with all others of these, \
         and its event, at which everything is compared as at any other."
        [Having::since(44, "")]
        "breakpoints_are_still_counted"
    ComponentPatches "COMPONENT-PATCHES" Explains
        &[RuleId::BreakLost, RuleId::BreakSpurious, RuleId::EditBreakpoints];
        "The core modules of a component share one table of patches, that of its adapters included. \
         single_step(false) goes through the whole table for each module that the store knows, so that only \
         the breakpoints of the last one stay, and none where an adapter is: they are listed, and no event \
         comes. From 44 on, where PCs are those of the core module, a breakpoint is set and removed at its PC \
         in every module of the component, and slips to the next PC that an opcode of any has. Matches only \
         what these patches are, by the edits that were made: an event that is missing at a breakpoint that \
         is listed, and one at another module's, at which everything is compared as at any other."
        [Having::ALL]
        "breakpoints_of_a_component_are_still_lost"
    HandleVersion "HANDLE-VERSION" Explains
        &[RuleId::FrameHandle];
        "A frame handle is stale once the store's count of resumptions has changed. Only the code that \
         returns from a host function to Wasm code counts: not the return from a debug event, nor that of \
         a call to its host. So a handle is said to be valid at later events of the same activation, and after \
         it is gone; using it then follows stale pointers, which is not done. Matches only a handle that is said \
         to be valid after execution was resumed, and only where no host function that Wasm code called has \
         returned since it was made."
        [Having::since(43, "")]
        "frame_handles_are_still_valid_after_execution_was_resumed"
    InstancePosition "INSTANCE-POSITION" Explains
        &[RuleId::InstanceIndex];
        "debug_index_in_store() is documented to be the instance's position in debug_all_instances(). It \
         also counts what stands for the store itself and for memories, tables and tags of the host's own, \
         which that list leaves out. Matches only indices that leave out the first, and grow along the list by no more \
         than the host's own entities."
        [Having::since(43, "")]
        "indices_of_instances_still_count_what_is_not_listed"
    DroppedHandler "DROPPED-HANDLER" Explains
        &[RuleId::HandlerKept];
        "Where the future of a call is dropped, the guest is unwound by an error, which is to be an event. The \
         store takes its handler for it, finds that it cannot wait for one, and never puts it back: from then \
         on it has no handler, and no event comes until one is set again. Matches only a handler that is gone \
         right after a call was dropped. What follows is compared as in a store without a handler."
        [Having::ALL]
        "a_dropped_call_still_takes_the_handler_with_it"
    PanickedHandler "PANICKED-HANDLER" Forbids
        &[RuleId::Crash];
        "The event of a trap, an exception or a host function's error is told in a function that must not unwind. A \
         handler that panics there ends the process; at a breakpoint and where the epoch is reached its panic \
         goes to whoever made the call, as one of a host function does. No document says that it must not panic. \
         Avoided by not panicking there."
        [Having::ALL]
        "a_handler_that_panics_where_a_call_ends_still_ends_the_process"
    TakenException "TAKEN-EXCEPTION" Forbids
        &[RuleId::Panic, RuleId::Crash];
        "The handler of a thrown exception is looked for before the event that tells of it, and the exception is \
         taken from the store behind that event, where there must be one: a panic, which cannot unwind, if the \
         debugger has taken it. take_pending_exception() is documented to remove it, and no panic of that. Avoided \
         by not taking an exception that is caught without throwing another."
        [Having::until(46)]
        "an_exception_that_is_taken_still_ends_the_process"
    NestedThrow "NESTED-THROW" Explains
        &[RuleId::ThrowEvent];
        "A debug handler is documented to be free to invoke other Wasm. A store has one slot for the exception that is \
         pending: where the handler of an exception's event makes a call in which another is thrown, be it caught there, \
         that takes the place of the event's, and behind the call nothing is pending. The program then goes on as if \
         the debugger had taken the exception: before 46 the process ends where it would have been caught, from 46 on \
         the call ends with an error. Matches only a slot that is empty behind such a call; the exception is then \
         thrown again, as a debugger must."
        [Having::ALL]
        "a_throw_within_a_throws_event_still_replaces_it"
    ThrownRoot "THROWN-ROOT" Forbids
        &[RuleId::Panic, RuleId::Crash];
        "Store::throw puts an exception into the slot that is documented to hold it as long as it is propagating, but \
         does not count that reference. The counting collector keeps the object only until it collects: done at the \
         exception's event, or in a call within it, the object is freed, and what the slot holds is followed \
         then. Where nothing catches it, who takes it uncounts what was never counted, and a later collection frees \
         the object under whatever still refers to it. Concerns exceptions that the host threw, passed on by throwing \
         them again, or put in the place of another; and any exception where the engine checks itself (a build with \
         debug assertions), as what a collection took off the list of the stack's references is not put there again for \
         the handler. Avoided by not collecting while one is on its way, nor any more once one of the host's came to \
         the host; collections of the program's own cannot be left out, so that in generated programs that keep \
         objects neither host nor debugger throws."
        [Having::until(46)]
        "thrown_exceptions_are_still_not_counted"
    AdapterThrow "ADAPTER-THROW" Explains
        &[RuleId::Outcome];
        "An exception that a component instance does not catch is a trap (Canonical ABI, \
         call_and_trap_on_throw). The adapter between two instances lets it through, and the call ends with the \
         exception. Matches only an exception that was thrown behind an adapter and that no instance outside \
         catches."
        [Having::until(47)]
        "an_exception_still_passes_an_adapter"
    Latin1Alignment "LATIN1-ALIGNMENT" Explains
        &[RuleId::LocalValue];
        "A Latin-1 string that an adapter copies into a memory of `latin1+utf16` is allocated with alignment 1, where \
         the Canonical ABI has 2 (store_string_copy). The oracle allocates as the subject does, so that all else is \
         compared; a match is such a string."
        [Having::until(44)]
        "latin1_strings_are_still_allocated_unaligned"
    StringAlignment "STRING-ALIGNMENT" Explains
        &[RuleId::Outcome];
        "A string that a component's function returns to the host must be at a multiple of 2 if it is UTF-16, or of \
         `latin1+utf16` (Canonical ABI, load_string_from_range: `trap_if(ptr != align_to(ptr, alignment))`). The host \
         takes it from any address. The oracle takes it as the subject does, so that all else is compared; a match \
         is a result that only for that is none."
        [Having::until(44)]
        "the_host_still_takes_strings_from_any_address"
}
