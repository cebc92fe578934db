//! How a case behaves as a whole: what is clean, what is cut short and why, what may not differ.

use lockstep::case::{CaseOptions, CaseReport, Host, ImportSettings, Status, Stub, run, run_with};
use lockstep::configuration::{Allocation, Collector};
use lockstep::divergence::Moment;
use lockstep::fault::{Delivery, Tamper};
use lockstep::lockstep::families::Family;
use lockstep::rules::RuleId;
use lockstep::schedule::{Edit, Schedule, Session, Site, When};
use lockstep::seen::Seen;
use lockstep::snapshot::Snapshot;
use lockstep::subject::Settings;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::opcode::Opcode;
use lockstep_spec_tests::{Script, parse_script};

fn script(text: &str) -> Script {
    parse_script("conduct", text, WasmFeatures::WASM2).unwrap()
}

/// Options with `env.h` behaving in this way.
fn host(behaviour: Stub) -> CaseOptions {
    let behaviours = [("env.h".to_owned(), behaviour)].into_iter().collect();
    CaseOptions {
        imports: ImportSettings {
            synthesise: true,
            host: Host {
                functions: behaviours,
                ..Host::default()
            },
        },
        actions_may_trap: true,
        ..CaseOptions::default()
    }
}

fn statuses(report: &CaseReport) -> Vec<&Status> {
    report
        .commands
        .iter()
        .map(|command| &command.status)
        .collect()
}

/// Runs a script of which nothing may diverge or fail.
fn clean(text: &str, options: &CaseOptions) -> CaseReport {
    let report = run(&script(text), options).unwrap();
    assert!(report.divergences.is_empty(), "{report:#?}");
    assert_eq!(
        report.count(|s| *s == Status::Passed),
        report.commands.len() as u64,
        "{report:#?}"
    );
    report
}

/// Loses the event with this number.
struct Loses(u32);

impl Tamper for Loses {
    fn event(&mut self, moment: Moment, _: &mut Snapshot) -> Delivery {
        if moment != Moment::Breakpoint {
            return Delivery::Once;
        }
        self.0 = self.0.wrapping_sub(1);
        if self.0 == 0 {
            Delivery::Never
        } else {
            Delivery::Once
        }
    }
}

/// Shows the first local of every event one too high.
struct Shifts;

impl Tamper for Shifts {
    fn event(&mut self, _: Moment, stack: &mut Snapshot) -> Delivery {
        if let Some(Some(Seen::I32(local))) = stack.frames[0].locals.first_mut() {
            *local += 1;
        }
        Delivery::Once
    }
}

const THREE_CALLS: &str = r#"
    (module (global (mut i32) (i32.const 0))
      (func (export "go") (param i32)
        loop
          global.get 0  i32.const 1  i32.add  global.set 0
          local.get 0  i32.const 1  i32.sub  local.tee 0  br_if 0
        end))
    (invoke "go" (i32.const 2))
    (invoke "go" (i32.const 5))
    (invoke "go" (i32.const 3))"#;

#[test]
fn a_divergence_of_control_stops_the_guest_and_later_commands_are_not_run() {
    // The event that is lost is in the second call.
    let report = run_with(
        &script(THREE_CALLS),
        &CaseOptions::default(),
        Loses(30),
        None,
    )
    .unwrap();
    let [module, first, second, third] = statuses(&report)[..] else {
        panic!("{report:#?}")
    };
    assert_eq!((module, first), (&Status::Passed, &Status::Passed));
    assert!(matches!(second, Status::Failed(_)), "{second:?}");
    let Status::NotRun(reason) = third else {
        panic!("{third:?}")
    };
    assert_eq!(reason, "control diverged earlier in this case (STEP-LOST)");
    let [divergence] = &report.divergences[..] else {
        panic!("{report:#?}")
    };
    // 29 events were matched; the report shows the one that did not come, not the one after it.
    assert_eq!((divergence.rule, divergence.event), (RuleId::StepLost, 29));
    assert_eq!(divergence.site.as_ref().unwrap().opcode, "local.tee");
    assert!(
        divergence
            .state
            .iter()
            .any(|row| row.what == "frame 0 PC" && row.differs())
    );
}

