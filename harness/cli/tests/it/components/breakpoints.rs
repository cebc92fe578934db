//! Breakpoints in components: set where they should be, and what `COMPONENT-PATCHES` explains of them is no more than
//! what it predicts.

use super::*;
use lockstep::conventions::ComponentPcs;
use lockstep::divergence::Moment;
use lockstep::fault::Delivery;
use lockstep::schedule::{Session, When};
use lockstep::snapshot::Snapshot;

const ONE: Site = Site::Opcode { module: 0, nth: 1 };
const LAST: Site = Site::Opcode { module: 1, nth: 3 };

/// Loses or doubles the event of this number, from 0.
#[derive(Clone, Copy)]
struct At(u64, Delivery);

impl Tamper for At {
    fn event(&mut self, _: Moment, _: &mut Snapshot) -> Delivery {
        let due = self.0 == 0;
        self.0 = self.0.wrapping_sub(1);
        if due { self.1 } else { Delivery::Once }
    }
}

/// A call with single-step, which makes the modules known to every version, and the same calls without.
fn sessions(calls: u32) -> Vec<Session> {
    let on = [Edit::SingleStep(true), Edit::Add(ONE), Edit::Add(LAST)];
    vec![
        Session {
            when: When::Start,
            edits: on.to_vec(),
        },
        Session {
            when: When::Step(calls),
            edits: vec![Edit::SingleStep(false)],
        },
    ]
}

fn report(text: &str, calls: &[&str], subject: Version, lie: At) -> CaseReport {
    let twice = [calls, calls].concat();
    let (script, mut options) = case(text, &twice, subject);
    options.schedule.sessions = sessions(calls.len() as u32);
    run_with(&script, &options, lie, None).unwrap()
}

const NO_LIE: At = At(u64::MAX, Delivery::Once);

#[test]
fn the_breakpoints_of_the_last_module_stay_and_those_of_the_first_are_counted() {
    for subject in linked() {
        let report = report(PAIR, &["one()", "last()"], subject, NO_LIE);
        assert!(report.divergences.is_empty(), "on {subject}: {report:#?}");
        let lost = report.known.get(&Cause::ComponentPatches);
        assert_eq!(lost, Some(&1), "on {subject}");
        // All opcodes of both functions, and the one breakpoint that is left.
        assert_eq!(report.tally.sequence_points, 4 + 5 + 1, "on {subject}");
    }
}

#[test]
fn a_breakpoint_is_one_of_each_module_where_pcs_are_those_of_the_module() {
    // The last module's breakpoint is at the PC of the other's `end`.
    let text = PAIR.replace("the-function", "fun");
    for subject in linked() {
        let report = report(&text, &["one()", "last()"], subject, NO_LIE);
        assert!(report.divergences.is_empty(), "on {subject}: {report:#?}");
        let of_module = subject.conventions().component_pcs == ComponentPcs::OfModule;
        let known = report.known.get(&Cause::ComponentPatches);
        let expected = 1 + u64::from(of_module);
        assert_eq!(known, Some(&expected), "on {subject}");
    }
}

/// The rule that fires, and no other, where the event of the breakpoint that stays comes so.
fn fires_there(delivery: Delivery, rule: RuleId) {
    for subject in linked() {
        let report = report(PAIR, &["one()", "last()"], subject, At(9, delivery));
        let found: Vec<RuleId> = report.divergences.iter().map(|found| found.rule).collect();
        assert_eq!(found, [rule], "on {subject}");
    }
}

#[test]
fn a_breakpoint_that_stays_has_its_event() {
    fires_there(Delivery::Never, RuleId::BreakLost);
}

#[test]
fn a_breakpoint_that_is_left_has_one_event() {
    fires_there(Delivery::Twice, RuleId::BreakSpurious);
}

#[test]
fn a_component_of_one_module_loses_none() {
    for subject in linked() {
        let edits = [Edit::SingleStep(true), Edit::Add(ONE)];
        let (script, mut options) = case(SCALARS, &["add(1, 2)", "add(1, 2)"], subject);
        options.schedule.sessions = sessions(1);
        options.schedule.sessions[0].edits = edits.to_vec();
        let report = run(&script, &options).unwrap();
        assert!(report.divergences.is_empty(), "on {subject}: {report:#?}");
        assert!(report.known.is_empty(), "on {subject}: {report:#?}");
    }
}

/// What is not carried out for components is said by name, and nothing is run.
#[test]
fn a_look_at_the_code_of_a_component_is_unsupported() {
    for subject in linked() {
        let (script, mut options) = case(SCALARS, &["spin(40)"], subject);
        options.schedule.code_image = true;
        let report = run(&script, &options).unwrap();
        assert!(report.divergences.is_empty(), "on {subject}: {report:#?}");
        let said = "components are not run with a look at the code image".to_owned();
        let status = &report.commands[0].status;
        assert_eq!(*status, Status::Unsupported(said), "on {subject}");
    }
}
