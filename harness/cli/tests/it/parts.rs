//! What parts of the core do, where that takes an engine.

use lockstep::campaign::perform::perform;
use lockstep::campaign::protocol::{Failure, Request, What, Wishes};
use lockstep::case::{self, Case, CaseReport, Expect, Status, Step, StepAction, run_instrumented};
use lockstep::check;
use lockstep::configuration::Configuration;
use lockstep::corpus;
use lockstep::fuzzing;
use lockstep::generate::{Proposals, generator_of, with_proposals};
use lockstep::samples::SAMPLES;
use lockstep::schedule::Schedule;
use lockstep::subject::Settings;
use lockstep_oracles::module::Module;
use lockstep_spec_tests::script::Pattern;
use std::collections::BTreeMap;
use tempfile::TempDir;

#[test]
fn every_sample_runs_in_lockstep() {
    for sample in SAMPLES {
        let plan = sample.plan(Settings::default()).unwrap();
        let report = case::run(&plan.script, &plan.options).unwrap();
        assert!(
            report.divergences.is_empty(),
            "{}: {:#?}",
            sample.name,
            report.divergences
        );
        assert_eq!(report.count(|s| *s != Status::Passed), 0, "{}", sample.name);
    }
}

#[test]
fn a_script_and_a_sample_are_found_by_name() {
    let performed = |what: What| {
        let request = Request::of(what, Wishes::default());
        let mut begun = Vec::new();
        let result = perform(&request, &mut |traits| begun.push(traits.clone()));
        (begun, result)
    };
    for what in [
        What::Official("wasm-v2/nop.wast".to_owned()),
        What::Sample("samples/host".to_owned()),
        What::Probe,
    ] {
        let (begun, result) = performed(what);
        let report: CaseReport = result.unwrap();
        assert_eq!(begun[0].name, report.name);
    }
    let (begun, result) = performed(What::Sample("none".to_owned()));
    assert!(begun.is_empty() && matches!(result, Err(Failure::Internal(_))));
}

#[test]
fn a_finding_is_told_with_its_case_and_kept() {
    // A case whose module returns 1 where the case says 2.
    let wat = "(module (func (export \"f\") (result i32) (i32.const 1)))";
    let mut diverging = Case::of_module("wrong", wat::parse_str(wat).unwrap());
    diverging.steps.push(Step {
        module: None,
        action: StepAction::Call {
            export: "f".to_owned(),
            args: Vec::new(),
            expect: Some(Expect::Returns(vec![Pattern::I32(2)])),
        },
    });
    let dir = TempDir::new().unwrap();
    let judged = fuzzing::judged(diverging.clone(), b"bytes", dir.path());
    let text = judged.unwrap_err().to_string();
    let path = dir.path().join("finding-277089d91c0b.toml");
    assert_eq!(corpus::load(&path).unwrap().case, diverging);
    for part in ["expectation not met", "call = \"f\"", "i32.const 1"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(text.contains(&format!("replay: lockstep replay {}", path.display())));
}

#[test]
fn half_of_the_cases_execute_more_than_200_sequence_points() {
    let mut by_generator = BTreeMap::<&str, Vec<u64>>::new();
    for number in 0..200 {
        let mut case = with_proposals(0x5eed, number, Proposals::All);
        // The oracle counts what it executes; what a debugger sees of it is no matter here.
        case.schedule = Schedule::idle();
        case.configuration = Configuration::default();
        // What a subject does not have yet, only the oracle could run.
        if Module::new(case.main_module(), check::FEATURES).is_err() {
            continue;
        }
        let report = run_instrumented(&case.script(), &case.options(), None).unwrap();
        let points = report.tally.executed;
        let generator = generator_of(&case.name).unwrap();
        by_generator.entry(generator).or_default().push(points);
    }
    let all = by_generator.values().flatten().copied().collect();
    by_generator.insert("all", all);
    for (generator, points) in &mut by_generator {
        points.sort_unstable();
        let at = |hundredth: usize| points[points.len() * hundredth / 100];
        let (cases, median, p90) = (points.len(), at(50), at(90));
        println!("{generator:<8} {cases:>4} cases, median {median:>6}, p90 {p90:>6}");
    }
    let all = &by_generator["all"];
    assert!(all[all.len() / 2] > 200);
}