#[test]
fn a_divergence_of_data_is_reported_once_and_lockstep_goes_on() {
    let faulty = run_with(&script(THREE_CALLS), &CaseOptions::default(), Shifts, None).unwrap();
    let [divergence] = &faulty.divergences[..] else {
        panic!("{faulty:#?}")
    };
    assert_eq!((divergence.rule, divergence.event), (RuleId::LocalValue, 0));
    let right = run(&script(THREE_CALLS), &CaseOptions::default()).unwrap();
    assert_eq!(faulty.tally.sequence_points, right.tally.sequence_points);
}

#[test]
fn equal_cases_give_equal_reports() {
    let once = || {
        run_with(
            &script(THREE_CALLS),
            &CaseOptions::default(),
            Loses(30),
            None,
        )
        .unwrap()
    };
    assert_eq!(format!("{:?}", once()), format!("{:?}", once()));
    let right = || run(&script(THREE_CALLS), &CaseOptions::default()).unwrap();
    assert_eq!(format!("{:?}", right()), format!("{:?}", right()));
}

#[test]
fn a_program_that_does_not_end_is_inconclusive_and_the_process_goes_on() {
    let settings = Settings {
        max_events: 1000,
        ..Settings::default()
    };
    let options = CaseOptions {
        settings,
        ..CaseOptions::default()
    };
    let endless = r#"
        (module (func (export "go") (loop br 0)))
        (invoke "go")
        (invoke "go")"#;
    let report = run(&script(endless), &options).unwrap();
    assert!(report.divergences.is_empty(), "{report:#?}");
    assert_eq!(report.tally.sequence_points, 1000);
    let limit = "the case reached its limit of 1,000 events".to_owned();
    assert_eq!(statuses(&report)[1], &Status::Inconclusive(limit));
    assert!(
        matches!(statuses(&report)[2], Status::NotRun(_)),
        "{report:#?}"
    );
    clean(r#"(module (func (export "go"))) (invoke "go")"#, &options);
}

#[test]
fn a_host_function_that_fails_is_clean() {
    let report = clean(
        r#"(module (import "env" "h" (func (param i32) (result i32)))
             (func (export "go") (param i32) (result i32) local.get 0  call 2)
             (func (param i32) (result i32) local.get 0  call 0  i32.const 1  i32.add))
           (invoke "go" (i32.const 3))
           (invoke "go" (i32.const 4))"#,
        &host(Stub::Fail),
    );
    // Two executions, two calls.
    assert_eq!(report.tally.host_calls, 4);
    let outcome = report.commands[2].outcome.as_deref();
    assert_eq!(outcome, Some("host function failed (host call 1)"));
}

#[test]
fn a_host_function_that_calls_back_is_clean() {
    let report = clean(
        r#"(module (import "env" "h" (func (param i32) (result i32)))
             (global (mut i32) (i32.const 3)) (memory 1)
             (func (export "go") (param i32) (result i32)
               local.get 0  i32.const 9  call 0  drop  i32.const 1  i32.add)
             (func (export "back")
               global.get 0
               if
                 global.get 0  i32.const 1  i32.sub  global.set 0
                 i32.const 0  call 0  drop
                 i32.const 4  global.get 0  i32.store
               end))
           (assert_return (invoke "go" (i32.const 4)) (i32.const 5))"#,
        &host(Stub::Call("back".to_owned())),
    );
    assert_eq!(report.tally.host_calls, 2 * 4);
}

#[test]
fn a_callback_that_traps_is_clean() {
    clean(
        r#"(module (import "env" "h" (func (result i32)))
             (func (export "go") call 0  drop)
             (func (export "back") (param i32) i32.const 1  local.get 0  i32.div_u  drop))
           (invoke "go")
           (invoke "go")"#,
        &host(Stub::Call("back".to_owned())),
    );
}

#[test]
fn start_functions_are_stepped() {
    let report = clean(
        r#"(module (global (mut i32) (i32.const 0))
             (func i32.const 3  global.set 0) (start 0))"#,
        &CaseOptions::default(),
    );
    // `i32.const`, `global.set`, `end`.
    assert_eq!(report.tally.sequence_points, 3);
}

