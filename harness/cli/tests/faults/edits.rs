//! The rows about edits: what the engine says and does of them, and events under breakpoints alone.

use super::lie::{Code, Fault, Lie, at, when};
use super::programs::*;
use super::rows::{Told, fires, rules};
use super::stacks::{flip, innermost, last_local, top};
use lockstep::case::run_with;
use lockstep::configuration::{Configuration, Epochs};
use lockstep::divergence::{Execution, Moment};
use lockstep::rules::RuleId;
use lockstep::schedule::{Edit, EngineEdit, Neighbour, Schedule, Session, Site, When};
use lockstep_oracles::address::{FuncIndex, Pc};
use std::sync::Mutex;

/// Held while the process's code is looked at: no other test's engine may come or go.
pub(crate) static ALONE: Mutex<()> = Mutex::new(());

const ALL: Site = Site::All { module: 0 };

const fn opcode(nth: u32) -> Site {
    Site::Opcode { module: 0, nth }
}

pub(crate) fn sessions<const N: usize>(sessions: [(When, &[Edit]); N]) -> Schedule {
    let session = |(when, edits): (When, &[Edit])| Session {
        when,
        edits: edits.to_vec(),
    };
    Schedule {
        sessions: sessions.into_iter().map(session).collect(),
        ..Schedule::idle()
    }
}

/// A breakpoint at every opcode, single-step off.
fn everywhere() -> Schedule {
    sessions([(When::Start, &[Edit::Add(ALL)])])
}

/// In [`LOOP`], a breakpoint at `i32.add` alone: it is reached four times.
fn at_the_addition() -> Schedule {
    sessions([(When::Start, &[Edit::Add(opcode(3))])])
}

/// In [`LOOP`], the breakpoint at `local.tee` is removed in the first round.
fn one_removed() -> Schedule {
    let removed = [Edit::Remove(opcode(8))];
    sessions([(When::Start, &[Edit::Add(ALL)]), (When::Event(5), &removed)])
}

/// Single-step for five events.
fn step_and_run() -> Schedule {
    sessions([
        (When::Start, &[Edit::SingleStep(true)]),
        (When::Event(5), &[Edit::SingleStep(false)]),
    ])
}

/// Single-step from the start, and turned on again before the call.
fn step_twice() -> Schedule {
    let on = [Edit::SingleStep(true)];
    sessions([(When::Start, &on), (When::Step(0), &on)])
}

/// Breakpoints that are none, at the start; one, before the call.
fn before_the_call() -> Schedule {
    sessions([(When::Start, &[]), (When::Step(0), &[Edit::Add(opcode(1))])])
}

/// Looks at the process's code before and after.
fn with_code_image() -> Schedule {
    Schedule {
        code_image: true,
        collect: 0,
        ..everywhere()
    }
}

/// This store and its neighbour each have a breakpoint of their own; this one also removes its
/// neighbour's, which it does not have.
fn beside_a_neighbour() -> Schedule {
    let neighbour = Neighbour {
        sessions: sessions([(When::Start, &[Edit::Add(opcode(7))])]).sessions,
        cycle: None,
        thread: false,
    };
    let own = [Edit::Add(opcode(3)), Edit::Remove(opcode(7))];
    Schedule {
        neighbour: Some(neighbour),
        ..sessions([(When::Start, &own)])
    }
}

fn yielding(configuration: &mut Configuration) {
    configuration.epochs = Epochs::Yield;
}

/// Loses a removal.
fn not_removed(edit: &mut Option<EngineEdit>, _: &Code) {
    if matches!(edit, Some(EngineEdit::Remove { .. })) {
        *edit = None;
    }
}

fn not_added(edit: &mut Option<EngineEdit>, _: &Code) {
    if matches!(edit, Some(EngineEdit::Add { .. })) {
        *edit = None;
    }
}

/// Adds where it is asked to remove.
fn added(edit: &mut Option<EngineEdit>, _: &Code) {
    if let Some(EngineEdit::Remove { module, pc }) = *edit {
        *edit = Some(EngineEdit::Add { module, pc });
    }
}

fn added_one_further(edit: &mut Option<EngineEdit>, code: &Code) {
    if let Some(EngineEdit::Add { pc, .. }) = edit {
        *pc = code.next(Pc(*pc)).0;
    }
}

fn not_turned_off(edit: &mut Option<EngineEdit>, _: &Code) {
    if *edit == Some(EngineEdit::SingleStep(false)) {
        *edit = None;
    }
}

fn turned_off(edit: &mut Option<EngineEdit>, _: &Code) {
    if *edit == Some(EngineEdit::SingleStep(true)) {
        *edit = Some(EngineEdit::SingleStep(false));
    }
}

