//! Shards of a campaign, reported together, are what one run gives; and a run that compares nothing does
//! not pass.

use super::campaign::{AGREES, saved};
use lockstep_core::causes::Cause;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// The campaign: samples, a corpus with a case that fails and one that is none, generated cases.
const CAMPAIGN: &[&str] = &[
    "run",
    "--cases",
    "24",
    "--seed",
    "7",
    "--only",
    "samples,corpus",
    "--corpus",
    "cases",
    "--max-events",
    "1000",
    "--frames",
    "innermost",
];

fn lockstep(at: &TempDir, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command.args(args).current_dir(at).output().unwrap()
}

/// A directory with the campaign's corpus.
fn prepared() -> TempDir {
    let at = TempDir::new().unwrap();
    let cases = at.path().join("cases");
    saved(&cases, "agrees", AGREES, &[]);
    saved(&cases, "gone", AGREES, &[Cause::IfParams.id()]);
    std::fs::write(cases.join("none.toml"), "[[modul]]\n").unwrap();
    at
}

/// Runs a shard, or the whole, and keeps its records.
fn run(at: &TempDir, shard: &str, records: &str, more: &[&str]) -> Output {
    let shard = ["--shard", shard, "--records", records];
    lockstep(at, &[CAMPAIGN, &shard, more].concat())
}

fn merged(at: &TempDir, records: &str, more: &[&str]) -> Output {
    lockstep(at, &[&["merge", records], more].concat())
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The JSON without what was measured, which is the last of its last line.
fn unmeasured(output: &Output) -> String {
    let text = text(output);
    let (before, measured) = text.rsplit_once("\"measured\":").unwrap();
    assert_eq!(measured.lines().count(), 1);
    before.to_owned()
}

/// The JUnit report without its times.
fn untimed(at: &TempDir, file: &str) -> String {
    let xml = std::fs::read_to_string(at.path().join(file)).unwrap();
    let mut parts = xml.split(" time=\"");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + part.split_once('"').unwrap().1)
}

