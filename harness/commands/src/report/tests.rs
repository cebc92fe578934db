//! Reports and reproducers as a person reads them, and that none is called good that did not fail.

use super::look::Look;
use super::quotes;
use super::recipe::{self, Recipe};
use super::runner::Runner;
use super::verdict::{Ended, Ran, Verdict};
use super::{Attempt, Made, Topic, Writer, choice, document, render};
use lockstep_core::campaign::interrupt::Interrupt;
use lockstep_core::case::{Case, Step, StepAction};
use lockstep_core::causes::Cause;
use lockstep_core::corpus::{CorpusCase, Expectation};
use lockstep_core::divergence::{Divergence, Execution, Moment, Site, StateRow};
use lockstep_core::rules::RuleId;
use lockstep_core::version::Version;
use lockstep_oracles::address::{FuncIndex, Pc};
use lockstep_spec_tests::script::Arg;
use std::path::{Path, PathBuf};

/// A parameter of an `if` that is still shown, and a name that is no one's business.
const WAT: &str = r#"(module
  (func $f`` (export "f") (param i32) (result i32)
    local.get 0
    i32.const 1
    if (param i32) (result i32)
      drop
      i32.const 5
    else
    end))"#;

fn case() -> Case {
    let mut case = Case::of_module("an if", wat::parse_str(WAT).unwrap());
    case.steps.push(Step {
        module: None,
        action: StepAction::Call {
            export: "f".to_owned(),
            args: vec![Arg::I32(u32::MAX)],
            expect: None,
        },
    });
    case
}

fn row(what: &str, expected: &str, observed: &str) -> StateRow {
    StateRow {
        what: what.to_owned(),
        expected: expected.to_owned(),
        observed: observed.to_owned(),
    }
}

fn found(rule: RuleId, moment: Moment, expected: &str, observed: &str) -> Divergence {
    Divergence {
        rule,
        execution: Execution::Instrumented,
        command: "line 1: f(i32:-1)".to_owned(),
        moment,
        event: 4,
        frame: Some(0),
        expected: expected.to_owned(),
        observed: observed.to_owned(),
        site: Some(Site {
            func: FuncIndex(0),
            pc: Pc(0x2a),
            opcode: "i32.const".to_owned(),
            listing: ">     0x2a      i32.const 5\n".to_owned(),
        }),
        state: vec![
            row("frame 0 PC", "0x2a", "0x2a"),
            row("frame 0 operand 0", "-", "i32:-1|"),
        ],
        known: Some(Cause::IfParams),
    }
}

fn shown_too_much() -> Divergence {
    let (rule, moment) = (RuleId::OperandCount, Moment::Breakpoint);
    found(rule, moment, "0 operands", "1 operand")
}

fn made(look: Look, version: Version) -> Recipe {
    let cause = Some(Cause::IfParams);
    let recipe = recipe::of(&case(), cause, Some(&shown_too_much()), look, version);
    recipe.unwrap().titled("IF-PARAMS.".to_owned())
}

fn operands() -> Look {
    choice::of(&case(), Some(Cause::IfParams), Some(&shown_too_much())).unwrap()
}

fn topic() -> Topic {
    Topic {
        name: "IF-PARAMS".to_owned(),
        cause: Some(Cause::IfParams),
        cases: vec![CorpusCase {
            case: case(),
            expect: Expectation::default(),
            path: PathBuf::from("fuzz/regressions/if.toml"),
        }],
    }
}

/// A runner that answers what it is told to.
struct Told(Ran);

impl Runner for Told {
    fn run(&mut self, _: Version, folder: &Path) -> anyhow::Result<Ran> {
        assert!(folder.join("src/main.rs").is_file());
        Ok(self.0.clone())
    }
}

/// What is made of a program that ends like this.
fn written(ended: Ended, seen: &str, out: &Path) -> Made {
    let mut told = Told(Ran {
        ended,
        stdout: format!("expected: an operand stack of 0\nseen: {seen}\n"),
        stderr: String::new(),
    });
    let mut writer = Writer {
        out,
        interrupt: Interrupt::default(),
        runner: Some(&mut told),
    };
    let recipe = made(operands(), Version::V48);
    writer.make(&topic(), recipe, Version::V48, out).unwrap()
}

fn report(made: Made) -> String {
    report_of(made, shown_too_much())
}

fn report_of(made: Made, found: Divergence) -> String {
    let attempts = [Attempt {
        version: Version::V48,
        case: 0,
        found: Some(found),
        made: Ok(made),
    }];
    let replay = Some("lockstep --subject 48 replay if.toml".to_owned());
    document::text(&topic(), &attempts, replay).unwrap()
}

#[test]
fn a_report_reads_as_a_person_would_write_it() {
    let out = tempfile::tempdir().unwrap();
    let made = written(Ended::Code(1), "an operand stack of 1", out.path());
    assert!(made.lines() <= 60, "{}", made.lines());
    insta::assert_snapshot!(report(made));
}

