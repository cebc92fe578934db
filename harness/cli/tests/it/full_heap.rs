//! A heap that is full at each opcode that makes an object: nothing else in its function makes one. The event
//! comes, and every frame at it is compared, or left out by a cause that has a name.

use lockstep::case::{CaseOptions, CaseReport, Status, run, run_with};
use lockstep::check::FEATURES;
use lockstep::configuration::{Collector, GcHeap};
use lockstep::divergence::{Execution, Moment};
use lockstep::fault::{Delivery, Tamper};
use lockstep::lockstep::looks::Look;
use lockstep::rules::RuleId;
use lockstep::schedule::Schedule;
use lockstep::seen::Seen;
use lockstep::snapshot::Snapshot;
use lockstep::subject::Settings;
use lockstep::subject::engines::linked;
use lockstep::version::Version;
use lockstep_oracles::opcode::Opcode;
use lockstep_spec_tests::{Script, parse_script};
use std::collections::BTreeSet;

/// Each opcode, and what leaves an object of it on the stack; `$i` counts from 0.
const MADE: [(Opcode, &str); 8] = [
    (
        Opcode::StructNew,
        "i64.const 1 i64.const 2 i64.const 3 i64.const 4 struct.new $s",
    ),
    (Opcode::StructNewDefault, "struct.new_default $s"),
    (Opcode::ArrayNew, "i64.const 5 i32.const 100 array.new $a"),
    (
        Opcode::ArrayNewDefault,
        "i32.const 100 array.new_default $a",
    ),
    (
        Opcode::ArrayNewFixed,
        "i64.const 1 i64.const 2 i64.const 3 i64.const 4 i64.const 5 array.new_fixed $a 5",
    ),
    (
        Opcode::ArrayNewData,
        "i32.const 0 i32.const 64 array.new_data $b $d",
    ),
    (
        Opcode::ArrayNewElem,
        "i32.const 0 i32.const 8 array.new_elem $f $e",
    ),
    (
        Opcode::Throw,
        "block $h (result i64 exnref)
           try_table (catch_ref $t $h) i64.const 9 throw $t end
           unreachable
         end
         local.set $x drop local.get $x",
    ),
];

/// A program that makes objects by one opcode until the heap is full, two frames deep, above a number.
fn program((op, makes): (Opcode, &str)) -> Script {
    let (table, exception) = match op {
        Opcode::Throw => ("(table $t 8192 exnref)", "(local $x exnref)"),
        _ => ("(table $t 8192 anyref)", ""),
    };
    let data = "x".repeat(64);
    let text = format!(
        r#"(module
             (type $s (struct (field i64 i64 i64 i64)))
             (type $a (array i64)) (type $b (array i8)) (type $f (array funcref))
             (tag $t (param i64))
             {table}
             (data $d "{data}")
             (elem $e func $fill $fill $fill $fill $fill $fill $fill $fill)
             (func (export "go") i32.const 7 call $fill)
             (func $fill (param i32) (local $i i32) {exception}
               i32.const 77
               loop
                 local.get $i {makes} table.set $t
                 local.get $i i32.const 1 i32.add local.set $i br 0
               end
               drop))
           (invoke "go")"#
    );
    parse_script(&op.name(), &text, FEATURES).expect("the program parses")
}

fn options(subject: Version, collector: Collector) -> CaseOptions {
    let mut settings = Settings {
        subject,
        ..Settings::default()
    };
    settings.configuration.gc_heap = GcHeap::Kib64;
    settings.configuration.collector = collector;
    CaseOptions {
        settings,
        ..CaseOptions::default()
    }
}

/// What is shown wrong at the event of the full heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    /// The number at the bottom
    Operand,
    /// The caller is not there
    NoCaller,
    /// The parameter
    Local,
}

impl Tamper for Lie {
    fn event(&mut self, moment: Moment, stack: &mut Snapshot) -> Delivery {
        let full = matches!(moment, Moment::HostcallError | Moment::Trap);
        let Some(innermost) = stack.frames.first_mut().filter(|_| full) else {
            return Delivery::Once;
        };
        let number = match self {
            Lie::Operand => innermost.operands.first_mut(),
            Lie::Local => innermost.locals.first_mut(),
            Lie::NoCaller => {
                stack.frames.truncate(1);
                None
            }
        };
        if let Some(Some(seen)) = number {
            *seen = Seen::I32(78);
        }
        Delivery::Once
    }
}

fn rules(report: &CaseReport) -> BTreeSet<RuleId> {
    let found = report.divergences.iter();
    let found = found.filter(|found| found.execution == Execution::Instrumented);
    found.map(|found| found.rule).collect()
}

fn is_full_at_each(subject: Version, collector: Collector, schedule: &Schedule) {
    for made in MADE {
        let (op, _) = made;
        let (script, mut options) = (program(made), options(subject, collector));
        options.schedule = schedule.clone();
        let report = run(&script, &options).unwrap();
        let what = format!("{subject}, {collector:?}, {}", op.name());
        assert!(report.divergences.is_empty(), "{what}: {report:#?}");
        let exhausted = report.count(|status| *status == Status::Exhausted);
        assert_eq!(exhausted, 1, "{what}: {report:#?}");
        let stepped = *schedule == Schedule::default();
        assert!(
            !stepped || report.tally.checked.at(op).count() > 0,
            "{what}"
        );

        let looked = report.tally.looks.of(Look::OutOfMemory);
        assert_eq!(looked.events, 1, "{what}");
        let lies = |lie: Lie| rules(&run_with(&script, &options, lie, None).unwrap());
        if stepped {
            let left_out = report.tally.left_out.total();
            assert!(looked.whole == 1 || left_out > 0, "{what}: {looked:?}");
            if looked.whole == 1 && left_out == 0 {
                assert_eq!(
                    lies(Lie::Operand),
                    BTreeSet::from([RuleId::OperandValue]),
                    "{what}"
                );
                assert_eq!(
                    lies(Lie::NoCaller),
                    BTreeSet::from([RuleId::FrameCount]),
                    "{what}"
                );
            }
        } else {
            for lie in [Lie::NoCaller, Lie::Local] {
                assert_eq!(
                    lies(lie),
                    BTreeSet::from([RuleId::TrapEvent]),
                    "{what}, {lie:?}"
                );
            }
        }
    }
}

#[test]
fn the_heap_is_full_at_each_opcode_that_makes_an_object() {
    for subject in linked() {
        is_full_at_each(subject, Collector::Drc, &Schedule::default());
    }
}

/// Without an event before it the place of the full heap is told by the stack shown.
#[test]
fn the_heap_is_full_at_each_opcode_where_no_event_came_before() {
    for subject in linked() {
        is_full_at_each(subject, Collector::Drc, &Schedule::idle());
    }
}

#[test]
fn a_heap_that_is_copied_is_full_at_each_opcode_that_makes_an_object() {
    let copying = |subject: &Version| {
        let collectors = subject.conventions().collectors;
        collectors.contains(&Collector::Copying)
    };
    for subject in linked().into_iter().filter(copying) {
        is_full_at_each(subject, Collector::Copying, &Schedule::default());
        is_full_at_each(subject, Collector::Copying, &Schedule::idle());
    }
}

#[test]
fn every_opcode_that_makes_an_object_has_a_program() {
    let walked: BTreeSet<String> = MADE.iter().map(|(op, _)| op.name()).collect();
    let makes = Opcode::implemented().filter(|op| op.makes_object());
    assert_eq!(walked, makes.map(|op| op.name()).collect());
}
