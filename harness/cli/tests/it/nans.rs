//! `nans=any`: every NaN that the specification allows is right, no other is, and the oracle goes on
//! with the one that the subject took.

use lockstep::case::{CaseOptions, CaseReport, Status, UNSEEN_NANS, run, run_with};
use lockstep::configuration::{Configuration, Nans};
use lockstep::divergence::Moment;
use lockstep::fault::{Delivery, Honest, Tamper};
use lockstep::rules::RuleId;
use lockstep::schedule::{Edit, Schedule, Session, When};
use lockstep::seen::Seen;
use lockstep::snapshot::Snapshot;
use lockstep::subject::Settings;
use lockstep_oracles::WasmFeatures;
use lockstep_spec_tests::{Script, Selection, parse_script};

fn script(text: &str) -> Script {
    parse_script("nans", text, WasmFeatures::WASM2).unwrap()
}

fn any() -> CaseOptions {
    CaseOptions {
        settings: Settings {
            configuration: Configuration {
                nans: Nans::Any,
                ..Configuration::default()
            },
            ..Settings::default()
        },
        ..CaseOptions::default()
    }
}

/// Shows this as the top operand of the innermost frame at the event with this number, from 1.
struct Shows(u32, Seen);

impl Tamper for Shows {
    fn event(&mut self, moment: Moment, stack: &mut Snapshot) -> Delivery {
        if moment == Moment::Breakpoint {
            self.0 = self.0.wrapping_sub(1);
            if let (0, Some(top)) = (self.0, stack.frames[0].operands.last_mut()) {
                *top = Some(self.1);
            }
        }
        Delivery::Once
    }
}

/// The rules that diverge when the body's value is shown so at the event with this number.
fn diverging(body: &str, event: u32, shown: Seen) -> Vec<RuleId> {
    let text =
        format!(r#"(module (func (export "f") (param i64) {body})) (invoke "f" (i64.const 0))"#);
    let report = run_with(&script(&text), &any(), Honest, None).unwrap();
    assert!(report.divergences.is_empty(), "{report:#?}");
    let report = run_with(&script(&text), &any(), Shows(event, shown), None).unwrap();
    let rules = report.divergences.iter().map(|divergence| divergence.rule);
    rules.collect()
}

/// Without a NaN among the operands; the value is seen before `drop`, at the third event.
const OF_A_NUMBER: &str = "f32.const -1 f32.sqrt drop";
/// Of an arithmetic NaN.
const OF_A_NAN: &str = "f32.const nan:0x400001 f32.sqrt drop";
const WRONG: &[RuleId] = &[RuleId::OperandValue];

#[test]
fn a_nan_of_numbers_is_canonical() {
    for bits in [0x7fc0_0000, 0xffc0_0000] {
        assert_eq!(diverging(OF_A_NUMBER, 3, Seen::F32(bits)), []);
    }
    for bits in [0x7fc0_0001, 0xffe0_0000, 0x7f80_0001, 0x7f80_0000, 0] {
        assert_eq!(diverging(OF_A_NUMBER, 3, Seen::F32(bits)), WRONG);
    }
}

#[test]
fn a_nan_of_a_nan_is_arithmetic() {
    for bits in [0x7fc0_0000, 0xffc0_0000, 0x7fc0_0002, 0xffff_ffff] {
        assert_eq!(diverging(OF_A_NAN, 3, Seen::F32(bits)), []);
    }
    for bits in [0x7f80_0001, 0xffbf_ffff, 0xff80_0000, 0] {
        assert_eq!(diverging(OF_A_NAN, 3, Seen::F32(bits)), WRONG);
    }
    let wide = "f64.const nan:0x8000000000001 f64.neg f64.floor drop";
    let shown = |bits| diverging(wide, 4, Seen::F64(bits));
    assert_eq!(shown(0x7fff_ffff_ffff_ffff), []);
    assert_eq!(shown(0x7ff0_0000_0000_0001), WRONG);
}

#[test]
fn each_lane_is_judged_by_itself() {
    // Behind the parameter the vector's slot can be read.
    let body = "v128.const f32x4 -1 4 nan:0x400001 inf f32x4.sqrt drop";
    let shown = |lanes: [u32; 4]| {
        let bytes = lanes.iter().rev();
        let bits = bytes.fold(0, |bits, &lane| bits << 32 | u128::from(lane));
        diverging(body, 3, Seen::V128(bits))
    };
    let (two, infinity, payload) = (0x4000_0000, 0x7f80_0000, 0xffc1_2345);
    assert_eq!(shown([0xffc0_0000, two, payload, infinity]), []);
    assert_eq!(shown([payload, two, payload, infinity]), WRONG);
    assert_eq!(shown([0x7fc0_0000, two + 1, payload, infinity]), WRONG);
    assert_eq!(shown([0x7fc0_0000, two, infinity + 1, infinity]), WRONG);
}

#[test]
fn what_works_on_bits_leaves_nothing_open() {
    for body in [
        "f32.const nan:0x400001 f32.abs drop",
        "f32.const nan:0x400001 nop drop",
    ] {
        assert_eq!(diverging(body, 3, Seen::F32(0x7fc0_0000)), WRONG, "{body}");
    }
}

#[test]
fn a_nan_that_was_seen_stays() {
    let body = "f32.const nan:0x400001 f32.sqrt nop drop";
    assert_eq!(diverging(body, 4, Seen::F32(0x7fc0_0002)), WRONG);
}

/// Payloads go through memory, globals, calls and results; the comparison of each is exact.
#[test]
fn the_oracle_computes_with_the_subjects_nan() {
    let text = r#"
        (module (memory 1) (global (mut f64) (f64.const 0))
          (func $twice (param f32) (result f32) local.get 0 local.get 0 f32.add)
          (func (export "f") (result i32 f64)
            i32.const 8  f32.const nan:0x400001  call $twice  f32.store
            i32.const 8  f32.load  f64.promote_f32  global.set 0
            i32.const 8  i32.load
            global.get 0  f64.const 1  f64.add  return))
        (invoke "f")"#;
    let outcome = |options: &CaseOptions| {
        let report = run(&script(text), options).unwrap();
        assert!(report.divergences.is_empty(), "{report:#?}");
        assert!(report.commands.iter().all(|c| c.status == Status::Passed));
        (report.two_way, report.commands[1].outcome.clone().unwrap())
    };
    let canonical = "returned (i32:2143289344, f64:nan:0x7ff8000000000000)";
    assert_eq!(
        outcome(&CaseOptions::default()),
        (false, canonical.to_owned())
    );
    let (two_way, theirs) = outcome(&any());
    assert!(two_way);
    // Every machine that Lockstep runs on keeps the payload of a single NaN.
    assert_ne!(theirs, canonical);
}

#[test]
fn a_nan_that_cannot_be_seen_is_not_computed_with() {
    // A vector that comes first in the frame is in a slot that cannot be read.
    let body = |rest: &str| {
        format!(
            r#"(module (func (export "f") (result v128)
                 v128.const f32x4 -1 1 1 1  f32x4.sqrt  {rest}))
               (invoke "f") (invoke "f")"#
        )
    };
    let status = |rest: &str| {
        let report: CaseReport = run(&script(&body(rest)), &any()).unwrap();
        assert!(report.divergences.is_empty(), "{report:#?}");
        report.commands[1].status.clone()
    };
    assert_eq!(status(""), Status::Passed);
    assert_eq!(status("block nop end return"), Status::Passed);
    // Others lie above it, and it is dropped, or is on top again.
    assert_eq!(status("i32.const 1  i32.eqz  drop"), Status::Passed);
    assert_eq!(
        status("i32.const 1  if nop end  i32.const 7  drop"),
        Status::Passed
    );
    let dropped = "i64.const 1  drop  drop  v128.const i64x2 1 2";
    assert_eq!(status(dropped), Status::Passed);
    for uses in [
        "i32.const 1  i32x4.shl",
        "i32.const 1  drop  f32x4.neg",
        // Where a branch goes is not told apart.
        "block i32.const 1  br_if 0  end",
    ] {
        assert!(matches!(status(uses), Status::Inconclusive(_)), "{uses}");
    }
    let Status::Inconclusive(why) = status("f32x4.neg") else {
        panic!("not inconclusive")
    };
    assert!(why.contains("cannot be read"), "{why}");
}

