//! Programs for WASI as a user runs them: options, what is printed, case files.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Prints its first argument and what is in `/data/note`, and ends with code 3.
const PROGRAM: &str = r#"(module
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\00\02\00\00\40\00\00\00")
  (data (i32.const 16) "note")
  (func (export "_start")
    (drop (call $args (i32.const 64) (i32.const 256)))
    (i32.store (i32.const 0) (i32.load (i32.const 68)))
    (i32.store (i32.const 4) (i32.const 5))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 96)))
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 4) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 96)))
    (i32.store (i32.const 0) (i32.const 512))
    (i32.store (i32.const 4) (i32.const 64))
    (drop (call $read (i32.load (i32.const 96)) (i32.const 0) (i32.const 1) (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 96)))
    (call $exit (i32.const 3))))"#;

fn lockstep(directory: &Path, args: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_lockstep");
    let mut command = Command::new(program);
    command.args(args).current_dir(directory).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn directory() -> TempDir {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("p.wat"), PROGRAM).unwrap();
    fs::create_dir(directory.path().join("data")).unwrap();
    let note = directory.path().join("data/note");
    fs::write(note, "a note\u{1b}[2J\n").unwrap();
    directory
}

#[test]
fn check_runs_a_program_and_shows_what_it_prints() {
    let directory = directory();
    let options = [
        "check",
        "p.wat",
        "--dir",
        "data::/data",
        "--env",
        "A=1",
        "--",
        "hello",
    ];
    let output = lockstep(directory.path(), &options);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(
        shown.contains("import 5 functions of wasi_snapshot_preview1"),
        "{shown}"
    );
    assert!(shown.contains("_start()"), "{shown}");
    assert!(shown.contains("stdout: 16 bytes"), "{shown}");
    // What could clear a terminal is shown escaped.
    assert!(shown.contains(r"| helloa note\u{1b}[2J"), "{shown}");
    assert!(shown.contains("exit code 3"), "{shown}");
    assert!(!shown.contains('\u{1b}'));

    let options: Vec<&str> = ["--format", "json"].into_iter().chain(options).collect();
    let output = lockstep(directory.path(), &options);
    let lines = text(&output);
    let objects = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_program = |object: &Value| object["schema"] == "lockstep.program/1";
    let program = objects.into_iter().find(of_program).unwrap();
    assert_eq!(program["exit_code"], 3);
    assert_eq!(program["stdout"]["bytes"], 16);
    assert_eq!(program["stdout"]["text"], "helloa note\u{1b}[2J\n");
}

#[test]
fn trace_needs_no_call_of_a_program() {
    let directory = directory();
    let output = lockstep(directory.path(), &["trace", "p.wat", "--", "hello"]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(
        shown.contains("== _start() the program ended with exit code 3"),
        "{shown}"
    );
    assert!(shown.contains("| hello"), "{shown}");
}

#[test]
fn what_a_program_cannot_be_given_is_one_sentence() {
    let directory = directory();
    fs::write(
        directory.path().join("m.wat"),
        "(module (func (export \"f\")))",
    )
    .unwrap();
    for (args, part) in [
        (&["check", "p.wat", "--env", "A"][..], "no variable"),
        (&["check", "p.wat", "--stdin", "none"], "cannot read none"),
        (&["check", "p.wat", "--dir", "none"], "cannot read none"),
        (&["check", "m.wat", "--", "a"], "would reach nobody"),
        (&["trace", "m.wat"], "nothing to trace"),
    ] {
        let output = lockstep(directory.path(), args);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
        assert!(message.contains(part), "{message}");
    }
}

const CASE: &str = r#"
[[module]]
file = "p.wat"

[wasi]
args = ["p", "hello"]
dirs = ["/data"]
stdout = "helloinline"
exit-code = 3

[wasi.files]
"/data/note" = "inline"

[[step]]
call = "_start"

[[expect-memory]]
memory = "memory"
offset = 512
text = "inline"
"#;

#[test]
fn a_case_file_says_what_a_program_finds_and_what_must_come() {
    let directory = directory();
    let case = directory.path().join("p.toml");
    fs::write(&case, CASE).unwrap();
    let output = lockstep(directory.path(), &["replay", "p.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    fs::write(&case, CASE.replace("exit-code = 3", "exit-code = 0")).unwrap();
    let output = lockstep(directory.path(), &["replay", "p.toml"]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(
        shown.contains("expectation not met: expected 0, given 3"),
        "{shown}"
    );
    fs::write(&case, CASE.replace("offset = 512", "offset = -1")).unwrap();
    let output = lockstep(directory.path(), &["replay", "p.toml"]);
    assert_eq!(output.status.code(), Some(2));
}
