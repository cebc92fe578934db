//! Each checker fires: a subject that tells one lie makes its rule, and no other, fire.
//!
//! One row a fault: the test's name, the rule that must fire, the program, the lie. Without the lie
//! the same program is clean. The first rows carry the names that the contract's table gives.

#[macro_use]
mod rows;
mod actions;
mod beside;
mod edits;
mod edits_beside;
mod events;
mod lie;
mod order;
mod programs;
mod pulley;
mod refusals;
mod stacks;

use lie::{Code, Fault, Lie, at, when};
use lockstep::case::{CaseOptions, run, run_with};
use lockstep::configuration::{Collector, Configuration, Fuel};
use lockstep::divergence::{Execution, Moment};
use lockstep::lockstep::accessors::{Accessed, Accessor, Denoted, Identity};
use lockstep::lockstep::policy::FramePolicy;
use lockstep::lockstep::probes::LateModule;
use lockstep::lockstep::tally::Tally;
use lockstep::observe::Boundary;
use lockstep::outcome::{HostFailure, Outcome, SeenTrap};
use lockstep::rules::RuleId;
use lockstep::seen::{Seen, SeenExtern, SeenFunc, SeenRef};
use lockstep::snapshot::Snapshot;
use lockstep::subject::engines::linked;
use lockstep::subject::wasmtime_42::probe;
use lockstep::version::Version;
use lockstep_oracles::address::{
    FuncAddr, FuncIndex, GlobalAddr, InstanceAddr, MemAddr, Pc, TableAddr, TagAddr,
};
use lockstep_oracles::trap::Trap;
use lockstep_oracles::types::Hierarchy;
use lockstep_spec_tests::Script;
use programs::*;
use rows::{Told, fires, rules};
use stacks::*;
use std::collections::BTreeSet;
// Linked in, so that each row is held on them, too.
use {subject_48 as _, subject_50 as _};

fn counting(configuration: &mut Configuration) {
    configuration.fuel = Fuel::On;
}

fn no_change(_: &mut Snapshot, _: &Code) {}

/// A handle to an entity of this identity.
fn known_by(identity: u64) -> Accessed {
    Accessed::Handle(Denoted {
        identity: Some(Identity(identity)),
        index: None,
    })
}

/// A handle to an entity of this index in the store.
fn indexed(index: u64) -> Accessed {
    Accessed::Handle(Denoted {
        identity: None,
        index: Some(Identity(index)),
    })
}

