//! What schedules do, on programs small enough to count their events by hand.

use crate::cases::{calling, case_of, clean};
use lockstep::case::{Case, CaseReport, Stub};
use lockstep::schedule::{Cycle, Edit, Neighbour, Schedule, Session, Site, When};
use lockstep_spec_tests::script::Arg;

/// Four opcodes of a callee, then a loop that calls it in every round.
///
/// | opcode | 0 | 1 | 2 | 3 |
/// | --- | --- | --- | --- | --- |
/// | callee | `local.get` | `i32.const` | `i32.mul` | `end` |
///
/// | opcode | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 |
/// | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
/// | `go` | `loop` | `local.get` | `local.get` | `call` | `i32.add` | `local.set` | `local.get` | `i32.const` | `i32.sub` | `local.tee` | `br_if` | `end` | `local.get` | `end` |
const LOOP: &str = r#"
    (module
      (func $twice (param i32) (result i32)
        local.get 0  i32.const 2  i32.mul)
      (func (export "go") (param i32) (result i32) (local i32)
        loop
          local.get 1  local.get 0  call $twice  i32.add  local.set 1
          local.get 0  i32.const 1  i32.sub  local.tee 0  br_if 0
        end
        local.get 1)
      (func (export "unused")  nop  nop))"#;

/// Rounds that the tests go.
const ROUNDS: u64 = 3;
/// Opcodes of the callee and of a round, callee included.
const CALLEE: u64 = 4;
const ROUND: u64 = 14;
/// The `loop`, the rounds, and `end`, `local.get`, `end`.
const WHOLE: u64 = 1 + ROUNDS * ROUND + 3;
/// Opcodes that are executed at all.
const EXECUTED: u64 = 18;

/// Opcodes of [`LOOP`], as the table above counts them.
const IN_CALLEE: Site = opcode(1);
const CALL: Site = opcode(7);
const ADDITION: Site = opcode(8);
const ALL: Site = Site::All { module: 0 };
const ON: Edit = Edit::SingleStep(true);
const OFF: Edit = Edit::SingleStep(false);

const fn opcode(nth: u32) -> Site {
    Site::Opcode { module: 0, nth }
}

const fn function(nth: u32) -> Site {
    Site::Function { module: 0, nth }
}

fn at(sessions: &[(When, &[Edit])]) -> Schedule {
    let sessions = sessions.iter().map(|(when, edits)| Session {
        when: *when,
        edits: edits.to_vec(),
    });
    Schedule {
        sessions: sessions.collect(),
        ..Schedule::idle()
    }
}

/// What there is at the start, and what is done at every event in turn.
fn turns(start: &[Edit], sessions: &[&[Edit]]) -> Schedule {
    Schedule {
        cycle: Some(Cycle {
            period: 1,
            sessions: sessions.iter().map(|edits| edits.to_vec()).collect(),
        }),
        ..at(&[(When::Start, start)])
    }
}

fn looping(schedule: Schedule) -> Case {
    let case = Case {
        schedule,
        ..case_of(&[("main", LOOP)])
    };
    calling(case, "go", &[Arg::I32(ROUNDS as u32)])
}

fn run_loop(schedule: Schedule) -> CaseReport {
    clean(&looping(schedule))
}

fn events(schedule: Schedule) -> u64 {
    run_loop(schedule).tally.sequence_points
}

// Single-step.

#[test]
fn single_step_sees_every_opcode_that_is_executed() {
    assert_eq!(events(Schedule::default()), WHOLE);
    assert_eq!(events(Schedule::idle()), 0);
}

#[test]
fn single_step_off_in_the_middle_of_a_function() {
    assert_eq!(
        events(at(&[(When::Start, &[ON]), (When::Event(3), &[OFF])])),
        3
    );
    assert_eq!(
        events(at(&[(When::Start, &[ON]), (When::Event(1), &[OFF])])),
        1
    );
    let last = When::Event(WHOLE);
    assert_eq!(events(at(&[(When::Start, &[ON]), (last, &[OFF])])), WHOLE);
}

#[test]
fn single_step_on_in_a_loop() {
    let schedule = at(&[
        (When::Start, &[Edit::Add(ADDITION)]),
        (When::Event(1), &[ON]),
    ]);
    // Eight opcodes of the first round are gone: the `call` with its callee, and what is before it.
    assert_eq!(events(schedule), WHOLE - 8);
}