#[test]
fn start_functions_that_trap_or_fail_are_clean() {
    let report = clean(
        r#"(assert_trap (module (func i32.const 1  drop  unreachable) (start 0)) "unreachable")"#,
        &CaseOptions::default(),
    );
    assert_eq!(report.tally.sequence_points, 3);

    let failing = r#"(module (import "env" "h" (func)) (start 0))
        (module (func (export "go"))) (invoke "go")"#;
    let report = run(&script(failing), &host(Stub::Fail)).unwrap();
    // The host function is the start function: no Wasm code called it, so no event is due.
    assert!(report.divergences.is_empty(), "{report:#?}");
    assert_eq!(report.count(|s| *s == Status::Passed), 3, "{report:#?}");
}

#[test]
fn a_function_of_an_instance_that_failed_can_be_called_through_a_shared_table() {
    let report = clean(
        r#"(module $shared (table (export "t") 4 funcref) (memory (export "m") 1)
             (type $f (func (result i32)))
             (func (export "go") (param i32) (result i32)
               local.get 0  call_indirect (type $f)))
           (register "shared" $shared)
           (assert_trap
             (module (import "shared" "t" (table 4 funcref)) (import "shared" "m" (memory 1))
               (global (mut i32) (i32.const 40))
               (func (result i32)
                 global.get 0  i32.const 1  i32.add  global.set 0
                 i32.const 0  global.get 0  i32.store
                 global.get 0)
               (elem (i32.const 2) 0)
               (data (i32.const 0x10000) "beyond"))
             "out of bounds memory access")
           (assert_return (invoke $shared "go" (i32.const 2)) (i32.const 41))
           (assert_return (invoke $shared "go" (i32.const 2)) (i32.const 42))"#,
        &CaseOptions::default(),
    );
    // Eight opcodes and the `end`, besides the three of `go`, in each call.
    assert_eq!(report.tally.sequence_points, 2 * (3 + 9));
}

#[test]
fn commands_on_an_instance_that_was_not_made_are_not_run() {
    struct Refuses;
    impl Tamper for Refuses {
        fn instantiation(&mut self, outcome: &mut lockstep::outcome::Outcome) {
            *outcome = lockstep::outcome::Outcome::Unlinkable("a lie".to_owned());
        }
    }
    let report = run_with(&script(THREE_CALLS), &CaseOptions::default(), Refuses, None).unwrap();
    let rules: Vec<RuleId> = report.divergences.iter().map(|found| found.rule).collect();
    assert_eq!(rules, [RuleId::Instantiate]);
    assert_eq!(
        report.count(|s| matches!(s, Status::NotRun(_))),
        3,
        "{report:#?}"
    );
}

/// After the stack is used up the oracle must not try to finish the program: it may never end.
#[test]
fn an_overflow_in_a_program_that_would_run_on_for_ever_ends() {
    let text = r#"(module (func $f (export "f") (param i32) (result i32)
            (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
              (then (local.get 0))
              (else (i32.add
                (call $f (i32.sub (local.get 0) (i32.const 1)))
                (call $f (i32.sub (local.get 0) (i32.const 2))))))))
        (assert_exhaustion (invoke "f" (i32.const 30000)) "call stack exhausted")"#;
    let report = run(&script(text), &CaseOptions::default()).unwrap();
    assert!(report.divergences.is_empty(), "{report:#?}");
    assert_eq!(statuses(&report), [&Status::Passed, &Status::Exhausted]);
}

const EVERY_FAMILY: &str = r#"
    (module
      (import "env" "h" (func $h (param i32) (result i32)))
      (func $divides
        i64.const 1  i64.const 0  i64.div_s  drop)
      (func (export "go") (param i32)
        nop  local.get 0  call $h  i32.eqz  drop
        call $divides  memory.size  drop)
      (func $never  unreachable)
      (memory 1))
    (invoke "go" (i32.const 1))"#;