faults! {
    // The rows that the contract names.
    event_skipped => StepLost, ARITHMETIC, Fault::Skip(at("i32.const"));
    event_twice => StepSpurious, ARITHMETIC, Fault::Twice(at("i32.const"));
    single_step_state => EditSingleStep, MODULE, Fault::EditState(|on, _| *on = false);
    frame_missing => FrameCount, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| drop(stack.frames.remove(1)));
    frames_swapped => FrameOrder, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| stack.frames.swap(0, 1));
    activation_lost => FrameActivation, REENTRY,
        Fault::Stack(at("i32.mul"), |stack, _| stack.frames[1].boundary = Boundary::Same);
    wrong_instance => FrameInstance, INSTANCES,
        Fault::Stack(at("i32.eqz"), |stack, _| innermost(stack).place.instance = Some(InstanceAddr(1)));
    wrong_module => FrameModule, ARITHMETIC,
        Fault::Stack(at("i32.sub"), |stack, _| innermost(stack).place.module_agrees = false);
    wrong_function => FrameFunction, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| innermost(stack).place.func = Some(FuncIndex(1)));
    pc_off_by_one_instruction => FramePc, ARITHMETIC,
        Fault::Stack(at("i32.sub"), |stack, code| {
            let place = &mut innermost(stack).place;
            place.pc = code.next(place.pc);
        });
    caller_pc_moved => FrameCallerPc, CALLS,
        Fault::Stack(at("i32.mul"), |stack, code| {
            let place = &mut stack.frames[1].place;
            place.pc = code.next(place.pc);
        });
    local_missing => LocalCount, ARITHMETIC,
        Fault::Stack(at("i32.sub"), |stack, _| {
            innermost(stack).locals.pop();
        });
    local_type_changed => LocalType, ARITHMETIC,
        Fault::Stack(at("i32.sub"), |stack, _| last_local(stack, |_| Seen::F32(0)));
    last_local_wrong => LocalValue, ARITHMETIC,
        Fault::Stack(at("i32.sub"), |stack, _| last_local(stack, flip(0)));
    top_of_stack_missing => OperandCount, ARITHMETIC,
        Fault::Stack(at("i32.sub"), |stack, _| {
            innermost(stack).operands.pop();
        });
    operand_type_changed => OperandType, ARITHMETIC,
        Fault::Stack(at("i32.sub"), |stack, _| top(stack, |_| Seen::I64(30)));
    operands_swapped => OperandValue, ARITHMETIC,
        Fault::Stack(at("i32.sub"), |stack, _| innermost(stack).operands.swap(0, 1));
    caller_argument_missing => CallerOperands, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| {
            stack.frames[1].operands.pop();
        });
    trap_kind_changed => TrapEvent, TRAP,
        Fault::Trap(|trap| *trap = SeenTrap::Wasm(Trap::IntegerOverflow));
    trap_pc_moved => TrapPc, TRAP,
        Fault::Stack(when(Moment::Trap), |stack, _| innermost(stack).place.func = Some(FuncIndex(2)));
    trap_stack_grown => TrapStack, TRAP,
        Fault::Stack(when(Moment::Trap), |stack, _| {
            innermost(stack).operands.extend([Some(Seen::I32(0)); 3]);
        });
    host_error_lost => HostErrorEvent, HOST_FAILURE, Fault::Skip(when(Moment::HostcallError));
    host_argument_changed => HostCall, HOST_CALL, Fault::HostArgs(|args| args[1] = Seen::I64(9));
    trap_lost => Outcome, TRAP, Fault::Outcome(|outcome| {
        if matches!(outcome, Outcome::Trapped(_)) {
            *outcome = Outcome::Returned(vec![Seen::I32(0)]);
        }
    });
    result_changed => Values, ARITHMETIC,
        Fault::Outcome(|outcome| *outcome = Outcome::Returned(vec![Seen::I32(72)]));
    link_refused => Instantiate, MODULE,
        Fault::Instantiation(|outcome| *outcome = Outcome::Unlinkable("a lie".to_owned()));
    assertion_fails => Assertion, ARITHMETIC, Program::new(
        r#"(module (func (export "go") (result i32) i32.const 1))
           (assert_return (invoke "go") (i32.const 2))"#);
    subject_panics => Panic, CALLS, Fault::Panic(at("i32.mul"));
    fuel_used_by_breakpoints => Fuel, ARITHMETIC.configured(counting),
        Fault::Fuel(|left| *left = left.map(|left| left - 1));
    entity_not_found => Access, ENTITIES,
        Fault::Access(|_, asked, accessed| {
            if asked == (Accessor::Global, 1) { *accessed = Accessed::Nothing }
        });
    imported_entity_not_found => Access, LINKED_ENTITIES,
        Fault::Access(|instance, asked, accessed| {
            if (instance, asked) == (InstanceAddr(1), (Accessor::Memory, 0)) {
                *accessed = Accessed::Nothing;
            }
        });
    one_entity_for_two_indices => Access, ENTITIES,
        Fault::Access(|_, (accessor, index), accessed| {
            if accessor == Accessor::Global && index < 2 {
                *accessed = known_by(7);
            }
        });
    one_index_for_two_entities => Access, ENTITIES,
        Fault::Access(|_, (accessor, index), accessed| {
            if accessor == Accessor::Global && index < 2 { *accessed = indexed(7) }
        });
    another_function_found => Access, LINKED_ENTITIES,
        Fault::Access(|instance, asked, accessed| {
            if instance == InstanceAddr(0) && matches!(asked, (Accessor::Function, 0 | 1)) {
                *accessed = known_by(7);
            }
        });
    entity_past_the_end => Access, ENTITIES,
        Fault::Access(|_, asked, accessed| {
            if asked == (Accessor::Table, 1) { *accessed = Accessed::Handle(Denoted::default()) }
        });
    shared_memory_for_one_that_is_not => Access, ENTITIES,
        Fault::Access(|_, asked, accessed| {
            if asked == (Accessor::SharedMemory, 0) { *accessed = Accessed::Handle(Denoted::default()) }
        });
    memory_byte_flipped => Memory, ENTITIES, Fault::Memory(MemAddr(0), |bytes| bytes[65535] ^= 1);
    global_changed => Global, ENTITIES,
        Fault::Global(GlobalAddr(0), |value| *value = flip(63)(*value));
    global_changed_at_events_alone => Global, ENTITIES,
        Fault::GlobalAtEvents(GlobalAddr(0), |value| *value = flip(63)(*value));
    table_element_changed => Table, ENTITIES,
        Fault::TableElement(TableAddr(0), 2, |element| {
            *element = Seen::Func(SeenFunc::Known(FuncAddr(7)));
        });

    // Events.
    event_skipped_in_a_loop => StepLost, LOOP, Fault::Skip(at("local.tee").nth(3));
    event_skipped_at_a_branch_back => StepLost, LOOP, Fault::Skip(at("br_if").nth(2));
    event_skipped_after_a_branch_back => StepLost, LOOP, Fault::Skip(at("i32.add").nth(2));
    event_skipped_at_a_call => StepLost, CALLS, Fault::Skip(at("call"));
    event_skipped_at_a_call_of_a_callee => StepLost, CALLS, Fault::Skip(at("call").nth(2));
    event_skipped_at_function_entry => StepLost, CALLS, Fault::Skip(at("local.get").nth(2));
    // From 44 on a caller shows the opcode behind its call: as if a frame were missing.
    event_skipped_at_function_end => StepLost, CALLS.before(44),
        Fault::Skip(at("end"));
    event_skipped_at_call_indirect => StepLost, CALL_INDIRECT, Fault::Skip(at("call_indirect"));
    event_skipped_before_a_host_call => StepLost, HOST_CALL, Fault::Skip(at("call"));
    event_skipped_before_a_trap => StepLost, TRAP, Fault::Skip(at("i32.div_u"));
    event_skipped_in_a_start_function => StepLost, START, Fault::Skip(at("i32.add"));
    events_of_a_function_skipped => StepLost, CALLS.before(44),
        Fault::SkipFunction(FuncIndex(2));
    event_skipped_at_function_end_since_44 => FrameCount, CALLS.since(44),
        Fault::Skip(at("end"));
    events_of_a_function_skipped_since_44 => FrameCount, CALLS.since(44),
        Fault::SkipFunction(FuncIndex(2));
    last_event_skipped => StepLost, ARITHMETIC, Fault::Skip(at("end"));
    event_twice_in_a_loop => StepSpurious, LOOP, Fault::Twice(at("br_if").nth(3));
    event_twice_at_a_call => StepSpurious, CALLS, Fault::Twice(at("call"));
    event_twice_at_function_end => StepSpurious, CALLS, Fault::Twice(at("end"));
    event_twice_before_a_host_call => StepSpurious, HOST_CALL, Fault::Twice(at("call"));
    event_twice_before_a_trap => StepSpurious, TRAP, Fault::Twice(at("i32.div_u"));
    last_event_twice => StepSpurious, ARITHMETIC, Fault::Twice(at("end"));
    breakpoint_unlisted => EditBreakpoints, MODULE,
        Fault::EditState(|_, listed| listed.push((0, 0)));

    // What the specification leaves open: within that, a lie is seen.
    growth_that_succeeded_said_to_fail => OperandValue, GROWTH,
        Fault::Stack(at("drop"), |stack, _| top(stack, |_| Seen::I32(u32::MAX)));
    memory_smaller_than_it_grew => Memory, GROWTH,
        Fault::Memory(MemAddr(0), |bytes| bytes.truncate(0x10000));
    table_smaller_than_it_grew => Table, GROWTH, Fault::TableSize(TableAddr(0), |size| *size = 1);
    trap_of_another_reason => TrapEvent, UNALIGNED,
        Fault::Trap(|trap| *trap = SeenTrap::Wasm(Trap::OutOfBoundsMemoryAccess));
    fuel_out_where_none_is_consumed => TrapEvent, TRAP,
        Fault::Trap(|trap| *trap = SeenTrap::OutOfFuel);

    // Frames.
    pc_off_by_one_instruction_backwards => FramePc, ARITHMETIC,
        Fault::Stack(at("i32.sub"), |stack, code| {
            let place = &mut innermost(stack).place;
            place.pc = code.previous(place.pc);
        });
    pc_between_opcodes => FramePc, ARITHMETIC,
        Fault::Stack(at("i32.const"), |stack, _| innermost(stack).place.pc.0 += 1);
    innermost_frame_missing => FrameCount, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| drop(stack.frames.remove(0)));
    outermost_frame_missing => FrameCount, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| drop(stack.frames.pop()));
    frame_missing_at_a_host_call => FrameCount, REENTRY,
        Fault::Stack(when(Moment::HostCall), |stack, _| drop(stack.frames.pop()));
    outer_activation_missing => FrameCount, REENTRY,
        Fault::Stack(at("i32.mul"), |stack, _| stack.frames.truncate(2));
    frame_added_outside => FrameCount, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| stack.frames.push(stack.frames[2].clone()));
    frame_added_inside => FrameCount, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| stack.frames.insert(1, stack.frames[1].clone()));
    innermost_frame_twice => FrameCount, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| stack.frames.insert(0, stack.frames[0].clone()));
    outer_frames_swapped => FrameOrder, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| stack.frames.swap(1, 2));
    frames_reversed => FrameOrder, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| stack.frames.reverse());
    activation_invented => FrameActivation, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| stack.frames[1].boundary = Boundary::Host);
    wrong_instance_in_a_caller => FrameInstance, INSTANCES,
        Fault::Stack(at("i32.add"), |stack, _| stack.frames[1].place.instance = Some(InstanceAddr(2)));
    instance_unknown => FrameInstance, INSTANCES,
        Fault::Stack(at("i32.eqz"), |stack, _| innermost(stack).place.instance = None);
    wrong_module_in_a_caller => FrameModule, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| stack.frames[2].place.module_agrees = false);
    wrong_function_in_a_caller => FrameFunction, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| stack.frames[2].place.func = Some(FuncIndex(1)));
    function_unknown => FrameFunction, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| innermost(stack).place.func = None);
    caller_pc_moved_at_a_trap => FrameCallerPc, TRAP,
        Fault::Stack(when(Moment::Trap), |stack, code| {
            let place = &mut stack.frames[1].place;
            place.pc = code.next(place.pc);
        });

    // Locals.
    local_added => LocalCount, ARITHMETIC,
        Fault::Stack(at("i32.sub"), |stack, _| innermost(stack).locals.push(Some(Seen::I32(0))));
    callers_local_wrong => LocalValue, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| {
            stack.frames[2].locals[0] = Some(Seen::I32(5));
        });
    local_wrong_at_a_host_call => LocalValue, HOST_CALL,
        Fault::Stack(when(Moment::HostCall), |stack, _| last_local(stack, flip(31)));
    local_wrong_at_a_trap => LocalValue, TRAP,
        Fault::Stack(when(Moment::Trap), |stack, _| last_local(stack, flip(31)));
    local_wrong_at_a_host_failure => LocalValue, HOST_FAILURE,
        Fault::Stack(when(Moment::HostcallError), |stack, _| last_local(stack, flip(31)));
    operand_wrong_in_a_start_function => OperandValue, START,
        Fault::Stack(at("i32.add"), |stack, _| top(stack, flip(2)));
    nan_payload_of_an_f32_local => LocalValue, FLOATS,
        Fault::Stack(at("drop"), |stack, _| local(stack, 0, flip(0)));
    nan_payload_of_an_f64_local => LocalValue, FLOATS,
        Fault::Stack(at("drop"), |stack, _| local(stack, 1, flip(0)));
    nan_quieted => LocalValue, FLOATS,
        Fault::Stack(at("drop"), |stack, _| local(stack, 0, flip(22)));
    sign_of_zero => LocalValue, FLOATS,
        Fault::Stack(at("drop"), |stack, _| local(stack, 2, flip(63)));
    high_half_of_a_v128_local => LocalValue, VECTORS,
        Fault::Stack(at("i64x2.add"), |stack, _| last_local(stack, low_half));
    low_half_of_a_v128_local => LocalValue, VECTORS,
        Fault::Stack(at("i64x2.add"), |stack, _| last_local(stack, high_half));
    i64_local_truncated => LocalValue, ARITHMETIC,
        Fault::Stack(at("i32.sub"), |stack, _| local(stack, 1, truncated));
    funcref_local_null => LocalValue, REFERENCES,
        Fault::Stack(at("drop"), |stack, _| local(stack, 1, |_| Seen::Func(SeenFunc::Null)));
    funcref_local_another => LocalValue, REFERENCES,
        Fault::Stack(at("drop"), |stack, _| local(stack, 1, another_function));
    funcref_local_unknown => LocalValue, REFERENCES,
        Fault::Stack(at("drop"), |stack, _| local(stack, 1, |_| Seen::Func(SeenFunc::Unknown(8))));
    funcref_shown_as_externref => LocalType, REFERENCES,
        Fault::Stack(at("drop"), |stack, _| local(stack, 1, |_| Seen::Extern(None)));
    externref_local_null => LocalValue, REFERENCES,
        Fault::Stack(at("drop"), |stack, _| local(stack, 0, |_| Seen::Extern(None)));
    externref_local_another => LocalValue, REFERENCES,
        Fault::Stack(at("drop"), |stack, _| {
            local(stack, 0, |_| Seen::Extern(Some(SeenExtern::Number(8))));
        });

    // Operands.
    operands_of_two_types_swapped => OperandType, ARITHMETIC,
        Fault::Stack(at("i64.extend_i32_u"), |stack, _| innermost(stack).operands.swap(0, 1));
    bottom_of_stack_missing => OperandCount, ARITHMETIC,
        Fault::Stack(at("i32.sub"), |stack, _| {
            innermost(stack).operands.remove(0);
        });
    operand_added => OperandCount, ARITHMETIC,
        Fault::Stack(at("i32.sub"), |stack, _| innermost(stack).operands.push(Some(Seen::I32(0))));
    result_wrong_at_function_end => OperandValue, CALLS,
        Fault::Stack(at("end"), |stack, _| top(stack, flip(0)));
    callers_operand_wrong => OperandValue, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| {
            stack.frames[2].operands[0] = Some(Seen::I32(8));
        });
    callers_argument_wrong => OperandValue, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| {
            stack.frames[1].operands[0] = Some(Seen::I32(8));
        });
    caller_operand_added => CallerOperands, CALLS,
        Fault::Stack(at("i32.mul"), |stack, _| stack.frames[1].operands.push(Some(Seen::I32(0))));
    table_index_still_there => CallerOperands, CALL_INDIRECT,
        Fault::Stack(at("i32.add"), |stack, _| stack.frames[1].operands.push(Some(Seen::I32(0))));
    nan_payload_of_an_f32_operand => OperandValue, FLOATS,
        Fault::Stack(at("drop").nth(2), |stack, _| top(stack, flip(0)));
    nan_payload_of_an_f64_operand => OperandValue, FLOATS,
        Fault::Stack(at("drop"), |stack, _| top(stack, flip(0)));
    sign_of_zero_of_an_operand => OperandValue, FLOATS,
        Fault::Stack(at("end"), |stack, _| top(stack, flip(63)));
    high_half_of_a_v128_operand => OperandValue, VECTORS,
        Fault::Stack(at("i64x2.add"), |stack, _| top(stack, low_half));
    low_half_of_a_v128_operand => OperandValue, VECTORS,
        Fault::Stack(at("i64x2.add"), |stack, _| top(stack, high_half));
    i64_operand_truncated => OperandValue, ARITHMETIC,
        Fault::Stack(at("i64.sub"), |stack, _| {
            let operand = innermost(stack).operands[0].as_mut().unwrap();
            *operand = truncated(*operand);
        });
    funcref_operand_null => OperandValue, REFERENCES,
        Fault::Stack(at("drop"), |stack, _| top(stack, |_| Seen::Func(SeenFunc::Null)));
    funcref_operand_another => OperandValue, REFERENCES,
        Fault::Stack(at("drop"), |stack, _| top(stack, another_function));
    externref_operand_another => OperandValue, REFERENCES,
        Fault::Stack(at("end"), |stack, _| {
            top(stack, |_| Seen::Extern(Some(SeenExtern::Number(8))));
        });

    // Objects and exceptions; the first rows of these carry the names that the contract's table gives.
    null_for_an_object => RefNull, OBJECTS,
        Fault::Stack(at("nop"), |stack, _| local(stack, 0, |_| NULL));
    scalar_for_a_structure => RefKind, OBJECTS,
        Fault::Stack(at("nop"), |stack, _| {
            local(stack, 0, |_| Seen::Ref(Hierarchy::Any, SeenRef::I31(5)));
        });
    object_of_another_type => RefType, OBJECTS,
        Fault::Stack(at("nop"), |stack, _| local(stack, 0, object(|object| object.ty += 1)));
    objects_swapped => RefIdentity, OBJECTS,
        Fault::Stack(at("nop"), |stack, _| innermost(stack).locals.swap(0, 1));
    another_object_of_the_same_content => RefIdentity, OBJECTS,
        Fault::Stack(at("nop"), |stack, _| local(stack, 0, object(|object| object.key ^= 1)));
    stale_object => RefContent, COLLECTED,
        Fault::Stack(when(Moment::Collection).nth(12), |stack, _| {
            let slot = innermost(stack).locals[0].and_then(Seen::object).map(|object| object.slot);
            let copy = slot.and_then(|slot| stack.objects.get_mut(&slot)).unwrap();
            copy.fields[0] = Seen::I32(9);
        });
    field_of_an_object_wrong => RefContent, OBJECTS,
        Fault::Stack(at("nop"), |stack, _| {
            stack.objects.values_mut().for_each(|copy| copy.fields[0] = Seen::I32(9));
        });
    structure_shown_as_externref => LocalType, OBJECTS,
        Fault::Stack(at("nop"), |stack, _| local(stack, 0, |_| Seen::Extern(None)));
    collection_refused => Collect, COLLECTED,
        Fault::Collection(|refused| *refused = Some("no".to_owned()));
    kept_object_lost => Kept, COLLECTED, Fault::Handle(|held| *held = NULL);
    kept_object_of_another_type => Kept, COLLECTED,
        Fault::Handle(|held| *held = object(|object| object.ty += 1)(*held));
    kept_object_is_another => Kept, COLLECTED,
        Fault::Handle(|held| *held = object(|object| object.key ^= 1)(*held));
    kept_object_is_empty => Kept, COLLECTED,
        Fault::Handle(|held| *held = object(|object| object.slot = u32::MAX)(*held));
    rooted_object_lost => Kept, COLLECTED, Fault::Root(|held| *held = NULL);
    rooted_object_is_another => Kept, COLLECTED,
        Fault::Root(|held| *held = object(|object| object.key ^= 1)(*held));
    exception_event_lost => ThrowEvent, EXCEPTION, Fault::Skip(when(Moment::Throw));
    exception_event_twice => ThrowEvent, EXCEPTION, Fault::Twice(when(Moment::Throw));
    exception_told_as_caught => ThrowEvent, EXCEPTION,
        Fault::Throw(|throw| throw.caught = Some(true));
    exception_of_another_tag => ThrowEvent, EXCEPTION,
        Fault::Throw(|throw| throw.exception.tag = Some(TagAddr(1)));
    exception_payload_changed => ThrowEvent, EXCEPTION,
        Fault::Throw(|throw| throw.exception.payload = vec![Seen::I32(4)]);
    exception_lost => Outcome, EXCEPTION,
        Fault::Outcome(|outcome| *outcome = Outcome::Returned(Vec::new()));

    // Traps and host functions.
    trap_event_lost => TrapEvent, TRAP, Fault::Skip(when(Moment::Trap));
    trap_event_twice => TrapEvent, TRAP, Fault::Twice(when(Moment::Trap));
    trap_pc_between_opcodes => TrapPc, TRAP,
        Fault::Stack(when(Moment::Trap), |stack, _| innermost(stack).place.pc.0 += 100_000);
    trap_frame_missing => FrameCount, TRAP,
        Fault::Stack(when(Moment::Trap), |stack, _| drop(stack.frames.pop()));
    host_error_changed => HostErrorEvent, HOST_FAILURE,
        Fault::HostError(|error| *error = Ok(HostFailure::Call(9)));
    host_error_unknown => HostErrorEvent, HOST_FAILURE,
        Fault::HostError(|error| *error = Err("another error".to_owned()));
    host_error_twice => HostErrorEvent, HOST_FAILURE, Fault::Twice(when(Moment::HostcallError));
    host_argument_missing => HostCall, HOST_CALL, Fault::HostArgs(|args| {
            args.pop();
        });

    byte_that_the_host_wrote_is_another => Memory, HOST_WRITE,
        Fault::HostWrite(|bytes| bytes[1] ^= 1);

    trap_told_as_a_host_error_changed => TrapEvent, TABLE_TRAP,
        Fault::Trap(|trap| *trap = SeenTrap::Wasm(Trap::IntegerOverflow));

    // Beside what the ledger explains.
    trap_pc_not_the_one_of_an_earlier_trap => TrapPc, TRAPS,
        Fault::Stack(when(Moment::Trap).nth(2), |stack, code| {
            let place = &mut innermost(stack).place;
            place.pc = code.previous(place.pc);
        });
    operand_wrong_above_a_shown_parameter => OperandValue, IF_PARAMS,
        Fault::Stack(at("f32.neg"), |stack, _| top(stack, flip(0)));
    operand_missing_above_a_shown_parameter => OperandCount, IF_PARAMS,
        Fault::Stack(at("f32.neg"), |stack, _| innermost(stack).operands.clear());
    operand_added_above_a_shown_parameter => OperandCount, IF_PARAMS,
        Fault::Stack(at("f32.neg"), |stack, _| innermost(stack).operands.push(Some(Seen::I32(5))));

    // At an opcode that changes no value, a lost or repeated event looks the same as a wrong PC.
    event_skipped_at_a_nop => FramePc, NOP, Fault::Skip(at("nop"));
    event_twice_at_a_nop => FramePc, NOP, Fault::Twice(at("nop"));

    // Ends.
    trap_changed => Outcome, TRAP, Fault::Outcome(|outcome| {
        if matches!(outcome, Outcome::Trapped(_)) {
            *outcome = Outcome::Trapped(SeenTrap::Wasm(Trap::Unreachable));
        }
    });
    trap_invented => Outcome, ARITHMETIC,
        Fault::Outcome(|outcome| *outcome = Outcome::Trapped(SeenTrap::Wasm(Trap::Unreachable)));
    overflow_invented => Outcome, ARITHMETIC,
        Fault::Outcome(|outcome| *outcome = Outcome::Trapped(SeenTrap::StackOverflow));
    host_failure_lost => Outcome, HOST_FAILURE,
        Fault::Outcome(|outcome| *outcome = Outcome::Returned(Vec::new()));
    trap_in_a_start_function_lost => Outcome, START_TRAPS,
        Fault::Instantiation(|outcome| *outcome = Outcome::Returned(Vec::new()));
    result_missing => Values, ARITHMETIC,
        Fault::Outcome(|outcome| *outcome = Outcome::Returned(Vec::new()));
    result_of_a_reentry_changed => Values, REENTRY, Fault::Outcome(|outcome| {
        if *outcome == Outcome::Returned(vec![Seen::I32(30)]) {
            *outcome = Outcome::Returned(vec![Seen::I32(31)]);
        }
    });
    invalid_module_compiles => Instantiate, INVALID, Fault::Compiles(|compiles| *compiles = Ok(()));
    unlinkable_module_links => Instantiate, UNLINKABLE,
        Fault::Instantiation(|outcome| *outcome = Outcome::Returned(Vec::new()));
    subject_panics_while_compiling => Panic, INVALID,
        Fault::Compiles(|compiles| *compiles = Err(Outcome::Panicked("a lie".to_owned())));
    subject_panics_in_a_host_call => Panic, HOST_CALL, Fault::Panic(when(Moment::HostCall));
    subject_panics_in_a_start_function => Panic, START, Fault::Panic(at("i32.add"));

    // Entities.
    memory_byte_lost => Memory, ENTITIES, Fault::Memory(MemAddr(0), |bytes| bytes[8] = 0);
    memory_size_changed => Memory, ENTITIES,
        Fault::Memory(MemAddr(0), |bytes| bytes.extend([0; 65536]));
    memory_pages_changed => Memory, ENTITIES, Fault::MemoryPages(|pages| pages.0 += 1);
    memory_page_size_changed => Memory, ENTITIES, Fault::MemoryPages(|pages| pages.1 = 1);
    funcref_global_null => Global, ENTITIES,
        Fault::Global(GlobalAddr(1), |value| *value = Seen::Func(SeenFunc::Null));
    global_type_changed => Global, ENTITIES,
        Fault::Global(GlobalAddr(0), |value| *value = Seen::F64(2));
    table_element_null => Table, ENTITIES,
        Fault::TableElement(TableAddr(0), 1, |element| *element = Seen::Func(SeenFunc::Null));
    table_size_changed => Table, ENTITIES, Fault::TableSize(TableAddr(0), |size| *size = 2);
}