#[test]
fn single_step_on_and_off_in_a_loop() {
    let schedule = at(&[
        (When::Start, &[Edit::Add(ADDITION)]),
        (When::Event(1), &[ON]),
        (When::Event(3), &[OFF]),
    ]);
    // The addition and two opcodes after it; then the additions of the other rounds.
    assert_eq!(events(schedule), 3 + ROUNDS - 1);
}

#[test]
fn single_step_on_in_a_callee() {
    let schedule = at(&[
        (When::Start, &[Edit::Add(IN_CALLEE)]),
        (When::Event(1), &[ON]),
    ]);
    // `loop`, two `local.get`, `call` and the callee's first opcode are gone.
    assert_eq!(events(schedule), WHOLE - 5);
}

#[test]
fn single_step_off_in_a_callee_leaves_the_callers_breakpoints() {
    let schedule = at(&[
        (When::Start, &[ON, Edit::Add(ADDITION)]),
        (When::Event(6), &[OFF]),
    ]);
    assert_eq!(events(schedule), 6 + ROUNDS);
}

#[test]
fn single_step_off_in_a_callee_that_has_breakpoints_of_its_own() {
    let schedule = at(&[
        (When::Start, &[ON, Edit::Add(function(0))]),
        (When::Event(6), &[OFF]),
    ]);
    // Two opcodes are left in the callee, and it is called twice more.
    assert_eq!(events(schedule), 6 + 2 + 2 * CALLEE);
}

#[test]
fn single_step_twice_on_is_once_off() {
    let schedule = at(&[
        (When::Start, &[ON, ON]),
        (When::Event(2), &[ON]),
        (When::Event(4), &[OFF]),
    ]);
    assert_eq!(events(schedule), 4);
}

#[test]
fn single_step_on_and_off_in_one_session_is_off() {
    assert_eq!(events(at(&[(When::Start, &[ON, OFF])])), 0);
    assert_eq!(events(at(&[(When::Start, &[OFF, ON])])), WHOLE);
}

// Breakpoints.

#[test]
fn breakpoints_one_some_and_all() {
    let with = |edits: &[Edit]| events(at(&[(When::Start, edits)]));
    assert_eq!(with(&[Edit::Add(ADDITION)]), ROUNDS);
    assert_eq!(
        with(&[Edit::Add(ADDITION), Edit::Add(IN_CALLEE)]),
        2 * ROUNDS
    );
    assert_eq!(with(&[Edit::Add(function(0))]), CALLEE * ROUNDS);
    assert_eq!(with(&[Edit::Add(ALL)]), WHOLE);
}

#[test]
fn breakpoints_beside_single_step_are_one_event() {
    assert_eq!(events(at(&[(When::Start, &[ON, Edit::Add(ALL)])])), WHOLE);
}

#[test]
fn a_breakpoint_added_twice_is_one_and_removed_once_is_none() {
    let twice = [Edit::Add(ADDITION), Edit::Add(ADDITION)];
    assert_eq!(events(at(&[(When::Start, &twice)])), ROUNDS);
    let removed = [Edit::Remove(ADDITION)];
    assert_eq!(
        events(at(&[(When::Start, &twice), (When::Event(1), &removed)])),
        1
    );
}

#[test]
fn a_breakpoint_that_is_not_there_is_removed_without_effect() {
    let edits = [Edit::Remove(CALL), Edit::Add(ADDITION), Edit::Remove(CALL)];
    let report = run_loop(at(&[(When::Start, &edits)]));
    assert_eq!(
        (report.tally.sequence_points, report.tally.edits),
        (ROUNDS, 3)
    );
}

#[test]
fn breakpoints_removed_one_by_one() {
    let schedule = turns(&[Edit::Add(ALL)], &[&[Edit::Remove(Site::Current)]]);
    assert_eq!(events(schedule), EXECUTED);
}

#[test]
fn breakpoints_removed_in_a_batch() {
    let batches = [&[Edit::Remove(ALL)][..], &[Edit::Clear]];
    for batch in batches {
        let schedule = at(&[(When::Start, &[Edit::Add(ALL)]), (When::Event(5), batch)]);
        assert_eq!(events(schedule), 5);
    }
    let callee = [Edit::Remove(function(0))];
    let schedule = at(&[(When::Start, &[Edit::Add(ALL)]), (When::Event(5), &callee)]);
    // The first opcode of the callee had its event.
    assert_eq!(events(schedule), WHOLE - (CALLEE * ROUNDS - 1));
}

