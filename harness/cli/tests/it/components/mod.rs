//! Components: on every version the core code of each agrees with the reference interpreter, at every PC.

mod breakpoints;
mod faults;
mod programs;

use lockstep::case::{CaseOptions, CaseReport, Status, run, run_with};
use lockstep::causes::Cause;
use lockstep::check::{UserFile, Wishes, plan_file};
use lockstep::fault::Tamper;
use lockstep::rules::RuleId;
use lockstep::schedule::{Edit, Site};
use lockstep::subject::engines::linked;
use lockstep::version::Version;
use lockstep_spec_tests::script::Script;
use programs::*;

/// A component with these calls, on a version.
pub(super) fn case(text: &str, calls: &[&str], subject: Version) -> (Script, CaseOptions) {
    let user = UserFile::new("a component".to_owned(), text.as_bytes().to_vec()).unwrap();
    let wishes = Wishes {
        invoke: calls.iter().map(|&call| call.to_owned()).collect(),
        ..Wishes::default()
    };
    let mut plan = plan_file(&user, &wishes).unwrap();
    plan.options.settings.subject = subject;
    (plan.script, plan.options)
}

/// Runs calls of which none may diverge, on every version; how each ended.
fn agrees(text: &str, calls: &[&str]) -> Vec<Vec<String>> {
    let reports = linked().into_iter().map(|subject| {
        let (script, options) = case(text, calls, subject);
        let report = run(&script, &options).unwrap();
        assert!(
            report.divergences.is_empty(),
            "on {subject}: {:#?}",
            report.divergences
        );
        let passed = report.count(|status| *status == Status::Passed);
        assert_eq!(
            passed,
            report.commands.len() as u64,
            "on {subject}: {report:#?}"
        );
        let commands = report.commands.into_iter().skip(1);
        commands
            .map(|command| command.outcome.unwrap_or_default())
            .collect()
    });
    reports.collect()
}

/// What fires where the subject lies, by version.
pub(super) fn fires(text: &str, calls: &[&str], lie: impl Tamper + Clone) -> Vec<Vec<RuleId>> {
    let reports = linked().into_iter().map(|subject| {
        let (script, options) = case(text, calls, subject);
        let report: CaseReport = run_with(&script, &options, lie.clone(), None).unwrap();
        report.divergences.iter().map(|found| found.rule).collect()
    });
    reports.collect()
}

#[test]
fn a_module_in_a_component_is_stepped_at_every_pc() {
    agrees(SCALARS, &["add(1, 2)", "wide(-1, 3.5)", "spin(40)"]);
    for subject in linked() {
        let (script, options) = case(SCALARS, &["spin(40)"], subject);
        let report = run(&script, &options).unwrap();
        // `loop` once, seven opcodes a round, and the four behind the branch.
        assert_eq!(report.tally.sequence_points, 1 + 40 * 7 + 4, "on {subject}");
    }
}

#[test]
fn strings_and_lists_are_allocated_in_lockstep() {
    agrees(
        &with_allocator(STRINGS),
        &[
            r#"shout("hello")"#,
            r#"shout("")"#,
            "sum([1, 2, 3])",
            "sum([])",
        ],
    );
}

#[test]
fn instances_call_each_other_through_adapters() {
    agrees(FUSED, &["go(20)", "go(0)"]);
}

#[test]
fn strings_pass_from_one_memory_to_another() {
    agrees(&fused_strings("utf8", "utf8"), &["greet(3)"]);
}

#[test]
fn strings_change_their_encoding_between_two_memories() {
    for to in ["utf16", "latin1+utf16"] {
        agrees(&fused_strings("utf8", to), &["greet(3)", "greet(9)"]);
        agrees(&fused_strings(to, "utf8"), &["greet(3)", "greet(9)"]);
    }
}

#[test]
fn a_trap_behind_an_adapter_ends_the_call() {
    for ends in agrees(FUSED, &["fail(0)"]) {
        assert_eq!(ends, ["trapped: unreachable"]);
    }
}

#[test]
fn an_exception_behind_an_adapter_ends_the_call() {
    for subject in linked() {
        let (script, options) = case(THROWS, &["run(1)", "run(0)"], subject);
        let report = run(&script, &options).unwrap();
        assert!(
            report.divergences.is_empty(),
            "on {subject}: {:#?}",
            report.divergences
        );
        let known = report.known.contains_key(&Cause::AdapterThrow);
        assert_eq!(known, Cause::AdapterThrow.is_of(subject), "on {subject}");
    }
}

#[test]
fn start_functions_of_core_modules_are_stepped() {
    agrees(STARTS, &["get()"]);
}

#[test]
fn two_instances_of_one_module_are_told_apart() {
    agrees(TWICE, &["second()", "first()", "second()"]);
}

#[test]
fn values_of_every_type_are_lowered_and_lifted() {
    agrees(&with_allocator(TYPES), &[]);
}

#[test]
fn a_component_of_a_real_toolchain_agrees() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../programs/components/text/text.component.wasm");
    let user = UserFile::named("text".to_owned(), &path).unwrap();
    for subject in linked() {
        let wishes = Wishes {
            invoke: WORDS.iter().map(|&call| call.to_owned()).collect(),
            ..Wishes::default()
        };
        let mut plan = plan_file(&user, &wishes).unwrap();
        plan.options.settings.subject = subject;
        let report = run(&plan.script, &plan.options).unwrap();
        assert!(
            report.divergences.is_empty(),
            "on {subject}: {:#?}",
            report.divergences
        );
        let passed = report.count(|status| *status == Status::Passed);
        assert_eq!(passed, report.commands.len() as u64, "on {subject}");
    }
}