/// The one rule that no case can break: its observation is a probe's.
#[test]
fn late_module_stepped() {
    // A row that looks at the process's code must not see the probe's come or go.
    let _alone = edits::ALONE.lock();
    let expected = probe::late_module().unwrap().expected;
    let check = |events: &[Pc]| {
        LateModule {
            subject: Version::default(),
            expected: expected.clone(),
            events: events.into(),
        }
        .check()
    };
    assert!(check(&expected).is_none());
    let event_lost = check(&expected[1..]).unwrap();
    let event_twice = check(&[&expected[..1], &expected].concat()).unwrap();
    let half_way = check(&expected[..1]).unwrap();
    for divergence in [event_lost, event_twice, half_way] {
        assert_eq!(
            (divergence.rule, divergence.known),
            (RuleId::StepInstantiate, None)
        );
    }
}

/// Rules that no fault layer can break, and the source of the test that makes each fire.
const ELSEWHERE: &[(&str, RuleId, &str)] = &[
    (
        "late_module_stepped",
        RuleId::StepInstantiate,
        include_str!("main.rs"),
    ),
    (
        "subject_segfaults",
        RuleId::Crash,
        include_str!("../program/workers.rs"),
    ),
    (
        "subject_hangs",
        RuleId::Hang,
        include_str!("../program/workers.rs"),
    ),
    (
        "subject_takes_memory",
        RuleId::MemoryLimit,
        include_str!("../program/workers.rs"),
    ),
    (
        "configuration_accepted",
        RuleId::Refusal,
        include_str!("../../../core/src/case/executions.rs"),
    ),
];

