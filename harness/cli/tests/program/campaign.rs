//! Campaigns as their users run them: the same report for every number of workers, a prefix for
//! every budget, whole lines for every end; and replays that are judged.

#![cfg(target_os = "linux")]

use lockstep_core::case::{Case, Step, StepAction};
use lockstep_core::causes::Cause;
use lockstep_core::corpus::{self, CorpusCase, Expectation};
use lockstep_spec_tests::script::Arg;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const SHORT: &[&str] = &[
    "--max-events",
    "1000",
    "--frames",
    "innermost",
    "--format",
    "json",
];

fn lockstep(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command.args(args).args(SHORT).output().unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    let stdout = std::str::from_utf8(&output.stdout).unwrap();
    stdout.lines().map(str::to_owned).collect()
}

/// The objects without the values that a subject shows where it diverges, which may be those of
/// memory that was never written; and the totals without what was measured.
fn report(output: &Output) -> (Vec<Value>, Value) {
    let lines = lines(output);
    let mut objects: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for object in &mut objects {
        if object["schema"] == "lockstep.divergence/1" {
            let object = object.as_object_mut().unwrap();
            object.remove("observed");
            object.remove("state");
        }
    }
    let mut totals = objects.pop().unwrap();
    assert_eq!(totals["schema"], "lockstep.totals/1");
    let measured = totals.as_object_mut().unwrap().remove("measured");
    assert!(measured.is_some());
    (objects, totals)
}

/// As `assert_eq`, but a difference is shown by the names of the cases alone.
fn assert_equal(one: &(Vec<Value>, Value), other: &(Vec<Value>, Value)) {
    for (one, other) in one.0.iter().zip(&other.0) {
        assert_eq!(one["case"], other["case"]);
        assert!(one == other, "{} differs", one["case"]);
    }
    assert_eq!(one.0.len(), other.0.len());
    assert_eq!(one.1, other.1);
}

#[test]
fn the_report_is_the_same_for_every_number_of_workers() {
    let args = ["run", "--cases", "40", "--seed", "7", "--only", "samples"];
    let one = lockstep(&[&args[..], &["--jobs", "1"]].concat());
    let three = lockstep(&[&args[..], &["--jobs", "3"]].concat());
    assert_equal(&report(&one), &report(&three));
    let (lines, totals) = report(&one);
    assert!(lines.len() >= 48);
    assert_eq!(totals["campaign"]["cases"], 40);
    assert_eq!(totals["campaign"]["seed"], "0x7");
}

#[test]
fn a_time_budget_reports_a_prefix_of_the_sequence() {
    let timed = report(&lockstep(&["run", "--seconds", "2", "--seed", "3"]));
    let cases = timed.1["campaign"]["cases"].to_string();
    assert_ne!(cases, "0");
    let counted = lockstep(&["run", "--cases", &cases, "--seed", "3"]);
    assert_equal(&timed, &report(&counted));
}

#[test]
fn one_case_is_what_it_is_in_the_sequence() {
    let (all, _) = report(&lockstep(&["run", "--cases", "4", "--seed", "9"]));
    let (one, _) = report(&lockstep(&["run", "--case", "3", "--seed", "9"]));
    assert_eq!(all[all.len() - one.len()..], one);
}

fn reports_when_interrupted(signal: Signal, name: &str, code: i32) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(["run", "--seconds", "600"])
        .args(SHORT)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    output.read_line(&mut text).unwrap();
    let pid = Pid::from_raw(child.id() as i32).unwrap();
    kill_process(pid, signal).unwrap();
    output.read_to_string(&mut text).unwrap();
    let objects: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let totals = objects.last().unwrap();
    assert_eq!(totals["campaign"]["interrupted"], name);
    let diverged = totals["divergences"]["unexplained"] != 0;
    let ended = child.wait().unwrap().code();
    assert_eq!(ended, Some(if diverged { 1 } else { code }));
}

#[test]
fn an_interrupted_campaign_reports_whole_lines_and_totals() {
    reports_when_interrupted(Signal::TERM, "SIGTERM", 143);
}

#[test]
fn a_campaign_whose_terminal_goes_away_reports_whole_lines_and_totals() {
    reports_when_interrupted(Signal::HUP, "SIGHUP", 129);
}

#[test]
fn settings_come_before_what_cases_draw() {
    let args = ["run", "--cases", "3", "--config", "signals=everywhere"];
    let (_, totals) = report(&lockstep(&args));
    assert_eq!(totals["campaign"]["refused"], 3);
    let output = lockstep(&["run", "--cases", "3", "--config", "target=arm"]);
    assert_eq!(output.status.code(), Some(2));
}

