//! The rows about what the debugger does beside edits: what it writes, keeps and asks the store for.

use super::lie::{Fault, Lie, at, when};
use super::programs::*;
use super::rows::{Told, fires, rules};
use super::stacks::innermost;
use lockstep::case::{CaseReport, Status, run, run_with};
use lockstep::causes::Cause;
use lockstep::divergence::{Execution, Moment};
use lockstep::fault::low_bit;
use lockstep::lockstep::accessors::{Accessed, Accessor};
use lockstep::lockstep::held_frame::HeldFrame;
use lockstep::lockstep::items::{Items, ListedInstance, ListedModule};
use lockstep::outcome::Outcome;
use lockstep::rules::RuleId;
use lockstep::schedule::action::{Act, Action};
use lockstep::schedule::{Schedule, When};
use lockstep::seen::{Seen, SeenFunc};
use lockstep::version::Version;
use lockstep_oracles::address::{FuncAddr, GlobalAddr, InstanceAddr, MemAddr, TableAddr};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

/// Single-step, and these actions.
fn acting<const N: usize>(actions: [(When, &str); N]) -> Schedule {
    let act = |(when, text): (When, &str)| Act {
        when,
        action: Action::read(text).expect("an action"),
    };
    Schedule {
        actions: actions.into_iter().map(act).collect(),
        ..Schedule::default()
    }
}

/// A handle of the first event's frame: with `HOST_CALL` a host function returns later.
fn holding() -> Schedule {
    acting([(When::Event(1), "hold frame")])
}

/// Before the last call of [`LINKED_ENTITIES`] everything is there.
fn listing() -> Schedule {
    acting([(When::Step(0), "list items")])
}

/// The only module, before it is instantiated.
fn registering() -> Schedule {
    acting([(When::Start, "register module 0")])
}

/// The only module again, at an event, and then what the store lists.
fn instantiating() -> Schedule {
    acting([
        (When::Event(2), "instantiate 0"),
        (When::Event(3), "list items"),
    ])
}

/// The same in a host function, and between calls.
fn instantiating_elsewhere() -> Schedule {
    acting([
        (When::HostCall(1), "instantiate 0"),
        (When::Step(0), "instantiate 0"),
    ])
}

fn writing_a_global() -> Schedule {
    acting([(When::Event(2), "write global 0:0 0x2a")])
}

fn writing_memory() -> Schedule {
    acting([(When::Event(2), "write memory 0:0 0x100 0x7f")])
}

fn writing_an_element() -> Schedule {
    acting([(When::Event(2), "write element 0:0 2 0")])
}

fn writing_a_field() -> Schedule {
    acting([(When::Event(5), "write field 0 0 0x2a")])
}

/// The second handle is to the structure of the other type.
fn writing_what_is_not_mutable() -> Schedule {
    acting([(When::Event(12), "write field 1 0 0x2a")])
}

fn writing_from_the_host() -> Schedule {
    acting([(When::HostCall(1), "write global 0:0 0x2a")])
}

/// A host call, and a global that changes.
const HOST_AND_GLOBAL: Program = Program::new(
    r#"(module
         (import "env" "h" (func (param i32 i64) (result i32)))
         (global (mut i32) (i32.const 1))
         (func (export "go") (result i32)
           i32.const 4  i64.const 8  call 0  drop  global.get 0))
       (invoke "go")"#,
);

/// The only call is dropped behind its `global.set`.
fn dropping() -> Schedule {
    acting([(When::Event(3), "drop call")])
}

/// A handler takes the place of the first before the only call.
fn replacing() -> Schedule {
    acting([(When::Step(0), "set handler")])
}

/// What has no event, with or without a handler.
const NO_CODE: Program = Program::new(
    r#"(module (import "env" "h" (func)) (export "go" (func 0)))
       (invoke "go")"#,
);

/// There is none from the start, and then one.
fn setting_late() -> Schedule {
    acting([
        (When::Start, "clear handler"),
        (When::Step(0), "set handler"),
    ])
}