#[test]
fn no_command_of_a_ci_is_in_a_report() {
    let out = tempfile::tempdir().unwrap();
    let made = written(Ended::Code(1), "an operand stack of 1", out.path());
    let hostile = Divergence {
        expected: "a ##[error]b\n::error::c\u{1d173}".to_owned(),
        ..shown_too_much()
    };
    let text = report_of(made, hostile);
    assert!(text.contains("error]b"), "{text}");
    assert!(
        !text.contains("##[") && !text.contains('\u{1d173}'),
        "{text}"
    );
    assert!(
        !text.lines().any(|line| line.trim_start().starts_with("::")),
        "{text}"
    );
}

#[test]
fn a_program_that_does_not_fail_is_refused_and_the_report_says_so() {
    let out = tempfile::tempdir().unwrap();
    let made = written(Ended::Code(0), "an operand stack of 0", out.path());
    assert!(matches!(made.verdict, Verdict::Refused { .. }));
    let text = report(made);
    assert!(
        text.contains("**Not to be trusted**: it ended with 0"),
        "{text}"
    );
    assert!(!text.contains("seen to fail"), "{text}");
}

#[test]
fn the_program_for_a_version_with_a_cursor() {
    let look = operands();
    let template = render::program(&look);
    let program = render::render(template, made(look, Version::V42)).unwrap();
    insta::assert_snapshot!(program);
}

#[test]
fn a_program_that_goes_wrong_alone_is_shown_without_a_debugger() {
    let wrong = |execution| Divergence {
        execution,
        ..found(
            RuleId::Values,
            Moment::End,
            "returned (i32:5)",
            "returned (i32:6)",
        )
    };
    let program = |execution| {
        let (case, found) = (case(), wrong(execution));
        let look = choice::of(&case, None, Some(&found)).unwrap();
        let recipe = recipe::of(&case, None, Some(&found), look, Version::V42).unwrap();
        render::render(render::program(&recipe.look), &recipe).unwrap()
    };
    let (debugged, alone) = (
        program(Execution::Instrumented),
        program(Execution::Uninstrumented),
    );
    for words in [
        "guest_debug",
        "DebugHandler",
        "edit_breakpoints",
        "set_debug_handler",
    ] {
        assert!(debugged.contains(words), "{words}: {debugged}");
        assert!(!alone.contains(words), "{words}: {alone}");
    }
}

#[test]
fn what_must_be_seen_is_taken_from_the_oracles_side() {
    let look = |rule, moment, expected| {
        let found = found(rule, moment, expected, "what the engine shows");
        choice::of(&case(), None, Some(&found)).map(|look| look.expected)
    };
    let trap = look(
        RuleId::TrapPc,
        Moment::Trap,
        "PC 0x2a (i32.const), 0 operands",
    );
    assert_eq!(trap.unwrap(), "PC 0x2a");
    let head = "PC 0x2a or later, before 0x2d, 0 operands";
    let head = look(RuleId::CheckPc, Moment::EpochYield, head);
    assert_eq!(head.unwrap(), "PC 0x2a or later, before 0x2d");
    let value = "frame 0 operand 1 = i32:4294967295";
    let value = look(RuleId::OperandValue, Moment::Breakpoint, value);
    assert_eq!(value.unwrap(), "I32(-1) as operand 1");
    let frames = look(RuleId::FrameCount, Moment::Breakpoint, "2 frames");
    assert_eq!(frames.unwrap(), "2 frames");
    let results = look(RuleId::Values, Moment::End, "returned (i32:5)");
    assert_eq!(results.unwrap(), "[I32(5)]");
    let events = look(RuleId::StepLost, Moment::Breakpoint, "PC 0x2a");
    assert_eq!(events.unwrap(), "7 Breakpoint events");
}

#[test]
fn a_component_has_a_program_of_its_own() {
    let causes = [
        Cause::AdapterThrow,
        Cause::Latin1Alignment,
        Cause::StringAlignment,
        Cause::ComponentPatches,
    ];
    for cause in causes {
        let look = choice::of(&case(), Some(cause), None).unwrap();
        let recipe = recipe::of(&case(), Some(cause), None, look, Version::V42).unwrap();
        assert_eq!(recipe.debugs, cause == Cause::ComponentPatches);
        let program = render::render(render::program(&recipe.look), &recipe).unwrap();
        assert!(program.contains("component::{Component"), "{program}");
        assert!(
            program.contains(r#"get_func(&mut store, "run")"#),
            "{program}"
        );
    }
}

#[test]
fn what_no_template_looks_at_is_said() {
    let kept = found(RuleId::Kept, Moment::Collection, "alive", "gone");
    let reason = choice::of(&case(), None, Some(&kept)).unwrap_err();
    assert_eq!(
        reason.to_string(),
        "no template looks at what REF-KEPT is about"
    );
    let mut midway = case();
    midway.schedule.sessions[0].when = lockstep_core::schedule::When::Event(2);
    let recipe = recipe::of(
        &midway,
        None,
        Some(&shown_too_much()),
        operands(),
        Version::V48,
    );
    assert!(recipe.is_err());
}

#[test]
fn every_promise_that_a_cause_breaks_is_quoted_or_has_no_sentence() {
    for cause in Cause::ALL {
        let quote = quotes::of(Some(*cause), cause.row().rules.first().copied());
        assert!(
            quote.is_none_or(|quote| !quote.text.contains('\n')),
            "{cause}"
        );
    }
}
