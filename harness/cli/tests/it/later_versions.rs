//! What is expected of Wasmtime 48 and 50 and not of 42: each expectation holds, and fires when the subject
//! is made to lie.

use crate::cases::{calling, case_of, clean_on};
use lockstep::case::{Case, CaseOptions, CaseReport, Status, run, run_with};
use lockstep::causes::Cause;
use lockstep::causes::hazard::Dare;
use lockstep::check::FEATURES;
use lockstep::configuration::Fuel;
use lockstep::divergence::Moment;
use lockstep::fault::{Delivery, Tamper};
use lockstep::outcome::SeenTrap;
use lockstep::rules::RuleId;
use lockstep::schedule::Schedule;
use lockstep::snapshot::Snapshot;
use lockstep::subject::Settings;
use lockstep::version::Version;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::address::Pc;
use lockstep_oracles::trap::Trap;
use lockstep_spec_tests::parse_script;
use lockstep_spec_tests::script::Arg;

const CALL: &str = r#"
    (module (func $f (result i32) i32.const 1)
            (func (export "go") (result i32) call $f i32.const 2 i32.add))
    (assert_return (invoke "go") (i32.const 3))"#;

const SEGMENT: &str = r#"
    (assert_trap (module (memory 1) (data (i32.const 65536) "x")) "out of bounds memory access")"#;

/// A lie that a test tells.
#[derive(Default)]
struct Lie {
    event: Option<fn(Moment, &mut Snapshot) -> Delivery>,
    trap: Option<SeenTrap>,
}

impl Tamper for Lie {
    fn event(&mut self, moment: Moment, stack: &mut Snapshot) -> Delivery {
        self.event
            .map_or(Delivery::Once, |event| event(moment, stack))
    }

    fn trap(&mut self, trap: &mut SeenTrap) {
        if let Some(other) = self.trap {
            *trap = other;
        }
    }
}

const SUBJECTS: [Version; 2] = [Version::V48, Version::V50];

fn options(subject: Version) -> CaseOptions {
    CaseOptions {
        settings: Settings {
            subject,
            ..Settings::default()
        },
        ..CaseOptions::default()
    }
}

fn agrees(subject: Version, text: &str) -> CaseReport {
    let script = parse_script("a script", text, WasmFeatures::WASM2).unwrap();
    let report = run(&script, &options(subject)).unwrap();
    assert!(report.divergences.is_empty(), "{report:#?}");
    let failed = report.count(|status| matches!(status, Status::Failed(_)));
    assert_eq!(failed, 0, "{report:#?}");
    report
}

/// The only rule that does not hold of the script under the lie.
fn broken(subject: Version, text: &str, lie: Lie) -> RuleId {
    let script = parse_script("a script", text, WasmFeatures::WASM2).unwrap();
    let report = run_with(&script, &options(subject), lie, None).unwrap();
    let [divergence] = &report.divergences[..] else {
        panic!("{report:#?}")
    };
    divergence.rule
}

#[test]
fn a_caller_is_behind_its_call() {
    for subject in SUBJECTS {
        agrees(subject, CALL);
        let at_call = |_: Moment, stack: &mut Snapshot| {
            if let [_, caller] = &mut stack.frames[..] {
                // `call $f` has two bytes.
                caller.place.pc = Pc(caller.place.pc.0 - 2);
            }
            Delivery::Once
        };
        let lie = Lie {
            event: Some(at_call),
            ..Lie::default()
        };
        assert_eq!(broken(subject, CALL, lie), RuleId::FrameCallerPc);
    }
}

#[test]
fn a_segment_that_traps_is_an_event() {
    for subject in SUBJECTS {
        agrees(subject, SEGMENT);
        let lie = Lie {
            event: Some(without_trap),
            ..Lie::default()
        };
        assert_eq!(broken(subject, SEGMENT, lie), RuleId::TrapEvent);
        let lie = Lie {
            trap: Some(SeenTrap::Wasm(Trap::Unreachable)),
            ..Lie::default()
        };
        assert_eq!(broken(subject, SEGMENT, lie), RuleId::TrapEvent);
    }
}

/// The `Trap` event is lost.
fn without_trap(moment: Moment, _: &mut Snapshot) -> Delivery {
    match moment {
        Moment::Trap => Delivery::Never,
        _ => Delivery::Once,
    }
}

/// The growth costs as much fuel as there can be.
const FUEL: &str = r#"
    (module (table i64 8 funcref)
            (func (export "go") (drop (table.grow (ref.null func) (i64.const -1)))))
    (invoke "go")
    (invoke "go")"#;