/// Another store is visited behind the first opcode.
fn visiting() -> Schedule {
    acting([(When::Event(2), "visit store")])
}

/// The same in a host function.
fn visiting_in_a_host_function() -> Schedule {
    acting([(When::HostCall(1), "visit store")])
}

/// There is none when the only call comes.
fn clearing() -> Schedule {
    acting([(When::Step(0), "clear handler")])
}

/// A call that changes a global and goes on.
const DROPPED: Program = Program::new(
    r#"(module
         (global (mut i32) (i32.const 1))
         (func (export "go") i32.const 7  global.set 0  nop  nop))
       (invoke "go")"#,
)
.under(dropping);

/// Another function is called at the first event of the only call, and one more at the first of that.
fn calling() -> Schedule {
    acting([
        (When::Event(1), "call function 0:1"),
        (When::Event(2), "call function 0:2"),
    ])
}

/// Functions that are called by the debugger alone, but for the first.
const CALLED: Program = Program::new(
    r#"(module
         (global (mut i32) (i32.const 1))
         (func (export "go") (param i32) (result i32)  local.get 0  global.get 0  i32.add)
         (func (param i64) (result i64)  i32.const 7  global.set 0  local.get 0  i64.eqz  drop  i64.const 9)
         (func (result i32)  i32.const 3  i32.clz  i32.popcnt))
       (invoke "go" (i32.const 5))"#,
)
.under(calling);

/// The handler panics behind its event.
fn panicking() -> Schedule {
    acting([(When::Event(3), "panic handler")])
}

/// The same as [`DROPPED`], by a panic.
const PANICKED: Program = Program::new(
    r#"(module
         (global (mut i32) (i32.const 1))
         (func (export "go") i32.const 7  global.set 0  nop  nop))
       (invoke "go")"#,
)
.under(panicking);

fn holding_an_exception() -> Schedule {
    acting([(When::Throw(1), "hold exception")])
}

fn replacing_an_exception() -> Schedule {
    acting([(When::Throw(1), "replace exception 0")])
}

fn taking_an_exception() -> Schedule {
    acting([(When::Throw(1), "take exception")])
}

/// An exception that nothing catches.
const ESCAPING: Program =
    Program::new(r#"(module (tag) (func (export "go") throw 0)) (invoke "go")"#);

/// A caught exception, and its payload.
const CAUGHT: Program = Program::new(
    r#"(module
         (tag (param i32))
         (func (export "go") (result i32)
           block (result i32)
             try_table (result i32) (catch 0 0)  i32.const 42  throw 0  end
           end))
       (invoke "go")"#,
);

/// Another function is called where the program is unwound, which ends by itself as the program does.
fn calling_at_a_throw() -> Schedule {
    acting([(When::Throw(1), "call function 0:1")])
}

fn calling_at_a_trap() -> Schedule {
    acting([(When::Trap(1), "call function 0:2")])
}

fn calling_at_a_host_error() -> Schedule {
    acting([(When::HostError(1), "call function 0:1")])
}

fn writing_at_a_trap() -> Schedule {
    acting([(When::Trap(1), "write global 0:0 0x2a")])
}

/// An exception that is caught; another function throws none.
const THROWING: Program = Program::new(
    r#"(module
         (tag (param i32))
         (func (export "go") (param i32) (result i32)
           block (result i32)
             try_table (result i32) (catch 0 0)  local.get 0  throw 0  end
           end)
         (func (result i32)  i32.const 3  i32.clz))
       (invoke "go" (i32.const 5))"#,
);

/// A trap behind a call, and a global that is read later.
const TRAPPING: Program = Program::new(
    r#"(module
         (global (mut i32) (i32.const 1))
         (func (export "go") (param i32)  i32.const 8  local.get 0  call 1  i32.add  drop)
         (func (param i32) (result i32)  local.get 0  i32.const 0  i32.div_u)
         (func (export "get") (result i32)  global.get 0))
       (assert_trap (invoke "go" (i32.const 6)) "integer divide by zero")
       (invoke "get")"#,
);

