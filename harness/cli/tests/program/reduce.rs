//! `lockstep reduce` as its users call it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// A known deviation (`TRAP-PC`) among much that has nothing to do with it.
const MODULE: &str = r#"(module
    (import "host" "function" (func $host (param i32) (result i32)))
    (memory (export "memory") 1)
    (global $g (mut i64) (i64.const 5))
    (func $helper (param i32 i32) (result i32)
        (i32.mul (call $host (local.get 0)) (local.get 1)))
    (func (export "first") (param i32) (result i32)
        (local i32)
        (loop $l
            (global.set $g (i64.add (global.get $g) (i64.const 3)))
            (local.set 1 (i32.add (local.get 1) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get 1) (local.get 0))))
        (call $helper (local.get 1) (i32.const 9)))
    (func (export "second") (param i32) (result i64)
        (if (result i64) (local.get 0)
            (then (i32.wrap_i64 (global.get $g)) (v128.load16x4_s offset=57752 (i32.const 8191))
                (drop) (drop) (i64.const 3))
            (else (i64.const 4)))))"#;

const CASE: &str = r#"
name = "large"

[[module]]
file = "large.wat"

[[step]]
call = "first"
args = ["i32:4"]

[[step]]
write = "memory"
offset = 5
hex = "0102"

[[step]]
call = "second"
args = ["i32:70"]
"#;

fn directory(case: &str) -> TempDir {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("large.toml"), case).unwrap();
    fs::write(directory.path().join("large.wat"), MODULE).unwrap();
    directory
}

fn lockstep(directory: &Path, args: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    program.args(args).current_dir(directory).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_known_deviation_becomes_a_small_case_that_replays() {
    let directory = directory(CASE);
    let at = directory.path();
    let reduced = lockstep(at, &["reduce", "large.toml", "--rule", "EVENT-TRAP-PC"]);
    assert_eq!(reduced.status.code(), Some(0), "{}", stderr(&reduced));
    let said = String::from_utf8(reduced.stdout.clone()).unwrap();
    assert!(said.starts_with("EVENT-TRAP-PC at Trap event"), "{said}");
    let text = fs::read_to_string(at.join("large-reduced.toml")).unwrap();
    assert_eq!(text.matches("[[step]]").count(), 1, "{text}");
    let module = fs::read_to_string(at.join("large-reduced.wat")).unwrap();
    assert!(wat::parse_str(&module).unwrap().len() <= 60, "{module}");
    let replayed = lockstep(at, &["replay", "large-reduced.toml"]);
    assert_eq!(replayed.status.code(), Some(0), "{}", stderr(&replayed));
}

/// The same deviation in a module of Wasm 3.0.
const PROPOSALS: &str = r#"(module
    (rec (type $s (sub (struct (field (mut i32)) (field (ref null $a))))) (type $a (array (mut i64))))
    (type $t (sub final $s (struct (field (mut i32)) (field (ref null $a)) (field eqref))))
    (type $f (func (param i32 (ref null $s)) (result i32)))
    (tag $e (param i32 (ref null $a)))
    (table 3 (ref null $f))
    (memory i64 1 4)
    (global $g (mut (ref $t)) (struct.new_default $t))
    (elem (table 0) (i32.const 1) (ref null $f) (ref.func $tail))
    (elem declare func $tail)
    (func $tail (type $f)
        (throw_ref (block $h (result exnref)
            (try_table (result i32) (catch_all_ref $h)
                (throw $e (local.get 0) (array.new_default $a (i32.const 3))))
            (return))))
    (func (export "f") (param i32 (ref null $s) exnref) (result i32 (ref eq))
        (local (ref null $t))
        (local.set 3 (struct.new $t (i32.const 1) (ref.null $a) (ref.i31 (i32.const 4))))
        (drop (block $l (result i32 (ref null $a))
            (try_table (catch $e $l)
                (drop (call_ref $f (local.get 0) (local.get 3) (ref.func $tail))))
            (i32.const 0) (ref.null $a)))
        (struct.set $s 0 (global.get $g) (i32.const 7))
        (drop (v128.load16x4_s offset=57752 (i64.extend_i32_u (i32.const 8191))))
        (return_call $tailed (struct.get $s 0 (local.get 3))))
    (func $tailed (param i32) (result i32 (ref eq)) (local.get 0) (global.get $g)))"#;

