use super::*;
use lockstep::case::Step;
use lockstep::samples::SAMPLES;
use lockstep::subject::Settings;
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
    for number in 0..1000 {
        let case =
            lockstep::generate::with_proposals(0x0e5e, number, lockstep::generate::Proposals::None);
        agree(&case).unwrap_or_else(|difference| panic!("case {number}: {difference}"));
    }
}

/// Fires on a real difference, and fails when the referee no longer has the mistake.
#[test]
fn a_br_table_that_carries_a_vector_is_still_mistaken() {
    let text = br#"(module
      (global $g (export "g") (mut v128) (v128.const i64x2 0 0))
      (func (export "f") (param i32) (result f64)
        (local v128 f64)
        v128.const i64x2 1 2
        block
          block
            i32.const 1
            br_table 1 0 0
          end
        end
        local.set 1
        block (result v128 f32 f64)
          block (result v128 f32 f64)
            f32.const 1
            local.get 1
            f32.const 2
            local.get 2
            local.get 0
            br_table 0 1 0
          end
        end
        local.set 2
        drop
        global.set $g
        local.get 2))"#;
    let user = lockstep::check::UserModule::new("test".to_owned(), text.to_vec()).unwrap();
    let case = case(&user.bytes, [("f".to_owned(), vec![Arg::I32(0)])]);
    assert!(mistaken(&user.module));
    assert_eq!(agree(&case), Ok(()));
    let difference = compared(&case, &user.module).unwrap_err();
    assert!(
        difference
            .oracle
            .contains("v128:0x00000000000000020000000000000001")
    );
    assert!(
        difference.to_string().contains("local.get 1"),
        "{difference}"
    );
}

/// Fails when the referee no longer has the mistake.
#[test]
fn a_select_on_zero_is_still_mistaken() {
    let text = br#"(module
      (global $g (mut i32) (i32.const 1))
      (func (export "f") (param i32) (result i32)
        global.get $g  drop
        i32.const 7  i32.const 8  local.get 0  i32.eqz  select))"#;
    let user = lockstep::check::UserModule::new("test".to_owned(), text.to_vec()).unwrap();
    let case = case(&user.bytes, [("f".to_owned(), vec![Arg::I32(0)])]);
    assert!(mistaken(&user.module));
    let difference = compared(&case, &user.module).unwrap_err();
    assert_eq!(difference.oracle, r#"Returned(["i32:7"])"#);
}

#[test]
fn the_first_byte_that_differs_is_told() {
    let (ours, theirs) = first_difference(Some(&[1, 2, 3]), Some(&[1, 5, 3]));
    assert_eq!(ours, "3 bytes, Some(02) at 0x1");
    assert_eq!(theirs, "3 bytes, Some(05) at 0x1");
}