fn instances(items: &mut Items, change: fn(&mut Vec<ListedInstance>)) {
    items.instances.iter_mut().for_each(change);
}

fn modules(items: &mut Items, change: fn(&mut Vec<ListedModule>)) {
    items.modules.iter_mut().for_each(change);
}

faults! {
    // The rows that the contract names.
    frame_handle_stale_at_its_event => FrameHandle,
        ARITHMETIC.under(holding).since(43),
        Fault::HeldFrame(|held| *held = HeldFrame::Stale { answers: Vec::new() });
    frame_handle_valid_in_another_store => FrameHandle,
        ARITHMETIC.under(holding).since(43),
        Fault::HeldFrame(|held| *held = HeldFrame::Foreign);
    stale_frame_handle_answers => StaleHandle, HOST_CALL.under(holding).since(43),
        Fault::HeldFrame(|held| {
            if let HeldFrame::Stale { answers } = held { answers.push("local") }
        });
    write_refused => Write, ENTITIES.under(writing_a_global),
        Fault::Wrote(|made| *made = Err("a lie".to_owned()));
    handler_lost => HandlerKept, NO_CODE.under(replacing),
        Fault::Handlers(|handlers| handlers.last = false);
    cleared_handler_kept => HandlerDropped, ARITHMETIC.under(clearing),
        Fault::Handlers(|handlers| handlers.last = true);
    event_to_another_handler => HandlerEvent, ARITHMETIC.under(replacing),
        Fault::HandledBy(|handler| *handler = 0);
    no_editing_session => GuestDebug, LINKED_ENTITIES.under(listing),
        Fault::Items(|items| items.edits = false);
    instance_not_listed => Instances, LINKED_ENTITIES.under(listing).since(43),
        Fault::Items(|items| instances(items, |listed| listed.truncate(listed.len() - 1)));
    instance_index_changed => InstanceIndex,
        LINKED_ENTITIES.under(listing).since(43),
        Fault::Items(|items| instances(items, |listed| listed.last_mut().unwrap().index = 0));
    module_not_listed => Modules, LINKED_ENTITIES.under(listing).since(43),
        Fault::Items(|items| modules(items, |listed| listed.truncate(listed.len() - 1)));
    registered_module_not_listed => Registered,
        ARITHMETIC.under(registering).since(43),
        Fault::Items(|items| modules(items, Vec::clear));
    one_index_for_two_modules => ModuleIndex,
        LINKED_ENTITIES.under(listing).since(43),
        Fault::Items(|items| {
            let first = items.own[0].index;
            items.own.iter_mut().for_each(|own| own.index = first);
            items.modules = None;
        });
    bytecode_changed => Bytecode, LINKED_ENTITIES.under(listing).since(43),
        Fault::Items(|items| *items.own[0].bytecode.as_mut().unwrap().last_mut().unwrap() ^= 1);

    // Others of the same rules.
    frames_of_the_program_shown_in_another_store => FrameCount, ARITHMETIC.under(visiting),
        Fault::OtherStore(|stack| {
            let outside = stack.frames[0].clone();
            stack.frames.push(outside);
        });
    frames_of_the_program_shown_in_another_store_of_a_host_function => FrameCount,
        HOST_CALL.under(visiting_in_a_host_function),
        Fault::OtherStore(|stack| {
            let outside = stack.frames[0].clone();
            stack.frames.push(outside);
        });
    frame_changed_behind_a_visit => LocalValue, CALLED.under(visiting),
        Fault::Stack(when(Moment::Action), |stack, _| {
            let local = &mut stack.frames[0].locals[0];
            *local = local.map(low_bit);
        });
    event_lost_in_a_call_of_the_debugger => StepLost, CALLED.under(calling),
        Fault::Skip(at("i64.eqz"));
    local_wrong_within_two_calls_of_the_debugger => OperandValue, CALLED.under(calling),
        Fault::Stack(at("i32.popcnt"), |stack, _| {
            let operand = &mut stack.frames[0].operands[0];
            *operand = operand.map(low_bit);
        });
    frames_outside_a_call_of_the_debugger_missing => FrameCount, CALLED.under(calling),
        Fault::Stack(at("i64.eqz"), |stack, _| stack.frames.truncate(1));
    frame_changed_behind_a_call_of_the_debugger => LocalValue, CALLED.under(calling),
        Fault::Stack(when(Moment::Action), |stack, _| {
            let local = &mut stack.frames[0].locals[0];
            *local = local.map(low_bit);
        });
    exception_not_pending_behind_a_call_at_its_event => ThrowEvent, THROWING.under(calling_at_a_throw),
        Fault::Pending(|pending| *pending = false);
    frame_changed_behind_a_call_at_a_throw => LocalValue, THROWING.under(calling_at_a_throw),
        Fault::Stack(when(Moment::Action), |stack, _| {
            let local = &mut stack.frames[0].locals[0];
            *local = local.map(low_bit);
        });
    throwing_frame_wrong_within_a_call_at_its_event => LocalValue, THROWING.under(calling_at_a_throw),
        Fault::Stack(at("i32.clz"), |stack, _| {
            let local = &mut stack.frames[1].locals[0];
            *local = local.map(low_bit);
        });
    frame_changed_behind_a_call_at_a_host_error => LocalValue, FAILING.under(calling_at_a_host_error),
        Fault::Stack(when(Moment::Action), |stack, _| {
            let local = &mut stack.frames[0].locals[0];
            *local = local.map(low_bit);
        });
    caller_changed_behind_a_call_at_a_trap => OperandValue,
        TRAPPING.under(calling_at_a_trap).since(44),
        Fault::Stack(when(Moment::Action), |stack, _| {
            let operand = &mut stack.frames[1].operands[0];
            *operand = operand.map(low_bit);
        });
    write_at_a_trap_refused => Write, TRAPPING.under(writing_at_a_trap),
        Fault::Wrote(|made| *made = Err("a lie".to_owned()));
    write_at_a_trap_lost => Values, TRAPPING.under(writing_at_a_trap),
        Fault::Outcome(|outcome| {
            if *outcome == Outcome::Returned(vec![Seen::I32(42)]) {
                *outcome = Outcome::Returned(vec![Seen::I32(1)]);
            }
        });
    instance_of_the_debugger_refused => Instantiate, ENTITIES.under(instantiating),
        Fault::InstantiatedAgain(|outcome| *outcome = Outcome::Unlinkable("a lie".to_owned()));
    instance_of_the_debugger_refused_elsewhere => Instantiate,
        HOST_AND_GLOBAL.under(instantiating_elsewhere),
        Fault::InstantiatedAgain(|outcome| *outcome = Outcome::Unlinkable("a lie".to_owned()));
    instance_of_the_debugger_not_listed => Instances,
        ENTITIES.under(instantiating).since(43),
        Fault::Items(|items| instances(items, |listed| listed.truncate(listed.len() - 1)));
    entity_of_an_instance_of_the_debugger_not_found => Access, ENTITIES.under(instantiating),
        Fault::Access(|instance, asked, accessed| {
            if (instance, asked) == (InstanceAddr(1), (Accessor::Global, 0)) {
                *accessed = Accessed::Nothing;
            }
        });
    frame_changed_behind_an_instance_of_the_debugger => OperandValue,
        ENTITIES.under(instantiating),
        Fault::Stack(when(Moment::Action), |stack, _| {
            let operand = &mut stack.frames[0].operands[0];
            *operand = operand.map(low_bit);
        });
    memory_changed_by_an_instance_of_the_debugger => Memory, ENTITIES.under(instantiating),
        Fault::Memory(MemAddr(1), |bytes| bytes[1] ^= 1);
    held_exception_of_another_payload => Kept, CAUGHT.under(holding_an_exception),
        Fault::HeldException(|seen| seen.payload[0] = low_bit(seen.payload[0]));
    exception_pending_behind_a_call => ThrowEvent, CAUGHT, Fault::Pending(|pending| *pending = true);
    exception_not_pending => ThrowEvent, CAUGHT, Fault::Throw(|seen| seen.pending = false);
    another_exception_taken => ThrowEvent, CAUGHT.under(replacing_an_exception),
        Fault::TakenException(|taken| {
            let payload = &mut taken.as_mut().unwrap().payload;
            payload[0] = low_bit(payload[0]);
        });
    nothing_to_take => ThrowEvent, ESCAPING.under(taking_an_exception),
        Fault::TakenException(|taken| *taken = None);
    exception_not_replaced => Values, CAUGHT.under(replacing_an_exception),
        Fault::Outcome(|outcome| *outcome = Outcome::Returned(vec![Seen::I32(42)]));
    taken_exception_caught => Outcome, ESCAPING.under(taking_an_exception),
        Fault::Outcome(|outcome| *outcome = Outcome::Returned(vec![]));
    replaced_handler_kept => HandlerDropped, ARITHMETIC.under(replacing),
        Fault::Handlers(|handlers| handlers.others = 1);
    event_to_no_handler_that_was_set => HandlerEvent, ARITHMETIC.under(setting_late),
        Fault::HandledBy(|handler| *handler = 1);
    result_without_a_handler => Values, ARITHMETIC.under(clearing),
        Fault::Outcome(|outcome| *outcome = Outcome::Returned(vec![Seen::I32(71)]));
    frame_handle_valid_behind_a_host_call => FrameHandle,
        HOST_CALL.under(holding).since(43),
        Fault::HeldFrame(|held| *held = HeldFrame::Valid);
    write_to_memory_refused => Write, ENTITIES.under(writing_memory),
        Fault::Wrote(|made| *made = Err("a lie".to_owned()));
    write_to_a_table_refused => Write, ENTITIES.under(writing_an_element),
        Fault::Wrote(|made| *made = Err("a lie".to_owned()));
    write_to_a_field_refused => Write, OBJECTS.under(writing_a_field),
        Fault::Wrote(|made| *made = Err("a lie".to_owned()));
    write_to_a_field_that_is_not_mutable => Write, OBJECTS.under(writing_what_is_not_mutable),
        Fault::Wrote(|made| {
            assert!(made.is_err());
            *made = Ok(());
        });
    written_field_is_another => RefContent, OBJECTS.under(writing_a_field),
        Fault::Stack(at("nop"), |stack, _| {
            let slot = innermost(stack).locals[0].and_then(Seen::object).map(|object| object.slot);
            let copy = slot.and_then(|slot| stack.objects.get_mut(&slot)).unwrap();
            assert_eq!(copy.fields[0], Seen::I32(42));
            copy.fields[0] = Seen::I32(1);
        });
    written_global_is_another => Global, ENTITIES.under(writing_a_global),
        Fault::Global(GlobalAddr(0), |value| *value = low_bit(*value));
    written_byte_is_another => Memory, ENTITIES.under(writing_memory),
        Fault::Memory(MemAddr(0), |bytes| bytes[0x100] = 0);
    written_element_is_another => Table, ENTITIES.under(writing_an_element),
        Fault::TableElement(TableAddr(0), 2, |element| {
            *element = Seen::Func(SeenFunc::Known(FuncAddr(0)));
        });
    write_from_a_host_function_refused => Write, HOST_AND_GLOBAL.under(writing_from_the_host),
        Fault::Wrote(|made| *made = Err("a lie".to_owned()));
    frames_where_nothing_runs => FrameCount, LINKED_ENTITIES.under(listing),
        Fault::Items(|items| items.frames = Some(1));
    no_list_of_breakpoints => GuestDebug, LINKED_ENTITIES.under(listing),
        Fault::Items(|items| items.breakpoints = false);
    unknown_instance_listed => Instances, LINKED_ENTITIES.under(listing).since(43),
        Fault::Items(|items| instances(items, |listed| {
            let mut other = listed[0];
            other.instance = None;
            other.index = listed.last().unwrap().index + 1;
            listed.push(other);
        }));
    unknown_module_listed => Modules, LINKED_ENTITIES.under(listing).since(43),
        Fault::Items(|items| modules(items, |listed| {
            let mut other = listed[0];
            other.module = None;
            listed.push(other);
        }));
    module_listed_twice => Modules, LINKED_ENTITIES.under(listing).since(43),
        Fault::Items(|items| modules(items, |listed| listed.push(listed[0])));
    module_not_registered => Registered, ARITHMETIC.under(registering).since(43),
        Fault::Registered(|registered| *registered = Err("a lie".to_owned()));
    registered_module_listed_twice => Modules,
        ARITHMETIC.under(registering).since(43),
        Fault::Items(|items| modules(items, |listed| listed.extend_from_within(..)));
    no_bytecode => Bytecode, LINKED_ENTITIES.under(listing).since(43),
        Fault::Items(|items| items.own[0].bytecode = None);
}

