//! `check`, `trace` and `spec` run in worker processes, as campaigns do: an engine that crashes, aborts,
//! hangs or is killed costs what it was doing, it is said what that was, and the rest goes on. The
//! subjects' faults are those of `lockstep_core::campaign::faults`.

use lockstep_core::campaign::faults;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const MODULE: &str = r#"(module
    (global $g (mut i32) (i32.const 7))
    (func (export "first") (result i32) (i32.const 1))
    (func (export "fatal") (nop))
    (func (export "loop") (loop (br 0)))
    (func (export "last") (result i32) (global.get $g)))"#;

fn lockstep(faults: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command.args(args).env(faults::VARIABLE, faults);
    command
}

fn module(directory: &Path) -> String {
    let path = directory.join("m.wat");
    fs::write(&path, MODULE).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The objects of a kind that a command writes.
pub(super) fn objects(output: &Output, schema: &str) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    let all = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let schema = format!("lockstep.{schema}/1");
    all.filter(|object| object["schema"] == schema).collect()
}

/// What each call of `check` came to.
fn calls(output: &Output) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    objects(output, "invocation")
        .iter()
        .map(|call| (text(&call["invocation"]), text(&call["status"])))
        .filter(|(call, _)| call != "module")
        .collect()
}

fn checked(fault: &str, args: &[&str]) -> Output {
    let directory = TempDir::new().unwrap();
    let module = module(directory.path());
    let mut command = lockstep(fault, &["check", &module, "--format", "json"]);
    command.args(["--max-events", "1000"]).args(args);
    command.output().unwrap()
}

/// The rule, the execution and the command of the only divergence.
fn found(output: &Output) -> (String, String, String) {
    let found = objects(output, "divergence");
    assert_eq!(found.len(), 1, "{found:?}");
    let text = |key: &str| found[0][key].as_str().unwrap().to_owned();
    (text("rule"), text("execution"), text("command"))
}

fn owned(calls: &[(&str, &str)]) -> Vec<(String, String)> {
    let both = calls.iter();
    both.map(|(call, status)| ((*call).to_owned(), (*status).to_owned()))
        .collect()
}

/// Given a call that ends the process, those before it are known, it is named, and those after it run.
#[test]
fn a_crash_costs_one_call() {
    let expected = owned(&[
        ("first()", "passed"),
        ("fatal()", "not_run"),
        ("loop()", "inconclusive"),
        ("last()", "passed"),
    ]);
    for (fault, execution) in [
        ("fatal()=abort", "instrumented"),
        ("uninstrumented fatal()=segfault", "uninstrumented"),
    ] {
        let output = checked(fault, &[]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(calls(&output), expected, "{fault}");
        let (rule, whose, command) = found(&output);
        assert_eq!(
            (rule.as_str(), whose.as_str()),
            ("RESULT-NO-CRASH", execution)
        );
        assert!(command.ends_with("fatal()"), "{command}");
    }
}

#[test]
fn a_hang_costs_one_call() {
    let output = checked("fatal()=spin", &["--cpu-limit", "1"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(found(&output).0, "RESULT-ENDS");
    assert_eq!(calls(&output).last(), owned(&[("last()", "passed")]).last());
}

/// What the machine ends is no divergence, and costs one call as well.
#[test]
fn a_kill_costs_one_call() {
    let output = checked("fatal()=kill", &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(objects(&output, "divergence").is_empty());
    assert_eq!(objects(&output, "machine").len(), 1);
    assert_eq!(calls(&output).last(), owned(&[("last()", "passed")]).last());
}

/// Given calls that the user chose, those after the crash go on in a fresh instance.
#[test]
fn the_calls_of_the_user_go_on() {
    let invoke = ["--invoke", "fatal()", "--invoke", "last()"];
    let output = checked("fatal()=abort", &invoke);
    let expected = owned(&[("fatal()", "not_run"), ("last()", "passed")]);
    assert_eq!(calls(&output), expected);
}

#[test]
fn a_script_that_ends_the_process_costs_that_script() {
    let directory = TempDir::new().unwrap();
    let script = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    let module = "(module (func (export \"f\")) (func (export \"fatal\")))";
    script(
        "a.wast",
        &format!("{module} (assert_return (invoke \"f\"))"),
    );
    script(
        "b.wast",
        &format!("{module} (assert_return (invoke \"fatal\"))"),
    );
    script(
        "c.wast",
        &format!("{module} (assert_return (invoke \"f\"))"),
    );
    let of = |faults: &str| {
        let mut command = lockstep(faults, &["spec", "--format", "json", "--cpu-limit", "1"]);
        let command = command.arg("--dir").arg(directory.path());
        command.output().unwrap()
    };
    for (fault, rule, code) in [
        ("abort", "RESULT-NO-CRASH", 1),
        ("spin", "RESULT-ENDS", 1),
        ("kill", "", 3),
    ] {
        let output = of(&format!("assert_return fatal()={fault}"));
        assert_eq!(output.status.code(), Some(code), "{fault}");
        let passed = objects(&output, "case");
        let passed = passed.iter().filter(|case| case["verdict"] == "ok");
        assert_eq!(passed.count(), 2, "{fault}");
        if rule.is_empty() {
            assert_eq!(objects(&output, "machine").len(), 1);
        } else {
            assert_eq!(found(&output).0, rule);
        }
    }
    // What is no script costs itself.
    script("b.wast", "(module");
    let output = of("");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(objects(&output, "case").len(), 2);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("b.wast:1:"), "{said}");
}

/// Given a call that ends the process, every event before it is shown.
#[test]
fn a_trace_is_shown_up_to_the_crash() {
    let directory = TempDir::new().unwrap();
    let module = module(directory.path());
    for (fault, rule, code) in [
        ("abort", "RESULT-NO-CRASH", 1),
        ("spin", "RESULT-ENDS", 1),
        ("kill", "", 3),
    ] {
        let output = lockstep(
            &format!("fatal()={fault}"),
            &["trace", &module, "--format", "json", "--cpu-limit", "1"],
        )
        .args(["--invoke", "first()", "--invoke", "fatal()"])
        .output()
        .unwrap();
        assert_eq!(objects(&output, "event").len(), 2, "{fault}");
        if rule.is_empty() {
            assert_eq!(output.status.code(), Some(3));
        } else {
            assert_eq!(output.status.code(), Some(code), "{fault}");
            assert_eq!(found(&output).0, rule);
        }
    }
}

/// What comes through a pipe is read once, and runs as a file does.
#[test]
fn a_module_comes_from_standard_input() {
    let mut child = lockstep(
        "",
        &["check", "-", "--invoke", "last()", "--format", "json"],
    )
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, MODULE.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(calls(&output), owned(&[("last()", "passed")]));
}