#[test]
fn a_program_is_checked_by_exactly_the_families_that_can_be_made_there() {
    let stepped = clean_but_for_traps(CaseOptions::default().schedule);
    let expected = [
        (Opcode::Nop, "step locals"),
        (Opcode::LocalGet, "step locals"),
        // Of `$h` with an operand, of `$divides` as the caller of other frames.
        (Opcode::Call, "step locals operands host_call"),
        (Opcode::I32Eqz, "step locals operands"),
        (Opcode::I64Const, "step operands callers"),
        (Opcode::I64DivS, "step operands callers trap"),
        (Opcode::Unreachable, ""),
        (Opcode::MemorySize, ""),
    ];
    for (op, families) in expected {
        assert_eq!(names(&stepped, op), families, "{op:?}");
    }
    // One breakpoint, in the callee: only its opcode has an event, but the trap and the host call
    // come as ever.
    let divides = Site::Opcode { module: 0, nth: 2 };
    let sparse = clean_but_for_traps(Schedule {
        sessions: vec![Session {
            when: When::Start,
            edits: vec![Edit::Add(divides)],
        }],
        ..Schedule::default()
    });
    let expected = [
        (Opcode::I64DivS, "breakpoint operands callers trap"),
        (Opcode::Call, "locals operands host_call"),
        (Opcode::I64Const, ""),
        (Opcode::Nop, ""),
    ];
    for (op, families) in expected {
        assert_eq!(names(&sparse, op), families, "{op:?}");
    }
}

fn names(report: &CaseReport, op: Opcode) -> String {
    let names: Vec<_> = report.tally.checked.at(op).map(Family::name).collect();
    names.join(" ")
}

fn clean_but_for_traps(schedule: Schedule) -> CaseReport {
    let options = CaseOptions {
        schedule,
        ..host(Stub::Seeded)
    };
    clean(EVERY_FAMILY, &options)
}

/// A script of the proposals beyond Wasm 2.0.
fn script_of_all(text: &str) -> Script {
    parse_script("conduct", text, lockstep::check::FEATURES).unwrap()
}

#[test]
fn a_wait_that_nothing_ends_is_inconclusive_and_is_not_waited_for() {
    let text = r#"
        (module (memory 1 1 shared)
          (func (export "wait") (param i64) (result i32)
            (memory.atomic.wait32 (i32.const 0) (i32.const 0) (local.get 0))))
        (assert_return (invoke "wait" (i64.const 1)) (i32.const 2))
        (invoke "wait" (i64.const TIMEOUT))"#;
    // For ever, and for 292 years.
    for (timeout, reason) in [
        ("-1", "the program waits for ever"),
        (
            "0x7fff_ffff_ffff_ffff",
            "the program waits for 9,223,372,036 s",
        ),
    ] {
        let script = script_of_all(&text.replace("TIMEOUT", timeout));
        let report = run(&script, &CaseOptions::default()).unwrap();
        assert!(report.divergences.is_empty(), "{report:#?}");
        let inconclusive = Status::Inconclusive(reason.to_owned());
        let expected = [&Status::Passed, &Status::Passed, &inconclusive];
        assert_eq!(statuses(&report), expected);
    }
}