#[test]
fn a_case_of_wasm_3_becomes_small_and_replays() {
    let args = r#"args = ["i32:4", "nullref:null", "exnref:null"]"#;
    let case = format!("[[module]]\nfile = \"three.wat\"\n\n[[step]]\ncall = \"f\"\n{args}\n");
    let directory = TempDir::new().unwrap();
    let at = directory.path();
    fs::write(at.join("three.toml"), case).unwrap();
    fs::write(at.join("three.wat"), PROPOSALS).unwrap();
    let reduced = lockstep(at, &["reduce", "three.toml", "--rule", "EVENT-TRAP-PC"]);
    assert_eq!(reduced.status.code(), Some(0), "{}", stderr(&reduced));
    let module = fs::read_to_string(at.join("three-reduced.wat")).unwrap();
    assert!(wat::parse_str(&module).unwrap().len() <= 60, "{module}");
    let replayed = lockstep(at, &["replay", "three-reduced.toml"]);
    assert_eq!(replayed.status.code(), Some(0), "{}", stderr(&replayed));
}

#[test]
fn the_number_of_jobs_does_not_change_the_case() {
    let directory = directory(CASE);
    let at = directory.path();
    for jobs in ["1", "3"] {
        let file = format!("small-{jobs}.toml");
        let args = ["reduce", "large.toml", "-o", &file, "--jobs", jobs];
        assert_eq!(lockstep(at, &args).status.code(), Some(0));
    }
    let read = |name: &str| fs::read_to_string(at.join(name)).unwrap();
    assert_eq!(read("small-1.wat"), read("small-3.wat"));
    let other = read("small-3.toml").replace("small-3", "small-1");
    assert_eq!(read("small-1.toml"), other);
}

#[test]
fn what_cannot_be_reduced_is_said_in_a_sentence() {
    let agrees = CASE.replace("i32:70", "i32:0");
    let directory = directory(&agrees);
    let at = directory.path();
    let refused = lockstep(at, &["reduce", "large.toml"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(
        stderr(&refused).trim(),
        "lockstep: the case does not diverge, so there is nothing to reduce"
    );
    let refused = lockstep(at, &["reduce", "large.toml", "-o", "small.json"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("does not end in .toml"));
}

#[test]
fn a_killed_reduction_leaves_a_case() {
    let directory = directory(CASE);
    let at = directory.path();
    let mut program = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(["reduce", "large.toml", "-o", "small.toml", "--jobs", "1"])
        .current_dir(at)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !at.join("small.toml").exists() && program.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    program.kill().unwrap();
    program.wait().unwrap();
    let again = lockstep(at, &["reduce", "small.toml", "-o", "smaller.toml"]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
}

/// Given conditions in place of the case's, it is reduced under them, and the command that is named runs it under
/// those that no case file has; a JUnit report holds what it comes to.
#[test]
fn a_case_is_reduced_under_the_conditions_that_are_given() {
    let directory = directory(CASE);
    let at = directory.path();
    let line =
        "reduce large.toml --rule EVENT-TRAP-PC --config opt-level=none --frames all --cpu-limit 9";
    let line = format!("{line} --no-twin --junit reduced.xml --format json");
    let args: Vec<&str> = line.split(' ').collect();
    let reduced = lockstep(at, &args);
    assert_eq!(reduced.status.code(), Some(0), "{}", stderr(&reduced));
    let told: serde_json::Value = serde_json::from_slice(&reduced.stdout).unwrap();
    assert_eq!(
        told["replay"],
        "lockstep replay ./large-reduced.toml --no-twin --cpu-limit 9"
    );
    let xml = fs::read_to_string(at.join("reduced.xml")).unwrap();
    assert!(xml.contains("tests=\"1\""), "{xml}");
    assert!(xml.trim_end().ends_with("</testsuites>"), "{xml}");
    let words: Vec<&str> = told["replay"].as_str().unwrap().split(' ').collect();
    let replayed = lockstep(at, &words[1..]);
    assert_eq!(replayed.status.code(), Some(0), "{}", stderr(&replayed));
}
