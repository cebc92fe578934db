//! `lockstep trace` of what says itself what is called: case files and scripts.

use serde_json::Value;
use std::fs;
use std::process::{Command, Output};
use tempfile::TempDir;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/regressions");

fn given(files: &[(&str, &str)]) -> TempDir {
    let at = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(at.path().join(name), text).unwrap();
    }
    at
}

fn trace(at: &TempDir, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    let command = command.arg("trace").args(args).current_dir(at.path());
    command.output().unwrap()
}

fn objects(output: &Output) -> Vec<Value> {
    let text = str::from_utf8(&output.stdout).unwrap();
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

/// The opcodes of every event, in order.
fn opcodes(objects: &[Value]) -> Vec<String> {
    let events = objects.iter().filter(|o| o["schema"] == "lockstep.event/1");
    events
        .map(|event| event["frames"][0]["opcode"].as_str().unwrap().to_owned())
        .collect()
}

fn of_schema<'a>(objects: &'a [Value], name: &str) -> Vec<&'a Value> {
    let schema = format!("lockstep.{name}/1");
    objects.iter().filter(|o| o["schema"] == schema).collect()
}

/// Given two modules whose code is at the same PCs, each event has the opcode of its own module; given a
/// schedule with one breakpoint and a host that answers, the events are those of the schedule and the
/// values those of the host.
#[test]
fn a_case_is_traced_with_its_modules_its_schedule_and_its_host() {
    let case = r#"
[[module]]
name = "a"
wat = '(module (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (local.get 0))))'

[[module]]
name = "b"
wat = '''(module (import "a" "f" (func $f (param i32) (result i32))) (import "h" "n" (func $n (result i32)))
  (func (export "g") (result i32) (call $f (call $n))))'''

[host.functions]
"h.n" = "returns(i32:21)"

[[step]]
call = "g"
returns = ["i32:42"]
"#;
    let at = given(&[("case.toml", case)]);
    let output = trace(&at, &["case.toml", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let all = objects(&output);
    let f = ["local.get 0", "local.get 0", "i32.add", "end"];
    let expected = [&["call $n", "call $f"][..], &f[..], &["end"][..]].concat();
    assert_eq!(opcodes(&all), expected);
    let [end] = of_schema(&all, "trace-end")[..] else {
        panic!("{all:?}")
    };
    assert_eq!(
        (&end["outcome"], &end["status"]),
        (&"returned (i32:42)".into(), &"passed".into())
    );

    let session = "\n[[session]]\nwhen = \"start\"\nedits = [\"add opcode 0:0\"]\n";
    let at = given(&[("case.toml", &format!("{case}{session}"))]);
    let output = trace(&at, &["case.toml", "--format", "json"]);
    assert_eq!(opcodes(&objects(&output)), ["local.get 0"]);
}

/// Given what a step expects and does not come, the trace ends with the reason and fails as `replay` does;
/// what `[expect]` says of the whole case is not judged.
#[test]
fn a_step_that_is_not_met_fails_the_trace_and_an_expectation_of_causes_does_not() {
    let case = |returns: &str, expect: &str| {
        format!(
            "{expect}[[module]]\nwat = '(module (func (export \"f\") (result i32) (i32.const 1)))'\n\
             [[step]]\ncall = \"f\"\nreturns = [\"i32:{returns}\"]\n"
        )
    };
    let expect = "[expect]\nknown = [\"TRAP-PC\"]\nsubjects = \"42.0.2\"\n\n";
    let at = given(&[("a.toml", &case("2", "")), ("b.toml", &case("1", expect))]);
    let output = trace(&at, &["a.toml"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let wanted = "== assert_return f() returned (i32:1); failed: expectation not met: expected (i32:2), given (i32:1)";
    assert!(text.contains(wanted), "{text}");
    assert_eq!(trace(&at, &["b.toml"]).status.code(), Some(0));
}

/// Given a case that dares what takes its process with it, every event before it is shown, and what came
/// of it.
#[test]
fn a_daring_case_is_shown_up_to_what_it_dares() {
    let at = given(&[]);
    let case = format!("{CORPUS}/dare-v128-slot.toml");
    let output = trace(&at, &[&case]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("\n#1 "), "{text}");
    assert!(text.contains("== dared V128-SLOT: confirmed"), "{text}");
}

#[test]
fn a_configuration_that_must_be_refused_is_not_traced_and_says_why() {
    let case = "[configuration]\nsignals = \"everywhere\"\n[[module]]\nwat = '(module (func (export \"f\")))'\n[[step]]\ncall = \"f\"\n";
    let at = given(&[("case.toml", case)]);
    let output = trace(&at, &["case.toml"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("== refused: "), "{text}");
}

#[test]
fn a_script_is_traced_command_by_command() {
    let script = r#"(module $a (func (export "f") (result i32) (i32.const 7)))
        (assert_return (invoke "f") (i32.const 7))
        (module (func (export "g")))
        (invoke "g") (assert_return (invoke $a "f") (i32.const 7))"#;
    let at = given(&[("s.wast", script)]);
    let output = trace(&at, &["s.wast", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let all = objects(&output);
    let f = ["i32.const 7", "end"];
    assert_eq!(opcodes(&all), [&f[..], &["end"], &f].concat());
    assert_eq!(of_schema(&all, "trace-end").len(), 3);
    let other = trace(&at, &["s.wast", "--features", "wasm-1.0"]);
    assert_eq!(other.status.code(), Some(0));
}

#[test]
fn an_option_that_the_file_answers_itself_is_refused() {
    let case = "[[module]]\nwat = '(module (func (export \"f\")))'\n[[step]]\ncall = \"f\"\n";
    let files = [
        ("case.toml", case),
        ("bad.toml", "[[module]]\nfile = \"none.wat\"\n"),
        ("s.wast", "(module)"),
        ("m.wat", "(module (func (export \"f\")))"),
    ];
    let at = given(&files);
    for (args, part) in [
        (
            &["case.toml", "--invoke", "f()"][..],
            "--invoke is for modules",
        ),
        (&["case.toml", "--seed", "3"], "--seed is for modules"),
        (
            &["case.toml", "--features", "gc"],
            "--features is for scripts",
        ),
        (
            &["case.toml", "--", "a"],
            "arguments behind `--` is for modules",
        ),
        (
            &["s.wast", "--import", "a.b=fail"],
            "--import is for modules",
        ),
        (
            &["m.wat", "--invoke", "f()", "--features", "gc"],
            "m.wat is a module",
        ),
        (&["s.wast", "--features", "gC"], "`gC` names no features"),
        (&["bad.toml"], "none.wat"),
        (&["gone.toml"], "gone.toml"),
        (&["gone.wast"], "gone.wast"),
    ] {
        let output = trace(&at, args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(part), "{args:?}: {said}");
    }
}