#[test]
fn breakpoints_added_in_a_batch_in_the_handler() {
    let schedule = at(&[
        (When::Start, &[Edit::Add(CALL)]),
        (When::Event(2), &[Edit::Add(ALL)]),
    ]);
    // The first `call`; then all from the second on, which has `loop`, a round and two opcodes before it.
    assert_eq!(events(schedule), 1 + WHOLE - (1 + ROUND + 2));
}

#[test]
fn the_current_pc_added_does_not_fire_again_at_once() {
    let schedule = at(&[
        (When::Start, &[ON]),
        (When::Event(2), &[OFF, Edit::Add(Site::Current)]),
    ]);
    assert_eq!(events(schedule), 2 + ROUNDS - 1);
}

#[test]
fn the_current_pc_removed_and_added_again_stays() {
    let again = [Edit::Remove(Site::Current), Edit::Add(Site::Current)];
    assert_eq!(events(turns(&[Edit::Add(ALL)], &[&again])), WHOLE);
    let gone = [Edit::Add(Site::Current), Edit::Remove(Site::Current)];
    assert_eq!(events(turns(&[ON], &[&gone])), WHOLE);
}

#[test]
fn a_function_that_is_not_called_has_no_events() {
    let report = run_loop(at(&[(When::Start, &[Edit::Add(function(2))])]));
    assert_eq!((report.tally.sequence_points, report.tally.edits), (0, 3));
}

#[test]
fn pcs_that_are_no_opcode_are_listed_and_never_fire() {
    let site = |pc| Edit::Add(Site::Pc { module: 0, pc });
    // The magic number, twice; behind the module; the last there can be.
    let edits = [site(0), site(1), site(1), site(100_000), site(u32::MAX)];
    let report = run_loop(at(&[(When::Start, &edits)]));
    assert_eq!((report.tally.sequence_points, report.tally.edits), (0, 5));
    let taken_back = [(When::Start, &edits[..]), (When::Step(0), &[Edit::Clear])];
    assert_eq!(run_loop(at(&taken_back)).tally.edits, 5 + 4);
}

#[test]
fn every_pc_of_the_file_can_be_named() {
    let case = looping(Schedule::idle());
    let pcs = 0..case.main_module().len() as u32 + 1;
    let edits: Vec<Edit> = pcs
        .map(|pc| Edit::Add(Site::Pc { module: 0, pc }))
        .collect();
    assert_eq!(events(at(&[(When::Start, &edits)])), WHOLE);
}

// When.

#[test]
fn sessions_between_calls() {
    let again = |schedule| {
        let case = calling(looping(schedule), "go", &[Arg::I32(ROUNDS as u32)]);
        clean(&case).tally.sequence_points
    };
    assert_eq!(again(Schedule::default()), 2 * WHOLE);
    assert_eq!(again(at(&[(When::Step(1), &[ON])])), WHOLE);
    let off = at(&[(When::Start, &[ON]), (When::Step(1), &[OFF])]);
    assert_eq!(again(off), WHOLE);
    let added = at(&[
        (When::Step(0), &[Edit::Add(ADDITION)]),
        (When::Step(1), &[Edit::Clear, Edit::Add(function(0))]),
    ]);
    assert_eq!(again(added), ROUNDS + CALLEE * ROUNDS);
}

#[test]
fn the_current_pc_between_calls_is_none() {
    let edits = [Edit::Add(Site::Current), Edit::Remove(Site::Current)];
    let report = run_loop(at(&[(When::Step(0), &edits)]));
    assert_eq!((report.tally.edit_sessions, report.tally.edits), (1, 0));
}

#[test]
fn an_empty_session_changes_nothing() {
    let report = run_loop(turns(&[ON], &[&[]]));
    assert_eq!(report.tally.sequence_points, WHOLE);
    assert_eq!(report.tally.edit_sessions, 1 + WHOLE);
    assert_eq!(report.tally.edits, 1);
    assert_eq!(events(turns(&[Edit::Add(ALL)], &[&[]])), WHOLE);
}

#[test]
fn edits_alternate_at_every_event() {
    // From single-step to breakpoints and back.
    let schedule = turns(&[ON], &[&[OFF, Edit::Add(ALL)], &[Edit::Clear, ON]]);
    assert_eq!(events(schedule), WHOLE);
    // Breakpoints at all opcodes but the one that the last event was at.
    let but_current = [Edit::Add(ALL), Edit::Remove(Site::Current)];
    assert_eq!(events(turns(&[Edit::Add(ALL)], &[&but_current])), WHOLE);
}