#[test]
fn a_schedule_under_which_nans_are_not_seen_is_refused() {
    let text = script(r#"(module (func (export "f"))) (invoke "f")"#);
    let off = Session {
        when: When::HostCall(1),
        edits: vec![Edit::SingleStep(false)],
    };
    let mut schedule = Schedule::default();
    assert!(schedule.steps_throughout());
    schedule.sessions.push(off);
    for schedule in [schedule, Schedule::idle()] {
        assert!(!schedule.steps_throughout());
        let options = CaseOptions { schedule, ..any() };
        let report = run(&text, &options).unwrap();
        assert_eq!(report.refused.as_deref(), Some(UNSEEN_NANS));
        assert!(report.commands.is_empty());
    }
}

/// The suite says which NaNs may come: of what it asserts of floats, nothing fails.
#[test]
fn official_scripts_of_floats_are_clean() {
    let floats = |name: &str| {
        let file = name.rsplit('/').next().unwrap_or(name);
        [
            "f32",
            "f64",
            "float_",
            "simd_f32x4",
            "simd_f64x2",
            "conversions",
            "simd_conversions",
        ]
        .iter()
        .any(|prefix| file.starts_with(prefix))
    };
    let (mut scripts, mut passed, mut undecided) = (0, 0, 0);
    for file in Selection::Wasm2.scripts().filter(|file| floats(&file.name)) {
        let report = run(&file.parse().unwrap(), &any()).unwrap();
        assert!(
            report.divergences.is_empty(),
            "{}: {:#?}",
            file.name,
            report.divergences
        );
        assert_eq!(report.count(|s| matches!(s, Status::Failed(_))), 0);
        let open = report.count(|s| matches!(s, Status::Inconclusive(_) | Status::NotRun(_)));
        if open > 0 {
            println!(
                "{}: {open} of {} undecided",
                file.name,
                report.commands.len()
            );
        }
        undecided += open;
        passed += report.count(|s| *s == Status::Passed);
        scripts += 1;
    }
    println!("{scripts} scripts, {passed} commands passed, {undecided} undecided");
    assert!(
        scripts > 10 && passed > 50 * undecided,
        "{passed} {undecided}"
    );
}