fn refused(answer: &mut Result<(), String>) {
    *answer = Err("a lie".to_owned());
}

faults! {
    // The rows that the contract names.
    edit_refused => EditAccepted, ARITHMETIC, Fault::Edited(refused);
    code_image_changed => EditCodeImage, ARITHMETIC.under(with_code_image),
        Fault::CodeImage(|mappings| mappings[0].as_mut().unwrap().digest[0] ^= 1);
    mapping_writable_and_executable => EditWritable, ARITHMETIC.under(with_code_image),
        Fault::WritableCode(|mappings| *mappings += 1);
    image_left_writable => EditPermissions, ARITHMETIC.under(with_code_image),
        Fault::Permissions(|permissions| {
            let part = permissions[0].last_mut().unwrap();
            part.permissions = "rw-p".to_owned();
        });
    image_executable_behind_its_code => EditPermissions, ARITHMETIC.under(with_code_image),
        Fault::Permissions(|permissions| {
            let part = permissions[0].last_mut().unwrap();
            assert_eq!(part.permissions, "r--p");
            part.permissions = "r-xp".to_owned();
        });
    breakpoint_lost => BreakLost, ARITHMETIC.under(everywhere), Fault::Skip(at("i32.const"));
    breakpoint_stale => BreakSpurious, LOOP.under(one_removed), Fault::Edit(not_removed);
    // From 44 on a removal that changes nothing is not made (`BREAKPOINT-COUNT`).
    neighbours_breakpoint_seen => Isolate,
        LOOP.under(beside_a_neighbour).before(44), Fault::Edit(added);
    epoch_yield_unasked => EpochEvent, LOOP.configured(yielding),
        Fault::Twice(when(Moment::EpochYield));

    // What the engine says of edits.
    edit_refused_between_calls => EditAccepted, ARITHMETIC.under(before_the_call),
        Fault::Edited(refused);
    edit_refused_in_a_handler => EditAccepted, LOOP.under(one_removed), Fault::Edited(refused);
    single_step_said_to_be_on => EditSingleStep, ARITHMETIC.under(everywhere),
        Fault::EditState(|on, _| *on = true);
    breakpoint_said_to_be_gone => EditBreakpoints, ARITHMETIC.under(everywhere),
        Fault::EditState(|_, listed| listed.truncate(1));
    breakpoint_listed_twice => EditBreakpoints, ARITHMETIC.under(everywhere),
        Fault::EditState(|_, listed| listed.extend(listed.last().copied()));
    breakpoint_listed_elsewhere => EditBreakpoints, ARITHMETIC.under(everywhere),
        Fault::EditState(|_, listed| listed.iter_mut().for_each(|(_, pc)| *pc += 1));
    breakpoint_listed_in_another_module => EditBreakpoints, ARITHMETIC.under(everywhere),
        Fault::EditState(|_, listed| listed.iter_mut().for_each(|(module, _)| *module += 1));
    image_left_writable_at_the_end => EditCodeImage, ARITHMETIC.under(with_code_image),
        Fault::CodeImage(|mappings| {
            let part = mappings[0].as_mut().unwrap().permissions.last_mut().unwrap();
            part.permissions = "rw-p".to_owned();
        });
    code_mapping_gone => EditCodeImage, ARITHMETIC.under(with_code_image),
        Fault::CodeImage(|mappings| mappings[0] = None);
    code_mapping_moved => EditCodeImage, ARITHMETIC.under(with_code_image),
        Fault::CodeImage(|mappings| mappings[0].as_mut().unwrap().range.start += 4096);

    // Edits that are not made, or others.
    breakpoint_not_added => BreakLost, LOOP.under(at_the_addition), Fault::Edit(not_added);
    breakpoint_added_at_another_opcode => BreakSpurious, LOOP.under(at_the_addition),
        Fault::Edit(added_one_further);
    breakpoint_added_instead_of_removed => BreakSpurious, LOOP.under(|| Schedule {
        neighbour: None,
        ..beside_a_neighbour()
    }).before(44), Fault::Edit(added);
    single_step_survives => BreakSpurious, LOOP.under(step_and_run), Fault::Edit(not_turned_off);
    single_step_not_turned_on => StepLost, ARITHMETIC, Fault::Edit(turned_off);
    single_step_turned_off => StepLost, ARITHMETIC.under(step_twice), Fault::Edit(turned_off);

    // Events under breakpoints alone.
    only_breakpoint_lost => BreakLost, LOOP.under(at_the_addition),
        Fault::Skip(at("i32.add").nth(4));
    breakpoint_lost_after_a_branch_back => BreakLost, LOOP.under(everywhere),
        Fault::Skip(at("i32.add").nth(2));
    breakpoint_lost_at_a_call => BreakLost, CALLS.under(everywhere), Fault::Skip(at("call"));
    breakpoint_lost_at_function_entry => BreakLost, CALLS.under(everywhere),
        Fault::Skip(at("local.get").nth(2));
    // From 44 on a caller shows the opcode behind its call: as if a frame were missing.
    breakpoints_of_a_function_lost => BreakLost,
        CALLS.under(everywhere).before(44),
        Fault::SkipFunction(FuncIndex(2));
    breakpoint_lost_in_a_reentry => BreakLost, REENTRY.under(everywhere), Fault::Skip(at("i32.mul"));
    breakpoint_lost_before_a_host_call => BreakLost, HOST_CALL.under(everywhere),
        Fault::Skip(at("call"));
    breakpoint_lost_before_a_trap => BreakLost, TRAP.under(everywhere), Fault::Skip(at("i32.div_u"));
    breakpoint_lost_in_a_start_function => BreakLost, START.under(everywhere),
        Fault::Skip(at("i32.add"));
    last_breakpoint_lost => BreakLost, ARITHMETIC.under(everywhere), Fault::Skip(at("end"));
    breakpoint_twice => BreakSpurious, ARITHMETIC.under(everywhere), Fault::Twice(at("i32.const"));
    only_breakpoint_twice => BreakSpurious, LOOP.under(at_the_addition),
        Fault::Twice(at("i32.add").nth(4));
    breakpoint_twice_before_a_host_call => BreakSpurious, HOST_CALL.under(everywhere),
        Fault::Twice(at("call"));
    breakpoint_twice_before_a_trap => BreakSpurious, TRAP.under(everywhere),
        Fault::Twice(at("i32.div_u"));
    last_breakpoint_twice => BreakSpurious, ARITHMETIC.under(everywhere), Fault::Twice(at("end"));

    // What is shown at a breakpoint.
    local_wrong_at_a_breakpoint => LocalValue, LOOP.under(at_the_addition),
        Fault::Stack(at("i32.add").nth(3), |stack, _| last_local(stack, flip(0)));
    operand_wrong_at_a_breakpoint => OperandValue, LOOP.under(at_the_addition),
        Fault::Stack(at("i32.add").nth(3), |stack, _| top(stack, flip(0)));
    pc_wrong_at_a_breakpoint => FramePc, LOOP.under(at_the_addition),
        Fault::Stack(at("i32.add").nth(3), |stack, code| {
            let place = &mut innermost(stack).place;
            place.pc = code.next(place.pc);
        });
    frame_missing_at_a_breakpoint => FrameCount, CALLS.under(everywhere),
        Fault::Stack(at("i32.mul"), |stack, _| drop(stack.frames.remove(1)));
    local_wrong_at_a_host_call_between_breakpoints => LocalValue, HOST_CALL.under(Schedule::idle),
        Fault::Stack(when(Moment::HostCall), |stack, _| last_local(stack, flip(31)));
    trap_event_lost_between_breakpoints => TrapEvent, TRAP.under(Schedule::idle),
        Fault::Skip(when(Moment::Trap));
    local_wrong_at_a_trap_between_breakpoints => LocalValue, TRAP.under(Schedule::idle),
        Fault::Stack(when(Moment::Trap), |stack, _| last_local(stack, flip(31)));
    host_error_lost_between_breakpoints => HostErrorEvent, HOST_FAILURE.under(Schedule::idle),
        Fault::Skip(when(Moment::HostcallError));
}

/// Where one breakpoint is all there is, an event that is lost in a loop looks as the next one with
/// wrong values does: that is reported first, and the count in the end.
#[test]
fn only_breakpoint_of_a_loop_lost_or_twice() {
    const LOST: Fault = Fault::Skip(at("i32.add").nth(2));
    const TWICE: Fault = Fault::Twice(at("i32.add").nth(2));
    let program = LOOP.under(at_the_addition);
    for (fault, rule) in [(LOST, RuleId::BreakLost), (TWICE, RuleId::BreakSpurious)] {
        let script = program.script();
        let (lie, _) = Lie::new(fault, &script);
        let report = run_with(&script, &program.options(), lie, None).unwrap();
        let values = [RuleId::LocalValue, RuleId::OperandValue];
        let expected = values.into_iter().chain([rule]).collect();
        assert_eq!(
            rules(&report, Execution::Instrumented),
            expected,
            "{report:#?}"
        );
    }
}