fn report(subject: Version, program: Program, fault: Fault) -> CaseReport {
    let (lie, told) = Lie::new(fault, &program.script());
    let options = program.options_on(subject);
    let report = run_with(&program.script(), &options, lie, None).unwrap();
    let told = told.load(Ordering::Relaxed);
    assert_ne!(told, 0, "the lie was never told");
    report
}

/// Two instances, the first of which imports a memory of the host's.
const IMPORTED: Program = Program::new(
    r#"(module (import "env" "m" (memory 1)) (func (export "go") nop))
       (module (func (export "go") nop))
       (invoke "go")"#,
)
.under(listing)
.since(43);

/// Just beside what the cause explains.
#[test]
fn an_index_that_is_another_instances_is_seen_beside_a_memory_of_the_hosts() {
    for subject in IMPORTED.subjects() {
        let options = IMPORTED.options_on(subject);
        let clean = run(&IMPORTED.script(), &options).unwrap();
        assert!(clean.divergences.is_empty(), "{clean:#?}");
        let known = clean.known.contains_key(&Cause::InstancePosition);
        assert!(known, "{clean:#?}");
        let same = Fault::Items(|items| {
            instances(items, |listed| listed[1].index = listed[0].index);
        });
        let report = report(subject, IMPORTED, same);
        let fired = rules(&report, Execution::Instrumented);
        let expected = BTreeSet::from([RuleId::InstanceIndex]);
        assert_eq!(fired, expected, "{report:#?}");
    }
}