/// Every rule has the row that the contract names.
#[test]
fn every_rule_has_the_row_that_its_table_names() {
    let mut rows: Vec<(&str, RuleId)> = [
        ROWS,
        actions::ROWS,
        edits::ROWS,
        events::ROWS,
        beside::ROWS,
        order::ROWS,
        refusals::ROWS,
    ]
    .concat();
    for &(name, rule, source) in ELSEWHERE {
        let test = format!("#[test]\n{}fn {name}()", indentation(source, name));
        assert!(source.contains(&test), "{rule}: no test `{name}`");
        rows.push((name, rule));
    }
    for rule in RuleId::ALL {
        let name = rule.rule().fires_in;
        assert!(rows.contains(&(name, *rule)), "{rule}: no row `{name}`");
    }
    let covered: BTreeSet<RuleId> = rows.iter().map(|(_, rule)| *rule).collect();
    assert_eq!(covered, RuleId::ALL.iter().copied().collect());
}

/// What stands before a function of this name.
fn indentation<'a>(source: &'a str, name: &str) -> &'a str {
    let at = source.find(&format!("fn {name}()")).unwrap_or(0);
    let line = source[..at].rfind('\n').map_or(0, |end| end + 1);
    &source[line..at]
}

/// The collectors of every subject.
fn collectors() -> Vec<(Version, Collector)> {
    let pairs = linked().into_iter().flat_map(|version| {
        let collectors = version.conventions().collectors.iter();
        collectors.map(move |&collector| (version, collector))
    });
    pairs.collect()
}

