//! The program as its users call it: exit codes, JSON, determinism, the end of a pipe.

use lockstep::version::Version;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const FAC: &str = r#"(module
    (func $fac (export "fac") (param i64) (result i64)
        (if (result i64) (i64.eqz (local.get 0))
            (then (i64.const 1))
            (else (i64.mul (local.get 0) (call $fac (i64.sub (local.get 0) (i64.const 1))))))))"#;

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_lockstep"))
}

fn lockstep(args: &[&str]) -> Output {
    program().args(args).output().unwrap()
}

/// Runs the program on a file `m.wat` in a directory of its own.
fn lockstep_on(wat: &str, args: &[&str]) -> Output {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("m.wat"), wat).unwrap();
    program()
        .args(args)
        .current_dir(dir.path())
        .output()
        .unwrap()
}

fn objects(output: &Output) -> Vec<Value> {
    let stdout = std::str::from_utf8(&output.stdout).unwrap();
    stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn without_measured(output: &Output) -> Vec<Value> {
    let mut objects = objects(output);
    let totals = objects.last_mut().unwrap().as_object_mut().unwrap();
    assert!(totals.remove("measured").is_some());
    objects
}

#[test]
fn a_subject_that_there_cannot_be_is_refused_with_what_to_write() {
    for (subject, why) in [
        ("41", "42 is the first with the debug API"),
        ("newest", "write 48 or 48.0.8"),
        ("99", "write the whole number"),
        ("48.0.8+local", "path:DIR"),
        ("path:tests", "is no checkout of Wasmtime"),
    ] {
        let output = lockstep(&["spec", "nop", "--subject", subject]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(output.stdout.is_empty());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(stderr.contains(why), "{stderr}");
    }
}

#[test]
fn totals_name_their_subject() {
    let output = lockstep(&["run", "nop", "--subject", "42", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let objects = objects(&output);
    let totals = objects
        .iter()
        .filter(|o| o["schema"] == "lockstep.totals/1");
    let named: Vec<&str> = totals.map(|o| o["subject"].as_str().unwrap()).collect();
    assert_eq!(named, [Version::V42.name()]);
}

#[test]
fn the_versions_that_can_be_the_subject_are_listed() {
    let output = lockstep(&["subjects", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let rows = objects(&output);
    let embedded = rows.iter().filter(|row| row["embedded"] == true);
    let embedded: Vec<&str> = embedded
        .map(|row| row["version"].as_str().unwrap())
        .collect();
    assert_eq!(embedded, [Version::V42.to_string()]);
    let of_table = rows.iter().filter(|row| row["of_table"] == true);
    assert_eq!(of_table.count(), Version::TABLE.len());
    let text = lockstep(&["subjects"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("in this program"), "{text}");
}

#[test]
fn what_is_in_the_program_is_not_built() {
    let output = lockstep(&["subjects", "build", "42"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said, "wasmtime 42.0.2: in this program\n");
}

#[test]
fn a_matrix_that_shows_nothing_does_not_pass() {
    let case = concat!(env!("CARGO_MANIFEST_DIR"), "/../programs/commands/words");
    let output = lockstep(&["matrix", case, "--subjects", "42"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let nothing = "FAIL: no case here shows whether a version has a cause";
    assert!(said.contains(nothing), "{said}");
}

#[test]
fn json_ends_with_totals_that_add_up() {
    let output = lockstep(&["spec", "nop", "simd_splat", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let objects = objects(&output);
    let (totals, cases) = objects.split_last().unwrap();
    assert_eq!(totals["schema"], "lockstep.totals/1");
    assert_eq!(totals["cases"], 2);
    let names: Vec<&str> = cases
        .iter()
        .map(|case| case["case"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["wasm-v2/nop.wast", "simd/simd_splat.wast"]);
    for key in ["sequence_points", "frames", "values", "hazards_avoided"] {
        let sum: u64 = cases.iter().map(|case| case[key].as_u64().unwrap()).sum();
        assert_eq!(totals[key], sum, "{key}");
    }
    assert_eq!(totals["assertions"]["passed"], 87 + 181);
    assert_eq!(totals["divergences"]["unexplained"], 0);
}

#[test]
fn equal_runs_have_equal_json_whatever_the_number_of_threads() {
    let names = [
        "spec",
        "fac",
        "memory_size",
        "linking",
        "simd_lane",
        "--format",
        "json",
    ];
    let one = lockstep(&[&names[..], &["--jobs", "1"]].concat());
    let four = lockstep(&[&names[..], &["--jobs", "4"]].concat());
    assert_eq!(without_measured(&one), without_measured(&four));
}

#[test]
fn check_tells_how_each_invocation_ended() {
    let args = [
        "check",
        "m.wat",
        "--invoke",
        "fac(i64:5)",
        "--invoke",
        "fac(0)",
        "--format",
        "json",
    ];
    let output = lockstep_on(FAC, &args);
    assert_eq!(output.status.code(), Some(0));
    let objects = objects(&output);
    assert_eq!(objects[1]["schema"], "lockstep.invocation/1");
    assert_eq!(objects[1]["outcome"], "returned (i64:120)");
    assert_eq!(objects[2]["outcome"], "returned (i64:1)");
    let schemas: Vec<&str> = objects
        .iter()
        .map(|o| o["schema"].as_str().unwrap())
        .collect();
    assert_eq!(schemas[3..], ["lockstep.case/1", "lockstep.totals/1"]);
    // Five calls of eleven events that recurse and a last of six; then one of six.
    assert_eq!(objects[4]["sequence_points"], 5 * 11 + 6 + 6);
}

#[test]
fn trace_shows_every_event_of_both_sides() {
    let args = [
        "trace",
        "m.wat",
        "--invoke",
        "fac(i64:1)",
        "--format",
        "json",
    ];
    let output = lockstep_on(FAC, &args);
    assert_eq!(output.status.code(), Some(0));
    let objects = objects(&output);
    let [events @ .., end, case] = &objects[..] else {
        panic!("{objects:?}")
    };
    assert_eq!(end["outcome"], "returned (i64:1)");
    assert_eq!(case["verdict"], "ok");
    assert_eq!(events.len(), 11 + 6);
    let opcodes: BTreeSet<&str> = events
        .iter()
        .map(|event| event["frames"][0]["opcode"].as_str().unwrap())
        .collect();
    assert!(opcodes.contains("call $fac"), "{opcodes:?}");
    let equal = |event: &Value| {
        let state = event["frames"][0]["state"].as_array().unwrap();
        state.iter().all(|row| row["equal"] == true)
    };
    assert!(events.iter().all(equal));
}

#[test]
fn trace_ends_when_nobody_reads() {
    let dir = TempDir::new().unwrap();
    std::fs::write(
        dir.path().join("m.wat"),
        r#"(module (func (export "f") (loop (br 0))))"#,
    )
    .unwrap();
    let mut child = program()
        .args(["trace", "m.wat", "--invoke", "f()"])
        .current_dir(dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("== module"));
    drop(lines);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

#[test]
fn a_directory_of_scripts_runs_like_the_official_suite() {
    let dir = TempDir::new().unwrap();
    let wast = r#"(module (func (export "f") (result i32) (i32.const 7)))
        (assert_return (invoke "f") (i32.const 7))
        (assert_return (invoke "f") (i32.const 8))"#;
    std::fs::write(dir.path().join("mine.wast"), wast).unwrap();
    let output = program()
        .args(["spec", "--dir", "."])
        .current_dir(dir.path())
        .output()
        .unwrap();
    // The last assertion does not hold.
    assert_eq!(output.status.code(), Some(1));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("1 of      2 assertions"), "{stdout}");
    assert!(
        stdout.contains("failed, line 3: assert_return f()"),
        "{stdout}"
    );
    // It is the script's mistake, and no divergence.
    let told = "expectation not met: expected (i32:8), given (i32:7); reference interpreter and subject agree";
    assert!(stdout.contains(told), "{stdout}");
}

#[test]
fn unsupported_directives_are_named() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("mine.wast"), "(module) (component)").unwrap();
    let output = program()
        .args(["spec", "--dir", ".", "--format", "json"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let objects = objects(&output);
    assert_eq!(objects[0]["unsupported"][0]["line"], 1);
    assert_eq!(objects[1]["commands"]["unsupported"], 1);
}

#[test]
fn samples_run_by_name() {
    let output = lockstep(&["run", "samples", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let objects = objects(&output);
    assert_eq!(
        objects.last().unwrap()["cases"],
        lockstep::samples::SAMPLES.len()
    );
}

/// What `spec` takes as a name `run` takes too, and both mean the same scripts by it.
#[test]
fn run_takes_the_names_that_spec_takes() {
    let cases = |command: &str, name: &str| -> Vec<String> {
        let output = lockstep(&[command, name, "--format", "json"]);
        let objects = objects(&output);
        let cases = objects
            .iter()
            .filter(|object| object["verdict"].is_string());
        let names = cases.filter_map(|case| case["case"].as_str());
        names.map(str::to_owned).collect()
    };
    for name in ["nop.wast", "extended-const", "wasm-v3/br.wast"] {
        let named = cases("run", name);
        assert!(!named.is_empty(), "{name}");
        assert_eq!(named, cases("spec", name), "{name}");
    }
}

/// Only the last name is refused: those before it are known. Nothing is run.
#[test]
fn every_suite_and_version_is_a_name() {
    use lockstep_spec_tests::SUITES;
    let with_scripts = SUITES
        .iter()
        .filter(|suite| suite.scripts().next().is_some());
    let suites = with_scripts.map(|suite| suite.name);
    for name in suites.chain(["wasm-2.0", "wasm-3.0"]) {
        for command in ["run", "spec"] {
            let output = lockstep(&[command, name, "br_tabel"]);
            let message = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{message}");
            assert!(
                message.contains("no script is named `br_tabel`"),
                "{command} {name}: {message}"
            );
        }
    }
}

#[test]
fn opcodes_are_listed_with_their_events() {
    let output = lockstep(&["spec", "nop", "--opcodes"]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        stdout.contains("of 437 opcodes of Wasm 2.0 covered"),
        "{stdout}"
    );
    assert!(stdout.contains("missing: "), "{stdout}");
    let nop = stdout
        .lines()
        .find(|line| line.starts_with("nop "))
        .unwrap();
    let cells: Vec<&str> = nop.split_whitespace().collect();
    assert_ne!(cells[2], "0");
    // Single-stepped, in functions that the host calls; a `nop` has no trap and no host call.
    assert_eq!(
        cells[3..],
        ["yes", "no", "yes", "yes", "no", "-", "-", "-"],
        "{stdout}"
    );
}

#[test]
fn every_command_has_help_with_examples() {
    for command in ["check", "trace", "spec", "run", "rules"] {
        let output = lockstep(&[command, "--help"]);
        assert_eq!(output.status.code(), Some(0));
        assert!(
            String::from_utf8(output.stdout)
                .unwrap()
                .contains("Examples:"),
            "{command}"
        );
    }
}

#[test]
fn rules_as_json_are_the_table() {
    let objects = objects(&lockstep(&["rules", "--format", "json"]));
    let rules = objects
        .iter()
        .filter(|o| o["schema"] == "lockstep.rule/1")
        .count();
    let causes = objects
        .iter()
        .filter(|o| o["schema"] == "lockstep.cause/1")
        .count();
    assert_eq!(rules, lockstep::rules::RuleId::ALL.len());
    assert_eq!(causes, lockstep::causes::Cause::ALL.len());
}