/// A panic in the handler ends the call; the store keeps its handler, and what the call has done.
#[test]
fn a_handler_that_panics_is_kept() {
    for subject in PANICKED.subjects() {
        let clean = run(&PANICKED.script(), &PANICKED.options_on(subject)).unwrap();
        assert!(clean.divergences.is_empty(), "{clean:#?}");
        assert!(clean.two_way && clean.known.is_empty(), "{clean:#?}");
        let lost = Fault::Handlers(|handlers| handlers.last = false);
        let report = report(subject, PANICKED, lost);
        let fired = rules(&report, Execution::Instrumented);
        assert_eq!(fired, BTreeSet::from([RuleId::HandlerKept]), "{report:#?}");
    }
}

/// A call that is dropped has done what it has done, and no more.
#[test]
fn a_global_that_a_dropped_call_has_set_is_compared() {
    for subject in DROPPED.subjects() {
        let clean = run(&DROPPED.script(), &DROPPED.options_on(subject)).unwrap();
        assert!(clean.divergences.is_empty(), "{clean:#?}");
        assert!(clean.two_way, "{clean:#?}");
        let known: Vec<Cause> = clean.known.keys().copied().collect();
        assert_eq!(known, [Cause::DroppedHandler], "{clean:#?}");
        let void = clean.count(|status| matches!(status, Status::Void(_)));
        assert_eq!(void, 1, "{clean:#?}");
        let another = Fault::Global(GlobalAddr(0), |value| *value = low_bit(*value));
        let report = report(subject, DROPPED, another);
        let fired = rules(&report, Execution::Instrumented);
        assert_eq!(fired, BTreeSet::from([RuleId::Global]), "{report:#?}");
    }
}