#[test]
fn a_cycle_has_a_period() {
    let schedule = Schedule {
        cycle: Some(Cycle {
            period: 5,
            sessions: vec![vec![]],
        }),
        ..Schedule::default()
    };
    let report = run_loop(schedule);
    assert_eq!(report.tally.edit_sessions, 1 + WHOLE / 5);
}

// Host functions and several activations.

/// Four opcodes of `back`, which the host function calls, and six of `go`.
const REENTRY: &str = r#"
    (module (import "env" "h" (func $h (param i32)))
      (func (export "back") (result i32)
        i32.const 5  i32.const 6  i32.mul)
      (func (export "go") (param i32) (result i32)
        local.get 0  call $h  local.get 0  i32.const 1  i32.add))"#;

const BACK: u64 = 4;

fn reentering(schedule: Schedule) -> u64 {
    let mut case = Case {
        schedule,
        ..case_of(&[("main", REENTRY)])
    };
    let calls_back = Stub::Call("back".to_owned());
    case.host.functions.insert("env.h".to_owned(), calls_back);
    let report = clean(&calling(case, "go", &[Arg::I32(7)]));
    report.tally.sequence_points
}

#[test]
fn sessions_in_a_host_function() {
    assert_eq!(reentering(Schedule::default()), BACK + 6);
    assert_eq!(reentering(at(&[(When::HostCall(1), &[ON])])), BACK + 4);
    let off = at(&[(When::Start, &[ON]), (When::HostCall(1), &[OFF])]);
    assert_eq!(reentering(off), 2);
    let added = at(&[(When::HostCall(1), &[Edit::Add(ALL)])]);
    assert_eq!(reentering(added), BACK + 4);
    let waiting = at(&[(When::HostCall(1), &[Edit::Add(Site::Current)])]);
    assert_eq!(reentering(waiting), 0);
}

#[test]
fn sessions_with_several_activations_live() {
    let off = at(&[(When::Start, &[ON]), (When::Event(4), &[OFF])]);
    assert_eq!(reentering(off), 4);
    let on = at(&[
        (When::Start, &[Edit::Add(opcode(1))]),
        (When::Event(1), &[ON]),
    ]);
    assert_eq!(reentering(on), 3 + 4);
    let caller_instead = at(&[
        (When::Start, &[Edit::Add(function(0))]),
        (When::Event(2), &[Edit::Clear, Edit::Add(function(1))]),
    ]);
    assert_eq!(reentering(caller_instead), 2 + 4);
}

#[test]
fn sessions_at_a_trap_end_with_it() {
    let text = r#"(module (func (export "go") (param i32) (result i32)
                    i32.const 1  local.get 0  i32.div_u))"#;
    let case = |schedule| {
        let case = Case {
            schedule,
            ..case_of(&[("main", text)])
        };
        let trapping = calling(case, "go", &[Arg::I32(0)]);
        clean(&calling(trapping, "go", &[Arg::I32(1)]))
            .tally
            .sequence_points
    };
    assert_eq!(case(Schedule::default()), 3 + 4);
    // At the opcode that traps everything is removed, and at the next step something is added again.
    let schedule = at(&[
        (When::Start, &[Edit::Add(ALL)]),
        (When::Event(3), &[Edit::Clear]),
        (When::Step(1), &[Edit::Add(opcode(2))]),
    ]);
    assert_eq!(case(schedule), 3 + 1);
}

// Several modules.

const LIBRARY: &str = r#"
    (module (func (export "f") (param i32) (result i32)
      local.get 0  i32.const 3  i32.mul))"#;

const USER: &str = r#"
    (module (import "lib" "f" (func $f (param i32) (result i32)))
      (func (export "go") (param i32) (result i32)
        local.get 0  call $f  call $f))"#;

fn linked(schedule: Schedule) -> u64 {
    let case = Case {
        schedule,
        ..case_of(&[("lib", LIBRARY), ("main", USER)])
    };
    clean(&calling(case, "go", &[Arg::I32(7)]))
        .tally
        .sequence_points
}

#[test]
fn breakpoints_of_each_module_are_its_own() {
    let all = |module| Edit::Add(Site::All { module });
    assert_eq!(linked(Schedule::default()), 2 * 4 + 4);
    assert_eq!(linked(at(&[(When::Start, &[all(0)])])), 2 * 4);
    assert_eq!(linked(at(&[(When::Start, &[all(1)])])), 4);
    assert_eq!(linked(at(&[(When::Start, &[all(0), all(1)])])), 2 * 4 + 4);
    // There is no such module, ever.
    assert_eq!(linked(at(&[(When::Start, &[all(2)])])), 0);
}

