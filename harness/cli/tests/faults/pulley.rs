//! On pulley64, where an event changes floats and vectors: a lie that is not about one is seen as
//! natively, whatever the version. Also beside a value that an event did change.

use super::lie::{Fault, Lie, at};
use super::programs::{ARITHMETIC, LEAVES, Program};
use super::rows::rules;
use super::stacks::{flip, innermost, local, top};
use lockstep::case::{CaseReport, run, run_with};
use lockstep::causes::Cause;
use lockstep::configuration::{Configuration, Target};
use lockstep::divergence::Execution;
use lockstep::outcome::Outcome;
use lockstep::rules::RuleId;
use lockstep::seen::Seen;
use lockstep::version::Version;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

fn on_pulley(configuration: &mut Configuration) {
    configuration.target = Target::Pulley64;
}

/// The report of the program on pulley64, honest or with the fault.
fn report(program: Program, subject: Version, fault: Option<Fault>) -> CaseReport {
    let program = program.configured(on_pulley);
    let (script, mut options) = (program.script(), program.options());
    options.settings.subject = subject;
    let Some(fault) = fault else {
        return run(&script, &options).unwrap();
    };
    let (lie, told) = Lie::new(fault, &script);
    let report = run_with(&script, &options, lie, None).unwrap();
    assert_ne!(told.load(Ordering::Relaxed), 0, "the lie was never told");
    report
}

/// This rule alone fires, on every version, and no cause matches that does not without the fault.
#[track_caller]
fn fires(rule: RuleId, program: Program, fault: Fault) {
    for subject in program.subjects() {
        let clean = report(program, subject, None);
        assert!(clean.divergences.is_empty(), "{subject}: {clean:#?}");
        let report = report(program, subject, Some(fault));
        let fired = rules(&report, Execution::Instrumented);
        assert_eq!(fired, BTreeSet::from([rule]), "{subject}: {report:#?}");
        assert!(!report.known.contains_key(&Cause::PulleyRegisters));
    }
}

macro_rules! seen {
    ($($name:ident => $rule:ident, $program:expr, $fault:expr;)*) => {
        $(#[test]
        fn $name() {
            fires(RuleId::$rule, $program, $fault);
        })*
    };
}

/// `v128.not` takes a vector that the events before it changed; the integers do not come of it.
const BESIDE: Program = Program::new(
    r#"(module (func (export "go") (param i32 v128 f64) (result v128) (local i32)
         local.get 1  local.get 0  i32.const 3  i32.add  local.set 3
         nop  v128.not  nop))
       (invoke "go" (i32.const 100) (v128.const i64x2 1 2) (f64.const 1))"#,
);

seen! {
    pulley_local_flipped => LocalValue, ARITHMETIC,
        Fault::Stack(at("i32.sub"), |stack, _| local(stack, 0, flip(3)));
    pulley_operand_flipped => OperandValue, ARITHMETIC,
        Fault::Stack(at("i64.sub"), |stack, _| top(stack, flip(3)));
    pulley_event_lost => StepLost, ARITHMETIC, Fault::Skip(at("i32.const"));
    pulley_event_doubled => StepSpurious, ARITHMETIC, Fault::Twice(at("i32.const"));
    pulley_frame_missing => FrameCount, LEAVES,
        Fault::Stack(at("i32.mul"), |stack, _| drop(stack.frames.remove(1)));
    pulley_stack_empty => OperandCount, ARITHMETIC,
        Fault::Stack(at("i32.sub"), |stack, _| innermost(stack).operands.clear());
    pulley_local_beside_a_vector_flipped => LocalValue, BESIDE,
        Fault::Stack(at("nop").nth(2), |stack, _| local(stack, 3, flip(3)));
    pulley_float_that_was_not_written_flipped => LocalValue, BESIDE,
        Fault::Stack(at("nop").nth(2), |stack, _| local(stack, 2, flip(3)));
    pulley_event_beside_a_vector_lost => StepLost, BESIDE, Fault::Skip(at("i32.add"));
    pulley_event_beside_a_vector_doubled => StepSpurious, BESIDE, Fault::Twice(at("i32.add"));
    pulley_stack_beside_a_vector_empty => OperandCount, BESIDE,
        Fault::Stack(at("nop").nth(2), |stack, _| innermost(stack).operands.clear());
    pulley_result_changed => Values, ARITHMETIC,
        Fault::Outcome(|outcome| *outcome = Outcome::Returned(vec![Seen::I32(72)]));
}