fn with_fuel(subject: Version, text: &str, lie: Lie) -> CaseReport {
    let script = parse_script("a script", text, FEATURES).unwrap();
    let mut options = options(subject);
    options.settings.configuration.fuel = Fuel::On;
    run_with(&script, &options, lie, None).unwrap()
}

/// With this lie the program that lacks fuel breaks the rule, others or not.
fn assert_breaks(subject: Version, lie: Lie, rule: RuleId) {
    let report = with_fuel(subject, FUEL, lie);
    let mut found = report.divergences.iter().map(|found| found.rule);
    assert!(found.any(|found| found == rule), "{report:#?}");
}

#[test]
fn fuel_that_runs_out_is_an_exhaustion_at_its_opcode() {
    // On 50 a growth costs no more than another opcode.
    let subject = Version::V48;
    let report = with_fuel(subject, FUEL, Lie::default());
    assert!(report.divergences.is_empty(), "{report:#?}");
    assert_ne!(
        report.count(|status| *status == Status::Exhausted),
        0,
        "{report:#?}"
    );
    let moved = |moment: Moment, stack: &mut Snapshot| {
        if moment == Moment::Trap {
            stack.frames[0].place.pc.0 -= 1;
        }
        Delivery::Once
    };
    let lie = Lie {
        event: Some(moved),
        ..Lie::default()
    };
    assert_breaks(subject, lie, RuleId::CheckPc);
    let lie = Lie {
        event: Some(without_trap),
        ..Lie::default()
    };
    assert_breaks(subject, lie, RuleId::TrapEvent);
}

/// The array is larger than either side makes.
#[test]
fn a_heap_that_is_too_small_on_both_sides_is_nothing_to_report() {
    for subject in SUBJECTS {
        let text = r#"(module (type $a (array (mut i64)))
            (global (ref $a) (array.new_default $a (i32.const 0x10000000))))"#;
        let script = parse_script("a script", text, FEATURES).unwrap();
        let report = run(&script, &options(subject)).unwrap();
        assert!(report.divergences.is_empty(), "{report:#?}");
        assert_eq!(
            report.count(|status| matches!(status, Status::Inconclusive(_))),
            1
        );
    }
}

#[test]
fn every_v128_is_read() {
    for subject in SUBJECTS {
        let report = agrees(
            subject,
            r#"(module (func (export "go") (param v128)))
               (invoke "go" (v128.const i64x2 1 2))"#,
        );
        assert_eq!(report.tally.left_out.of(Cause::V128Slot), 0);
        assert_ne!(report.tally.values, 0);
    }
}

#[test]
fn the_frame_behind_a_start_function_is_not_looked_at() {
    for subject in SUBJECTS {
        let report = agrees(subject, "(module (func $f) (func $s call $f) (start $s))");
        assert_ne!(report.tally.left_out.of(Cause::StartupFrame), 0);
    }
}

#[test]
fn single_step_covers_a_module_that_comes_later() {
    for subject in SUBJECTS {
        let report = lockstep::case::probe::late_module(subject).unwrap();
        assert!(
            report.divergences.is_empty() && report.known.is_empty(),
            "{report:#?}"
        );
    }
}

/// A case that dares what the version does not forbid is run to its end.
#[test]
fn a_dare_of_a_cause_that_the_version_lacks_is_none() {
    let text = r#"(module (func (export "f") (param v128)))"#;
    let schedule = Schedule {
        dare: Some(Dare::Cause(Cause::V128Slot)),
        ..Schedule::default()
    };
    let case = Case {
        schedule,
        ..case_of(&[("main", text)])
    };
    let case = calling(case, "f", &[Arg::V128(2 << 64 | 1)]);
    for subject in SUBJECTS {
        let report = clean_on(subject, &case);
        assert!(report.dared.is_none(), "{report:#?}");
        assert_ne!(report.tally.values, 0);
    }
}

/// An artifact says which version made it: the one that the subject says it is.
#[test]
fn the_name_is_that_of_what_is_built() {
    const EMPTY: &[u8] = b"\0asm\x01\0\0\0";
    let artifacts = [
        subject_48::wasmtime::Engine::default()
            .precompile_module(EMPTY)
            .unwrap(),
        subject_50::wasmtime::Engine::default()
            .precompile_module(EMPTY)
            .unwrap(),
    ];
    for (subject, artifact) in SUBJECTS.into_iter().zip(artifacts) {
        let name = subject.name();
        let number = name.strip_prefix("wasmtime ").unwrap();
        let (major, _) = number.split_once('.').unwrap();
        // It begins with the artifact's format, 0, and the major version's text.
        let length = u8::try_from(major.len()).unwrap();
        let said = [&[0, length], major.as_bytes()].concat();
        let mut places = artifact.windows(said.len());
        assert!(places.any(|place| place == said), "not from {name}");
    }
}
