use super::*;
use lockstep::case::Step;
use lockstep::samples::SAMPLES;
use lockstep::subject::execute::Settings;
use lockstep_spec_tests::script::{Action, CommandKind, ModuleSource};

/// A module in binary, with calls.
fn case(wasm: &[u8], calls: impl IntoIterator<Item = (String, Vec<Arg>)>) -> Case {
    let mut case = Case::of_module("test", wasm);
    let steps = calls.into_iter().map(|(export, args)| Step {
        module: None,
        action: StepAction::Call {
            export,
            args,
            expect: None,
        },
    });
    case.steps = steps.collect();
    case
}

#[test]
fn both_agree_on_the_samples() {
    for sample in SAMPLES {
        let plan = sample.plan(Settings::default()).unwrap();
        let mut wasm = None;
        let mut calls = Vec::new();
        for command in plan.script.commands {
            match command.kind {
                CommandKind::Module {
                    module: ModuleSource::Binary(bytes),
                    ..
                } => wasm = Some(bytes),
                CommandKind::Action(Action::Invoke { export, args, .. }) => {
                    calls.push((export, args));
                }
                _ => {}
            }
        }
        assert!(!calls.is_empty());
        agree(&case(&wasm.unwrap(), calls)).unwrap_or_else(|difference| {
            panic!("{}: {difference}", sample.name);
        });
    }
}

#[test]
fn both_agree_on_generated_cases() {
    for number in 0..300 {
        let case = lockstep::generate::from_seed(0x0e5e, number);
        agree(&case).unwrap_or_else(|difference| panic!("case {number}: {difference}"));
    }
}

/// A module whose export `f` is exported from one side only would be a difference; here the case
/// stands for it by ending differently: fuel apart, what is compared is what both answer.
#[test]
fn a_difference_is_told_with_both_sides() {
    let (ours, theirs) = first_difference(Some(&[1, 2, 3]), Some(&[1, 5, 3]));
    assert_eq!(ours, "3 bytes, Some(02) at 0x1");
    assert_eq!(theirs, "3 bytes, Some(05) at 0x1");
    assert_ne!(shown(Value::I32(1)), shown(Value::I64(1)));
}
