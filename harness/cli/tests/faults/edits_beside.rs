//! Lies just beside what the causes of edits explain: each is seen, and the cause is not named for it.

use super::edits::sessions;
use super::lie::{Fault, Lie, at};
use super::programs::Program;
use super::rows::rules;
use lockstep::case::{CaseReport, run, run_with};
use lockstep::causes::Cause;
use lockstep::divergence::Execution;
use lockstep::rules::RuleId;
use lockstep::schedule::{Edit, Schedule, Site, When};
use lockstep::version::Version;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

/// Two calls of straight-line code.
const TWICE: Program = Program::new(
    r#"(module (func (export "go") (param i32) (result i32) local.get 0  i32.const 30  i32.sub))
       (assert_return (invoke "go" (i32.const 50)) (i32.const 20))
       (assert_return (invoke "go" (i32.const 70)) (i32.const 40))"#,
);

const CONSTANT: Edit = Edit::Add(Site::Opcode { module: 0, nth: 1 });
const CONSTANT_GONE: Edit = Edit::Remove(Site::Opcode { module: 0, nth: 1 });
const SUBTRACTION: Edit = Edit::Add(Site::Opcode { module: 0, nth: 2 });
const SUBTRACTION_GONE: Edit = Edit::Remove(Site::Opcode { module: 0, nth: 2 });

/// The report on a subject, of the truth or with a fault that is told.
fn report(subject: Version, schedule: fn() -> Schedule, fault: Option<Fault>) -> CaseReport {
    let program = TWICE.under(schedule);
    let mut options = program.options();
    options.settings.subject = subject;
    let Some(fault) = fault else {
        let report = run(&program.script(), &options).unwrap();
        assert!(report.divergences.is_empty(), "{report:#?}");
        return report;
    };
    let (lie, told) = Lie::new(fault, &program.script());
    let report = run_with(&program.script(), &options, lie, None).unwrap();
    assert_ne!(told.load(Ordering::Relaxed), 0, "the lie was never told");
    report
}

fn assert_seen(report: &CaseReport, rule: RuleId) {
    let fired = rules(report, Execution::Instrumented);
    assert_eq!(fired, BTreeSet::from([rule]), "{report:#?}");
}

/// Single-step before the module comes, and again between the calls.
fn late() -> Schedule {
    const ON: &[Edit] = &[Edit::SingleStep(true)];
    Schedule {
        late_modules: true,
        ..sessions([(When::Start, ON), (When::Step(1), ON)])
    }
}

#[test]
fn a_late_modules_events_are_explained_until_the_next_edit() {
    let truth = report(Version::V42, late, None);
    // Four opcodes in the first call; in the second all have their events.
    assert_eq!(truth.known.get(&Cause::LateModule), Some(&4), "{truth:#?}");
    assert_eq!(truth.tally.sequence_points, 4);
    for opcode in ["local.get", "i32.sub", "end"] {
        let lost = report(Version::V42, late, Some(Fault::Skip(at(opcode))));
        assert_seen(&lost, RuleId::StepLost);
    }
}

/// A version that reaches later modules has no excuse.
#[test]
fn a_late_modules_events_are_not_lost_where_the_cause_is_not() {
    let truth = report(Version::V48, late, None);
    assert_eq!(truth.tally.sequence_points, 8, "{truth:#?}");
    let lost = report(Version::V48, late, Some(Fault::Skip(at("i32.sub"))));
    assert_seen(&lost, RuleId::StepLost);
}

mod counted {
    use super::*;
    use lockstep::schedule::EngineEdit;

    const SUBJECT: Version = Version::V48;

    /// One is asked for twice and removed once, the other asked for once and removed once.
    fn beside() -> Schedule {
        let asked = [CONSTANT, SUBTRACTION, CONSTANT];
        let gone = [CONSTANT_GONE, SUBTRACTION_GONE];
        sessions([(When::Start, &asked), (When::Step(1), &gone)])
    }

    /// It is asked for once and removed once.
    fn once() -> Schedule {
        let gone = [SUBTRACTION_GONE];
        sessions([(When::Start, &[SUBTRACTION]), (When::Step(1), &gone)])
    }

    /// A breakpoint between two opcodes.
    fn slipped() -> Schedule {
        let between = Site::Pc { module: 0, pc: 0 };
        sessions([(When::Start, &[Edit::Add(between)])])
    }

    fn not_removed(edit: &mut Option<EngineEdit>, _: &super::super::lie::Code) {
        if matches!(edit, Some(EngineEdit::Remove { .. })) {
            *edit = None;
        }
    }

    #[test]
    fn only_what_is_still_counted_may_stay() {
        let truth = report(SUBJECT, beside, None);
        // It is listed after the removal, and its event comes in the second call.
        let count = truth.known.get(&Cause::BreakpointCount);
        assert_eq!(count, Some(&2), "{truth:#?}");
        assert_eq!(truth.tally.sequence_points, 3);
        let stays = report(SUBJECT, once, Some(Fault::Edit(not_removed)));
        assert_seen(&stays, RuleId::BreakSpurious);
        assert_eq!(stays.known.get(&Cause::BreakpointCount), None);
    }

    #[test]
    fn only_what_is_still_counted_may_be_listed() {
        const TOO_MUCH: Fault = Fault::EditState(|_, listed| {
            // The breakpoint behind the one that stays.
            if let [(module, pc)] = listed[..] {
                listed.push((module, pc + 2));
            }
        });
        assert_seen(
            &report(SUBJECT, beside, Some(TOO_MUCH)),
            RuleId::EditBreakpoints,
        );
    }

    #[test]
    fn an_event_that_a_count_keeps_is_not_lost() {
        let lost = report(SUBJECT, beside, Some(Fault::Skip(at("i32.const").nth(2))));
        assert_seen(&lost, RuleId::BreakLost);
    }

    #[test]
    fn a_breakpoint_slips_no_further_than_to_the_next_opcode_that_surely_has_code() {
        report(SUBJECT, slipped, None);
        const FURTHER: Fault = Fault::EditState(|_, listed| {
            listed.iter_mut().for_each(|(_, pc)| *pc += 2);
        });
        assert_seen(
            &report(SUBJECT, slipped, Some(FURTHER)),
            RuleId::EditBreakpoints,
        );
    }
}