#[test]
fn breakpoints_of_another_module_from_a_handler() {
    let all = |module| Site::All { module };
    let there = at(&[
        (When::Start, &[Edit::Add(all(1))]),
        (When::Event(1), &[Edit::Clear, Edit::Add(all(0))]),
    ]);
    assert_eq!(linked(there), 1 + 2 * 4);
    let and_back = at(&[
        (When::Start, &[Edit::Add(all(0))]),
        (When::Event(2), &[Edit::Clear, Edit::Add(all(1))]),
    ]);
    assert_eq!(linked(and_back), 2 + 2);
}

#[test]
fn the_same_pc_in_two_modules_is_two_breakpoints() {
    // The first opcode of either module; the two modules differ in where that is, so both are asked
    // for in both.
    let first = |module| Site::Opcode { module, nth: 0 };
    let both = at(&[(When::Start, &[Edit::Add(first(0)), Edit::Add(first(1))])]);
    assert_eq!(linked(both), 2 + 1);
    let one = at(&[
        (When::Start, &[Edit::Add(first(0)), Edit::Add(first(1))]),
        (When::Step(0), &[Edit::Remove(first(0))]),
    ]);
    assert_eq!(linked(one), 1);
}

#[test]
fn two_instances_of_one_module_share_its_breakpoints() {
    let user = r#"
        (module
          (import "one" "f" (func $f (param i32) (result i32)))
          (import "two" "f" (func $g (param i32) (result i32)))
          (func (export "go") (param i32) (result i32)
            local.get 0  call $f  call $g))"#;
    let schedule = at(&[(When::Start, &[Edit::Add(opcode(2))])]);
    let case = Case {
        schedule,
        ..case_of(&[("one", LIBRARY), ("two", LIBRARY), ("main", user)])
    };
    let report = clean(&calling(case, "go", &[Arg::I32(7)]));
    assert_eq!(report.tally.sequence_points, 2);
}

#[test]
fn start_functions_have_breakpoints() {
    let text = r#"
        (module (global (mut i32) (i32.const 0)) (start 0)
          (func  i32.const 3  global.set 0))"#;
    let case = |edits: &[Edit]| Case {
        schedule: at(&[(When::Start, edits)]),
        ..case_of(&[("main", text)])
    };
    assert_eq!(clean(&case(&[Edit::Add(ALL)])).tally.sequence_points, 3);
    assert_eq!(
        clean(&case(&[Edit::Add(opcode(1))])).tally.sequence_points,
        1
    );
}

// Two stores of one engine.

/// Two calls, so that two stores can take turns.
fn events_of_two_calls(schedule: Schedule) -> u64 {
    let case = calling(looping(schedule), "go", &[Arg::I32(ROUNDS as u32)]);
    clean(&case).tally.sequence_points
}

/// Two stores have the events that each has alone, in turns and on threads of their own.
fn beside(schedule: Schedule, other: Schedule) {
    let alone = [schedule.clone(), other.clone()].map(events_of_two_calls);
    for thread in [false, true] {
        let neighbour = Neighbour {
            sessions: other.sessions.clone(),
            cycle: other.cycle.clone(),
            thread,
        };
        let together = Schedule {
            neighbour: Some(neighbour),
            ..schedule.clone()
        };
        assert_eq!(events_of_two_calls(together), alone[0] + alone[1]);
    }
}

#[test]
fn a_store_sees_nothing_of_its_neighbours_single_step() {
    beside(Schedule::idle(), Schedule::default());
    beside(Schedule::default(), Schedule::idle());
}

#[test]
fn a_store_sees_nothing_of_its_neighbours_breakpoints() {
    let mine = at(&[(When::Start, &[Edit::Add(ADDITION)])]);
    let theirs = at(&[
        (When::Start, &[Edit::Add(function(0))]),
        (When::Step(1), &[Edit::Clear]),
    ]);
    beside(mine.clone(), theirs.clone());
    beside(theirs, mine);
}

#[test]
fn stores_that_edit_at_every_event_do_not_meet() {
    let removing = turns(&[Edit::Add(ALL)], &[&[Edit::Remove(Site::Current)]]);
    let alternating = turns(&[ON], &[&[OFF, Edit::Add(ALL)], &[Edit::Clear, ON]]);
    beside(removing.clone(), alternating.clone());
    beside(alternating, removing);
}
