//! What a row of the table does: the program is clean, and with the fault exactly one rule fires.

use super::edits::ALONE;
use super::lie::{Fault, Lie};
use super::programs::Program;
use lockstep::case::{CaseReport, Status, run, run_with};
use lockstep::divergence::{Execution, Moment};
use lockstep::rules::RuleId;
use lockstep::version::Version;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

/// Where the fault is.
pub(crate) enum Told {
    /// In what the instrumented subject shows.
    Lie(Fault),
    /// In the script: what it asserts does not hold.
    Script(Program),
}

impl From<Fault> for Told {
    fn from(fault: Fault) -> Told {
        Told::Lie(fault)
    }
}

impl From<Program> for Told {
    fn from(program: Program) -> Told {
        Told::Script(program)
    }
}

/// The rules that fired in an execution.
pub(crate) fn rules(report: &CaseReport, execution: Execution) -> BTreeSet<RuleId> {
    let found = report
        .divergences
        .iter()
        .filter(|found| found.execution == execution);
    found.map(|found| found.rule).collect()
}

/// Holds a row on every version: without the fault nothing fires, with it this rule alone.
#[track_caller]
pub(crate) fn fires(rule: RuleId, program: Program, fault: Told) {
    let _alone = program.options().schedule.code_image.then(|| ALONE.lock());
    for subject in program.subjects() {
        fires_on(subject, rule, program, &fault);
    }
}

#[track_caller]
fn fires_on(subject: Version, rule: RuleId, program: Program, fault: &Told) {
    let options = program.options_on(subject);
    let clean = run(&program.script(), &options).unwrap();
    assert!(
        clean.divergences.is_empty(),
        "{subject} without a fault: {:#?}",
        clean.divergences
    );
    assert_eq!(
        clean.count(|s| matches!(s, Status::Passed | Status::Exhausted)),
        clean.commands.len() as u64,
        "{subject}: {clean:#?}"
    );

    let report = match fault {
        Told::Lie(fault) => {
            let (lie, told) = Lie::new(*fault, &program.script());
            let report = run_with(&program.script(), &options, lie, None).unwrap();
            let told = told.load(Ordering::Relaxed);
            assert_ne!(told, 0, "{subject}: the lie was never told");
            assert!(
                rules(&report, Execution::Uninstrumented).is_empty(),
                "{subject}: {report:#?}"
            );
            report
        }
        Told::Script(program) => run(&program.script(), &program.options_on(subject)).unwrap(),
    };
    let fired = rules(&report, Execution::Instrumented);
    assert_eq!(
        fired,
        BTreeSet::from([rule]),
        "{subject}: {:#?}",
        report.divergences
    );
    // What the debugger does between two commands is no command's.
    let of_debugger = |moment| matches!(moment, Moment::Edit | Moment::Action);
    let of_edits = report.divergences.iter().all(|d| of_debugger(d.moment));
    let failed = report.count(|s| matches!(s, Status::Failed(_)));
    assert!(of_edits || failed != 0, "{subject}: nothing failed");
}

macro_rules! faults {
    ($($name:ident => $rule:ident, $program:expr, $fault:expr;)*) => {
        /// Names and rules of all rows.
        pub(crate) const ROWS: &[(&str, RuleId)] = &[
            $((stringify!($name), RuleId::$rule),)*
        ];

        $(#[test]
        fn $name() {
            fires(RuleId::$rule, $program, Told::from($fault));
        })*
    };
}