/// Given a module beyond Lockstep's own limits, what a script asserts of it is not known.
#[test]
fn a_limit_of_our_own_is_inconclusive_under_every_assertion() {
    let large = r#"module (memory 5000) (data (i32.const -1) "x")"#;
    let start = r#"module (table 2000000 funcref) (func $f unreachable) (start $f)"#;
    for module in [large, start] {
        for command in [
            format!("({module})"),
            format!(r#"(assert_trap ({module}) "out of bounds memory access")"#),
            format!(r#"(assert_unlinkable ({module}) "unknown import")"#),
        ] {
            let report = run(&script_of_all(&command), &CaseOptions::default()).unwrap();
            assert!(report.divergences.is_empty(), "{report:#?}");
            let [Status::Inconclusive(reason)] = statuses(&report)[..] else {
                panic!("{report:#?}")
            };
            assert!(reason.contains("larger than the limit"), "{reason}");
        }
    }
    // What follows has no instance, whatever it asserts.
    for assertion in [
        r#"(assert_return (invoke "f"))"#,
        r#"(assert_trap (invoke "f") "unreachable")"#,
        r#"(assert_exhaustion (invoke "f") "call stack exhausted")"#,
        r#"(assert_exception (invoke "f"))"#,
    ] {
        let text = format!("({large}) {assertion}");
        let report = run(&script_of_all(&text), &CaseOptions::default()).unwrap();
        assert!(report.divergences.is_empty(), "{report:#?}");
        let Status::NotRun(_) = statuses(&report)[1] else {
            panic!("{report:#?}")
        };
    }
}

/// Given a module whose start function traps on both sides, there is nothing to run, and nothing open.
#[test]
fn an_instance_that_both_sides_refuse_leaves_nothing_open() {
    let text = r#"
        (module $m (func $f unreachable) (start $f) (func (export "g")))
        (register "m")
        (invoke "g")
        (invoke $m "g")"#;
    let options = CaseOptions {
        actions_may_trap: true,
        ..CaseOptions::default()
    };
    let report = run(&script(text), &options).unwrap();
    assert!(report.divergences.is_empty(), "{report:#?}");
    assert_eq!(*statuses(&report)[0], Status::Passed);
    assert_eq!(report.count(|status| matches!(status, Status::Void(_))), 3);
    assert_eq!(report.judgement(), lockstep::case::Judgement::Ok);
}

/// Panics in the engine's code, where nothing of the case is driven.
struct Provokes;

impl Tamper for Provokes {
    fn compiles(&mut self, _: &mut Result<(), lockstep::outcome::Outcome>) {
        lockstep::subject::wasmtime_42::wasmtime::Val::I32(0).unwrap_i64();
    }
}

/// Panics in the test's own code.
struct Panics;

impl Tamper for Panics {
    fn compiles(&mut self, _: &mut Result<(), lockstep::outcome::Outcome>) {
        panic!("a panic of our own");
    }
}

#[test]
fn a_panic_of_the_engine_is_a_finding_wherever_it_comes() {
    let text = r#"(assert_invalid (module (func (result i32))) "type mismatch")"#;
    let report = run_with(&script(text), &CaseOptions::default(), Provokes, None).unwrap();
    let [found] = &report.divergences[..] else {
        panic!("{report:#?}")
    };
    assert_eq!(found.rule, RuleId::Panic);
    assert!(
        found.observed.contains("wasmtime-42.0.2/src/"),
        "{}",
        found.observed
    );
    let own = lockstep::panics::guarded(|| {
        run_with(&script(text), &CaseOptions::default(), Panics, None)
    });
    assert_eq!(own.unwrap_err().message, "a panic of our own");
}

/// Given a heap that is full, which 42's null collector says with a trap of its own in the place of a host
/// function's error.
#[test]
fn an_allocation_that_is_too_large_is_an_exhaustion() {
    let text = r#"
        (module (type $a (array (mut i64)))
          (func (export "f") (param i32)
            (loop
              (drop (array.new_default $a (i32.const 0x400000)))
              (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
        (invoke "f" (i32.const 10))"#;
    let mut options = CaseOptions::default();
    options.settings.configuration.collector = Collector::Null;
    let report = run(&script_of_all(text), &options).unwrap();
    assert!(report.divergences.is_empty(), "{report:#?}");
    assert_eq!(*statuses(&report)[1], Status::Exhausted);
}

/// Given a module that does not fit into the pool that we ask the engine for, that is our own limit.
#[test]
fn a_module_larger_than_the_pool_is_inconclusive() {
    let tables = "(table 1 funcref) ".repeat(60);
    let mut options = CaseOptions::default();
    options.settings.configuration.allocation = Allocation::Pooling;
    for command in [
        format!("(module {tables})"),
        format!(r#"(assert_trap (module {tables}) "unreachable")"#),
    ] {
        let report = run(&script_of_all(&command), &options).unwrap();
        assert!(report.divergences.is_empty(), "{report:#?}");
        let [Status::Inconclusive(reason)] = statuses(&report)[..] else {
            panic!("{report:#?}")
        };
        assert!(
            reason.contains("exceeds the per-instance limit"),
            "{reason}"
        );
    }
}
