//! A subject that lies about a value, told from the oracle's own stack.

use super::*;
use crate::causes::{Causes, slots};
use crate::configuration::Configuration;
use crate::divergence::Execution;
use crate::lockstep::following::program::ModuleFacts;
use crate::lockstep::following::setting::DriverConfig;
use crate::lockstep::policy::FramePolicy;
use crate::observe::Boundary;
use crate::rules::RuleId;
use crate::schedule::EngineEdit;
use crate::seen::Seen;
use crate::snapshot::{FrameCopy, Snapshot};
use crate::subject::limits;
use crate::version::Version;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::machine::{EverySequencePoint, Machine};
use lockstep_oracles::module::Module;
use lockstep_oracles::store::Extern;
use lockstep_oracles::value::{Cell, Value};
use std::sync::Arc;

/// Fifty locals of type `i32` and a loop that sets some of them; `g` leaves the caller waiting.
fn program() -> String {
    let locals = "i32 ".repeat(49);
    format!(
        r#"(module
             (func $g (param i32) (result i32) (local {locals}) (i32.mul (local.get 0) (i32.const 3)))
             (func (export "f") (param i32) (local {locals})
               (loop
                 (local.set 17 (i32.add (local.get 17) (i32.const 5)))
                 (local.set 33 (call $g (local.get 17)))
                 (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#
    )
}

/// A program in a machine of its own, which is the subject, and in the driver's.
struct Twins {
    subject: Machine,
    driver: Driver,
}

impl Twins {
    /// Of a case that has read its share of values, so that the sampler has its say.
    fn new(frames: FramePolicy) -> Twins {
        let mut twins = Twins::fresh(frames);
        twins.driver.recorder.tally.values = WHOLE;
        twins
    }

    fn fresh(frames: FramePolicy) -> Twins {
        let bytes = wat::parse_str(program()).unwrap();
        let features = WasmFeatures::WASM2;
        let module = Module::new(&bytes, features).unwrap();
        let mut subject = Machine::new(limits::limits());
        let mut driver = Driver::new(DriverConfig {
            subject: Version::V48,
            execution: Execution::Instrumented,
            configuration: Configuration::default(),
            frames,
            limits: limits::limits(),
            max_events: 100_000,
            subject_stack: limits::WASM_STACK,
        });
        subject.instantiate(&module, &[]).unwrap();
        let instance = driver.following.machine.instantiate(&module, &[]).unwrap();
        driver.add_instance(ModuleFacts {
            bytes: bytes.into(),
            features,
            keeps_changed: Arc::new([]),
            layouts: slots::layouts(Causes::of(Version::V48), &module, false).into(),
        });
        let Some(Extern::Func(func)) = driver
            .following
            .machine
            .store
            .instance(instance)
            .export("f")
        else {
            panic!("no function")
        };
        driver
            .following
            .breakpoints
            .edit(EngineEdit::SingleStep(true));
        driver.begin(func, &[Value::I32(20)]).unwrap();
        subject.invoke(func, &[Value::I32(20)]).unwrap();
        Twins { subject, driver }
    }

    /// What the subject shows at its next event; none behind the last.
    fn show(&mut self) -> Option<Snapshot> {
        if self.subject.run(&EverySequencePoint) != Stop::SequencePoint {
            return None;
        }
        let seen = |cells: &[Cell]| cells.iter().map(|c| Some(Seen::I32(c.u32()))).collect();
        let frames = self.subject.frames().map(|view| {
            let place = expected_place(&view, self.driver.following.setting.conventions);
            FrameCopy {
                place,
                code: place.func.map(|func| (func.0, place.pc)),
                locals: seen(view.locals),
                operands: seen(view.operands),
                boundary: Boundary::Same,
            }
        });
        let mut frames: Vec<FrameCopy> = frames.collect();
        frames.last_mut()?.boundary = Boundary::Host;
        Some(Snapshot {
            frames,
            ..Snapshot::default()
        })
    }

    /// Lets the subject lie at each event that `lie` changes; the number of the first lie, of the event at
    /// which the rule was reported, and how many there are.
    fn lie(mut self, lie: impl Fn(&mut Snapshot) -> bool) -> (Option<u64>, Option<u64>, u64) {
        let (mut first, mut found, mut events) = (None, None, 0);
        while let Some(mut shown) = self.show() {
            if lie(&mut shown) {
                first.get_or_insert(events);
            }
            assert_eq!(self.driver.breakpoint(&mut shown), Flow::Continue);
            let report = self.driver.recorder.findings.unexplained.first();
            if let Some(report) = report {
                assert_eq!(report.rule, RuleId::LocalValue);
                found.get_or_insert(events);
            }
            events += 1;
        }
        (first, found, events)
    }
}

/// Shows a local of the frame with another value.
fn wrong(shown: &mut Snapshot, frame: usize, local: usize) -> bool {
    let Some(Some(Seen::I32(value))) = shown
        .frames
        .get_mut(frame)
        .and_then(|frame| frame.locals.get_mut(local))
    else {
        return false;
    };
    *value ^= 1;
    true
}

#[test]
fn an_honest_subject_agrees_and_is_read_far_less() {
    let values = |frames| {
        let mut twins = Twins::new(frames);
        while let Some(mut shown) = twins.show() {
            assert_eq!(twins.driver.breakpoint(&mut shown), Flow::Continue);
        }
        assert!(twins.driver.recorder.findings.unexplained.is_empty());
        let tally = &twins.driver.recorder.tally;
        (
            tally.values - WHOLE,
            tally.values_skipped,
            tally.sequence_points,
        )
    };
    let (all, none, events) = values(FramePolicy::All);
    let (sampled, skipped, same) = values(FramePolicy::Sampled);
    assert_eq!((none, events), (0, same));
    assert!(skipped > 0 && sampled < all / 2, "{sampled} of {all}");
}

#[test]
fn a_case_is_compared_whole_at_first() {
    // A frame that waits, wrong at one event within its callee alone.
    let lie = |shown: &mut Snapshot| {
        let once = shown.frames.len() == 2 && shown.frames[0].operands.len() == 2;
        let first = shown.frames.last().and_then(|frame| frame.locals.get(17));
        once && first == Some(&Some(Seen::I32(5))) && wrong(shown, 1, 40)
    };
    let (first, found, _) = Twins::fresh(FramePolicy::Sampled).lie(lie);
    assert!(first.is_some());
    assert_eq!(first, found);
    let (first, found, _) = Twins::new(FramePolicy::Sampled).lie(lie);
    assert!(first.is_some());
    assert_eq!(found, None, "what the documents say that it can miss");
}

#[test]
fn a_local_that_stays_wrong_is_found_within_a_round_wherever_it_is() {
    for local in 0..50 {
        let (first, found, _) = Twins::new(FramePolicy::Sampled)
            .lie(|shown| shown.frames.len() == 1 && wrong(shown, 0, local));
        let (first, found) = (first.unwrap(), found.unwrap());
        assert!(
            found - first <= 50 / WINDOW as u64 + 1,
            "local {local}: {first}, {found}"
        );
    }
}

#[test]
fn a_local_that_is_set_is_compared_at_once() {
    // Which alone it is wrong at: behind the first opcode that sets it.
    let (first, found, _) = Twins::new(FramePolicy::Sampled).lie(|shown| {
        let set = shown.frames[0].locals.get(17) == Some(&Some(Seen::I32(5)));
        let once = shown.frames.len() == 1 && shown.frames[0].operands.is_empty();
        set && once && wrong(shown, 0, 17)
    });
    assert!(first.is_some());
    assert_eq!(first, found);
}

#[test]
fn a_waiting_frame_that_is_wrong_is_found_when_its_callee_is_entered() {
    let (first, found, _) = Twins::new(FramePolicy::Sampled)
        .lie(|shown| shown.frames.len() == 2 && wrong(shown, 1, 40));
    assert!(first.is_some());
    assert_eq!(first, found);
}