fn on(program: Program, (subject, collector): (Version, Collector)) -> (Script, CaseOptions) {
    let mut options = program.options();
    options.settings.subject = subject;
    options.settings.configuration.collector = collector;
    (program.script(), options)
}

/// Whatever the collector does, what only handles hold is as it was.
#[test]
fn what_only_handles_hold_stays_alive() {
    for collected in collectors() {
        let (script, options) = on(RELEASED, collected);
        let report = run(&script, &options).unwrap();
        assert!(report.divergences.is_empty(), "{report:#?}");
        let Tally {
            collections,
            handles,
            ..
        } = report.tally;
        assert!(collections > 10 && handles > 4 * collections, "{report:#?}");
    }
}

/// An object that a handle holds is the same one behind a collection, even where objects move.
#[test]
fn another_object_behind_a_collection_is_seen_whatever_moves() {
    const LIES: [Fault; 3] = [
        Fault::Stack(when(Moment::Collection).nth(12), |stack, _| {
            innermost(stack).locals.swap(0, 1);
        }),
        Fault::Stack(when(Moment::Collection).nth(12), |stack, _| {
            local(stack, 0, object(|object| object.key ^= 1));
        }),
        Fault::Stack(at("nop"), |stack, _| innermost(stack).locals.swap(0, 1)),
    ];
    for collected in collectors() {
        for fault in LIES {
            let (script, options) = on(COLLECTED, collected);
            let report = run_with(&script, &options, Lie::new(fault, &script).0, None).unwrap();
            let fired = rules(&report, Execution::Instrumented);
            assert_eq!(fired, BTreeSet::from([RuleId::RefIdentity]), "{report:#?}");
        }
    }
}

