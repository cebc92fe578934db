//! Cases of hand-written modules, and the report of one that must agree.

use lockstep::case::{Case, CaseModule, CaseReport, Status, Step, StepAction, run_case_on};
use lockstep::version::Version;
use lockstep_spec_tests::script::Arg;

/// A loop that calls; its rounds are the argument.
#[allow(dead_code, reason = "not every test that shares this module needs it")]
pub(crate) const LOOP: &str = r#"
    (module
      (func $twice (param i32) (result i32)  local.get 0  i32.const 2  i32.mul)
      (func (export "go") (param i32) (result i32) (local i32)
        loop
          local.get 1  local.get 0  call $twice  i32.add  local.set 1
          local.get 0  i32.const 1  i32.sub  local.tee 0  br_if 0
        end
        local.get 1))"#;

/// A case of these modules, later ones importing from earlier ones by name, under single-step.
pub(crate) fn case_of(modules: &[(&str, &str)]) -> Case {
    let modules = modules.iter().map(|(name, text)| CaseModule {
        name: (*name).to_owned(),
        wasm: wat::parse_str(text).expect("the programs parse").into(),
    });
    Case {
        modules: modules.collect(),
        ..Case::of_module("a case", Vec::new())
    }
}

/// The same case with one more call of the main module.
pub(crate) fn calling(mut case: Case, export: &str, args: &[Arg]) -> Case {
    case.steps.push(Step {
        module: None,
        action: StepAction::Call {
            export: export.to_owned(),
            args: args.to_vec(),
            expect: None,
        },
    });
    case
}

/// Runs a case of which nothing may diverge or fail.
#[allow(dead_code, reason = "not every test that shares this module needs it")]
pub(crate) fn clean(case: &Case) -> CaseReport {
    clean_on(Version::default(), case)
}

/// The same on this version.
pub(crate) fn clean_on(subject: Version, case: &Case) -> CaseReport {
    let report = run_case_on(subject, case).unwrap();
    assert!(report.divergences.is_empty(), "{report:#?}");
    let passed = report.count(|status| *status == Status::Passed);
    assert_eq!(passed, report.commands.len() as u64, "{report:#?}");
    report
}