pub(crate) const AGREES: &str =
    r#"(module (func (export "f") (param i32) (result i32) local.get 0))"#;
const ENDLESS: &str = r#"(module (func (export "f") (param i32) (result i32)
    (loop (br 0)) (unreachable)))"#;
const IF_PARAMS: &str = r#"(module (func (export "f") (param i32) (result i32)
    (i32.const 3)
    (if (param i32) (result i32) (local.get 0)
        (then (i32.const 2) (i32.add))
        (else (i32.const -2) (i32.add)))))"#;

pub(crate) fn saved(directory: &Path, name: &str, wat: &str, entries: &[&str]) -> PathBuf {
    let mut case = Case::of_module(name, wat::parse_str(wat).unwrap());
    case.steps.push(Step {
        module: None,
        action: StepAction::Call {
            export: "f".to_owned(),
            args: vec![Arg::I32(1)],
            expect: None,
        },
    });
    let entries: Vec<String> = entries.iter().map(|id| (*id).to_owned()).collect();
    let expect = Expectation::of_causes(&entries).unwrap();
    let case = CorpusCase {
        case,
        expect,
        path: PathBuf::new(),
    };
    corpus::save(directory, name, &case).unwrap()
}

/// Runs a case that expects these causes and one that does not end, with two signals once the first is
/// reported; the exit code, and which reports are there.
fn interrupted_twice(causes: &[&str]) -> (Option<i32>, Vec<PathBuf>) {
    let directory = TempDir::new().unwrap();
    let cases = directory.path().join("cases");
    saved(&cases, "a", AGREES, causes);
    saved(&cases, "b", ENDLESS, &[]);
    let out = directory.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(["--format", "json", "replay", "--frames", "innermost"])
        .args(["--max-events", "1000000000", "--jobs", "2"])
        .arg(&cases)
        .arg("--junit")
        .arg(out.join("junit.xml"))
        .arg("--records")
        .arg(&out)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    let pid = Pid::from_raw(child.id() as i32).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    // Two that come at once may be one to the system.
    std::thread::sleep(Duration::from_millis(200));
    kill_process(pid, Signal::INT).unwrap();
    let code = child.wait().unwrap().code();
    let entries = std::fs::read_dir(&out).unwrap();
    (code, entries.map(|entry| entry.unwrap().path()).collect())
}

#[test]
fn a_second_signal_ends_at_once_with_what_was_found_and_leaves_no_part_of_a_file() {
    let gone = [Cause::IfParams.id()];
    for (causes, code) in [(&gone[..], 1), (&[], 130)] {
        let (ended, left) = interrupted_twice(causes);
        assert_eq!((ended, left), (Some(code), Vec::new()));
    }
}

fn replayed(path: &Path) -> Output {
    lockstep(&["replay", path.to_str().unwrap()])
}

#[test]
fn a_replay_is_judged_against_what_the_case_expects() {
    let directory = TempDir::new().unwrap();
    let met = directory.path().join("met");
    saved(&met, "agrees", AGREES, &[]);
    saved(&met, "known", IF_PARAMS, &[Cause::IfParams.id()]);
    let output = replayed(&met);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(report(&output).0.len(), 2);
    for (name, wat, entries, why) in [
        (
            "gone",
            AGREES,
            &[Cause::IfParams.id()][..],
            "should match and does not",
        ),
        ("new", IF_PARAMS, &[], "matches unexpectedly"),
    ] {
        let output = replayed(&saved(directory.path(), name, wat, entries));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let (lines, totals) = report(&output);
        assert!(lines[0].to_string().contains(why), "{lines:?}");
        assert_eq!(totals["commands"]["failed"], 1);
    }
}

#[test]
fn a_junit_report_has_a_test_case_each() {
    let directory = TempDir::new().unwrap();
    let cases = directory.path().join("cases");
    saved(&cases, "agrees", AGREES, &[]);
    saved(&cases, "gone", AGREES, &[Cause::IfParams.id()]);
    let junit = directory.path().join("junit.xml");
    let path = cases.to_str().unwrap();
    let output = lockstep(&["replay", path, "--junit", junit.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let xml = std::fs::read_to_string(junit).unwrap();
    assert!(
        xml.contains(r#"tests="2""#) && xml.contains(r#"failures="1""#),
        "{xml}"
    );
}

#[test]
fn what_cannot_be_read_is_said_in_one_sentence() {
    for args in [
        &["replay", "/no/such/case.toml"][..],
        &["run", "--only", "corpus", "--corpus", "/no/such/directory"],
        &[
            "run",
            "--cases",
            "1",
            "--junit",
            "/no/such/directory/junit.xml",
        ],
    ] {
        let output = lockstep(args);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(output.stdout.is_empty());
    }
}