/// A page without the command that wrote it, which is one line; nothing in it is measured.
fn page_without_command(at: &TempDir, directory: &str) -> String {
    let page = std::fs::read_to_string(at.path().join(directory).join("42.html")).unwrap();
    let is_command = |line: &&str| line.contains(r#"<p class="command">"#);
    assert_eq!(page.lines().filter(is_command).count(), 1);
    let lines: Vec<&str> = page.lines().filter(|line| !is_command(line)).collect();
    lines.join("\n")
}

#[test]
fn one_two_and_five_shards_merged_are_the_whole() {
    let at = prepared();
    let options = [
        "--format",
        "json",
        "--junit",
        "whole.xml",
        "--opcodes",
        "--html",
        "whole",
    ];
    // With one job no finding comes before its turn, which standard error would tell.
    let whole = run(
        &at,
        "1/1",
        "of-1",
        &[&options[..], &["--jobs", "1"]].concat(),
    );
    assert_eq!(whole.status.code(), Some(1), "{whole:?}");
    let expected = unmeasured(&whole);
    assert!(expected.contains("\"bad_input\":1") && expected.contains("\"failed\":1"));
    for of in [1, 2, 5] {
        let records = format!("of-{of}");
        for number in 1..=of {
            if of > 1 {
                let output = run(&at, &format!("{number}/{of}"), &records, &["-q"]);
                assert!(text(&output).contains(&format!("shard {number}/{of}: ")));
            }
        }
        let options = [
            "--format",
            "json",
            "--junit",
            "merged.xml",
            "--opcodes",
            "--html",
            "merged",
        ];
        let output = merged(&at, &records, &options);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(unmeasured(&output) == expected, "{of} shards differ");
        assert_eq!(output.stderr, whole.stderr);
        assert_eq!(untimed(&at, "merged.xml"), untimed(&at, "whole.xml"));
        let page = page_without_command(&at, "merged");
        assert!(page.contains("gone") && page == page_without_command(&at, "whole"));
    }
    // A shard that was killed is run again, alone.
    let killed = at.path().join("of-5/42-3-of-5.jsonl");
    let records = std::fs::read(&killed).unwrap();
    std::fs::write(&killed, &records[..records.len() / 2]).unwrap();
    let output = merged(&at, "of-5", &[]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("42-3-of-5.jsonl has no end"), "{error}");
    run(&at, "3/5", "of-5", &[]);
    let output = merged(&at, "of-5", &["--format", "json", "--opcodes"]);
    assert!(unmeasured(&output) == expected);
    std::fs::remove_file(&killed).unwrap();
    let output = merged(&at, "of-5", &[]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("shard 3/5 is not there"), "{error}");
}

#[test]
fn the_steps_of_a_replayed_case_are_on_the_page_of_its_shards() {
    let at = TempDir::new().unwrap();
    let case = "[[module]]\nfile = \"a.wat\"\n[[step]]\ncall = \"f\"\nargs = [\"i32:1\"]\n";
    let module = r#"(module (func (export "f") (param i32) (result i32)
        i32.const 5 local.get 0 if (param i32) (result i32) drop i32.const 5 else end))"#;
    std::fs::create_dir(at.path().join("cases")).unwrap();
    std::fs::write(at.path().join("cases/a.wat"), module).unwrap();
    let known = format!("{case}[expect]\nknown = [\"IF-PARAMS\"]\nsubjects = \"42.0.2\"\n");
    std::fs::write(at.path().join("cases/a.toml"), known).unwrap();
    let whole = lockstep(&at, &["replay", "cases", "--html", "whole"]);
    assert_eq!(whole.status.code(), Some(0), "{whole:?}");
    for shard in ["1/2", "2/2"] {
        let shard = ["--shard", shard, "--records", "of-2"];
        lockstep(&at, &[&["replay", "cases"], &shard[..]].concat());
    }
    let output = merged(&at, "of-2", &["--html", "merged"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let page = page_without_command(&at, "merged");
    assert!(page.contains("\"steps\":[") && page == page_without_command(&at, "whole"));
    // The program that shows it is there, too.
    assert!(
        page.contains(r#""reproducer":{"text":["[package]"#),
        "{page}"
    );
}

#[test]
fn a_campaign_that_is_resumed_has_the_rest_of_its_cases() {
    let at = TempDir::new().unwrap();
    let names = |args: &[&str]| -> Vec<String> {
        let output = lockstep(&at, &[args, &["--list"]].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        text(&output).lines().map(str::to_owned).collect()
    };
    let all = names(&["run", "--cases", "9", "--seed", "7"]);
    let rest = names(&["run", "--cases", "9", "--seed", "7", "--from", "4"]);
    assert_eq!((all.len(), &rest[..]), (9, &all[4..]));
    let half = names(&["run", "--cases", "9", "--seed", "7", "--shard", "2/2"]);
    let odd: Vec<String> = all.iter().skip(1).step_by(2).cloned().collect();
    assert_eq!(half, odd);
    let samples = names(&["run", "samples", "--name", "late|loop"]);
    assert!(
        !samples.is_empty()
            && samples
                .iter()
                .all(|n| n.contains("late") || n.contains("loop"))
    );
}

#[test]
fn a_run_in_which_nothing_is_compared_does_not_pass() {
    let at = TempDir::new().unwrap();
    std::fs::create_dir(at.path().join("empty")).unwrap();
    for args in [
        &["run", "--cases", "0"][..],
        &["run", "--cases", "5", "--from", "5"],
        &["run", "--only", "corpus"],
        &["run", "--only", "samples", "--name", "no such name"],
        &["run", "--cases", "2", "--name", "no such name"],
        &["run", "--cases", "2", "--cause", "IF-PARAMS"],
        &["run", "--cases", "2", "--config", "signals=everywhere"],
        &["run", "--cases", "2", "--deadline", "2020-01-01T00:00:00Z"],
        &["replay", "empty"],
    ] {
        let output = lockstep(&at, args);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{args:?}: {error}");
        let text = text(&output);
        let last = text.lines().last();
        let fails = last.is_none_or(|last| last.starts_with("FAIL: nothing was compared: "));
        assert!(fails, "{args:?}: {text}");
        let output = lockstep(&at, &[args, &["--allow-empty"]].concat());
        assert_eq!(output.status.code(), Some(0), "{args:?}: {output:?}");
    }
}

#[test]
fn the_last_line_says_whether_it_passes_and_why() {
    let at = prepared();
    let last = |args: &[&str]| {
        let output = lockstep(&at, args);
        let text = text(&output);
        (
            output.status.code(),
            text.lines().last().unwrap().to_owned(),
        )
    };
    let agrees = last(&["replay", "cases/agrees.toml"]);
    let passed = "PASS: 1 case, no unexplained divergence".to_owned();
    assert_eq!(agrees, (Some(0), passed));
    let gone = last(&["replay", "cases/gone.toml"]);
    let failed = "FAIL: 1 command failed".to_owned();
    assert_eq!(gone, (Some(1), failed));
    let bad = last(&["replay", "cases/agrees.toml", "cases/none.toml"]);
    assert_eq!(bad, (Some(2), "FAIL: 1 case with bad input".to_owned()));
}

#[test]
fn the_first_finding_can_end_a_campaign() {
    let at = TempDir::new().unwrap();
    let cases = at.path().join("cases");
    for name in ["a", "b", "c"] {
        saved(&cases, name, AGREES, &[Cause::IfParams.id()]);
    }
    let output = lockstep(&at, &["replay", "cases", "--fail-fast", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let text = text(&output);
    let totals: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&totals["cases"], &totals["not_begun"]),
        (&1.into(), &2.into())
    );
}

#[test]
fn one_rule_and_one_cause_are_explained() {
    let at = TempDir::new().unwrap();
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let explained = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
        let output = command.args(args).current_dir(&top).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        text(&output)
    };
    let cause = explained(&["causes", "IF-PARAMS"]);
    assert!(
        cause.contains("example   lockstep replay fuzz/regressions/"),
        "{cause}"
    );
    let rule = explained(&["rules", "FRAME-PC", "--format", "json"]);
    let rule: Value = serde_json::from_str(&rule).unwrap();
    assert_eq!(rule["id"], "FRAME-PC");
    let output = lockstep(&at, &["causes", "NONE"]);
    assert_eq!(output.status.code(), Some(2));
}
