//! A case that ends in the middle (its worker crashes, aborts, hangs or is killed) loses nothing of what came
//! before: another worker executes it as far as that. The subjects' faults are those of
//! `lockstep_core::campaign::faults`.

use super::runner::objects;
use lockstep_core::campaign::faults;
use serde_json::Value;
use std::fs;
use std::process::{Command, Output};
use tempfile::TempDir;

/// The first assertion passes, the second does not, and the third is the one at which the engine ends.
const SCRIPT: &str = r#"(module
    (func (export "f") (result i32) (i32.const 1))
    (func (export "fatal") (nop)))
(assert_return (invoke "f") (i32.const 1))
(assert_return (invoke "f") (i32.const 2))
(assert_return (invoke "fatal"))
(assert_return (invoke "f") (i32.const 1))"#;

/// The same as a case file.
const CASE: &str = include_str!("../cases/ends-at-the-third.toml");

/// How the engine ends at the third assertion, in which execution, and the rule that this breaks.
const ENDS: [(&str, &str, &str, &str); 4] = [
    ("", "abort", "instrumented", "RESULT-NO-CRASH"),
    (
        "uninstrumented ",
        "segfault",
        "uninstrumented",
        "RESULT-NO-CRASH",
    ),
    ("", "spin", "instrumented", "RESULT-ENDS"),
    ("uninstrumented ", "spin", "uninstrumented", "RESULT-ENDS"),
];

/// A command on a file of this text, or for `--dir` on its directory, where a command of it has this fault.
fn run(fault: &str, command: &[&str], name: &str, text: &str) -> Output {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join(name);
    fs::write(&file, text).unwrap();
    let target = match command.contains(&"--dir") {
        true => directory.path(),
        false => &file,
    };
    let mut lockstep = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    lockstep.args(command).arg(target);
    lockstep.args(["--format", "json", "--cpu-limit", "1"]);
    lockstep.env(faults::VARIABLE, fault).output().unwrap()
}

/// The only divergence is the end, and what came before is counted.
fn is_joined(output: &Output, execution: &str, rule: &str) {
    assert_eq!(output.status.code(), Some(1));
    let found = objects(output, "divergence");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(
        (&found[0]["rule"], &found[0]["execution"]),
        (&rule.into(), &execution.into())
    );
    // The instrumented execution had come to its end where the other did not.
    let points = if execution == "instrumented" { 4 } else { 8 };
    has_counted(&objects(output, "case")[0], points);
}

/// One assertion passed, one failed, and of the others nothing is known. Each call has two events: its opcode
/// and the end of the function.
fn has_counted(case: &Value, points: u64) {
    let assertions = &case["assertions"];
    let of = |key: &str| assertions[key].as_u64().unwrap();
    assert_eq!(
        (of("passed"), of("failed"), of("undecided")),
        (1, 1, 2),
        "{case:#}"
    );
    assert_eq!(case["sequence_points"], points, "{case:#}");
}

fn spec(fault: &str) -> Output {
    run(fault, &["spec", "--dir"], "a.wast", SCRIPT)
}

#[test]
fn a_script_that_ends_its_process_keeps_what_came_before() {
    for (whose, fault, execution, rule) in ENDS {
        let output = spec(&format!("{whose}assert_return fatal()={fault}"));
        is_joined(&output, execution, rule);
    }
}

/// A script that comes to its end, and then ends its process, has come to all that.
#[test]
fn a_script_that_ends_its_process_at_its_end_keeps_all_of_it() {
    for whose in ["", "uninstrumented "] {
        let output = spec(&format!("{whose}the end of the case=abort"));
        let found = objects(&output, "divergence");
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0]["rule"], "RESULT-NO-CRASH");
        let totals = objects(&output, "totals");
        let assertions = &totals[0]["assertions"];
        assert_eq!(
            (&assertions["passed"], &assertions["failed"]),
            (&3.into(), &1.into())
        );
    }
}

/// What the machine ends is no divergence; what came before is a case that did not come to its end.
#[test]
fn a_script_that_the_machine_ends_keeps_what_came_before() {
    let output = spec("assert_return fatal()=kill");
    assert!(objects(&output, "divergence").is_empty());
    assert_eq!(objects(&output, "machine").len(), 1);
    let cases = objects(&output, "case");
    assert_eq!(cases.len(), 1);
    has_counted(&cases[0], 4);
    let totals = objects(&output, "totals");
    let totals = &totals[0];
    assert_eq!(
        (&totals["cases"], &totals["of_machine"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn a_case_file_that_ends_its_process_keeps_what_came_before() {
    for (whose, fault, execution, rule) in ENDS {
        let fault = format!("{whose}assert_return fatal()={fault}");
        let output = run(&fault, &["replay"], "a.toml", CASE);
        is_joined(&output, execution, rule);
    }
}

/// A trace shows how each command before the crash ended, and shows no event twice.
#[test]
fn a_trace_keeps_what_came_before() {
    for (name, text) in [("a.toml", CASE), ("a.wast", SCRIPT)] {
        let output = run("assert_return fatal()=abort", &["trace"], name, text);
        is_joined(&output, "instrumented", "RESULT-NO-CRASH");
        assert_eq!(objects(&output, "event").len(), 4);
        let ended = objects(&output, "trace-end");
        let ended: Vec<&str> = ended
            .iter()
            .map(|command| command["status"].as_str().unwrap())
            .collect();
        assert_eq!(ended, ["passed", "failed", "not_run", "not_run"], "{name}");
    }
}