/// The policy that compares one frame has a path of its own: the same rules fire on it.
#[test]
fn comparing_the_innermost_frame_alone_sees_its_faults() {
    const WRONG_LOCAL: Fault = Fault::Stack(at("i32.mul"), |stack, _| last_local(stack, flip(0)));
    const WRONG_OPERAND: Fault = Fault::Stack(at("i32.mul"), |stack, _| top(stack, flip(0)));
    const WRONG_PC: Fault = Fault::Stack(at("i32.mul"), |stack, code| {
        let place = &mut innermost(stack).place;
        place.pc = code.next(place.pc);
    });
    const NO_FRAME: Fault = Fault::Stack(at("i32.mul"), |stack, _| stack.frames.clear());
    const WRONG_CALLER: Fault =
        Fault::Stack(at("i32.mul"), |stack, _| stack.frames[1].operands.clear());
    let faults = [
        (WRONG_LOCAL, Some(RuleId::LocalValue)),
        (WRONG_OPERAND, Some(RuleId::OperandValue)),
        (WRONG_PC, Some(RuleId::FramePc)),
        (NO_FRAME, Some(RuleId::FrameCount)),
        (Fault::Skip(at("local.get").nth(3)), Some(RuleId::StepLost)),
        (Fault::Twice(at("call")), Some(RuleId::StepSpurious)),
        (WRONG_CALLER, None),
    ];
    let mut options = CALLS.options();
    options.settings.frames = FramePolicy::Innermost;
    for (fault, rule) in faults {
        let script = CALLS.script();
        let report = run_with(&script, &options, Lie::new(fault, &script).0, None).unwrap();
        let fired = rules(&report, Execution::Instrumented);
        assert_eq!(
            fired,
            rule.into_iter().collect(),
            "{:#?}",
            report.divergences
        );
    }
}

/// Looking at the stack through the fault layer changes nothing by itself.
#[test]
fn a_copied_stack_is_as_good_as_the_real_one() {
    let fault = Fault::Stack(at("i32.mul"), no_change);
    let (script, options) = (CALLS.script(), CALLS.options());
    let copied = run_with(&script, &options, Lie::new(fault, &script).0, None).unwrap();
    let real = run(&script, &options).unwrap();
    assert_eq!(format!("{copied:?}"), format!("{real:?}"));
}
