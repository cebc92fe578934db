//! Folders of scripts that are not the official suite's: in the dialect of Wasmtime's own tests, and a
//! proposal's, under the features of an option.

use serde_json::Value;
use std::fs;
use std::process::{Command, Output};
use tempfile::TempDir;

fn folder(scripts: &[(&str, &str)]) -> TempDir {
    let at = TempDir::new().unwrap();
    for (name, text) in scripts {
        let path = at.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    at
}

fn spec(at: &TempDir, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command.args(["spec", "--dir", ".", "--format", "json"]);
    command.args(args).current_dir(at.path()).output().unwrap()
}

/// Each script's name, verdict, and assertions that passed; the exit code.
fn verdicts(output: &Output) -> (Option<i32>, Vec<(String, String, u64)>) {
    let text = str::from_utf8(&output.stdout).unwrap();
    let lines = text.lines().map(serde_json::from_str::<Value>);
    let all: Vec<Value> = lines.collect::<Result<_, _>>().unwrap();
    let cases = all.iter().filter(|o| o["schema"] == "lockstep.case/1");
    let of = |case: &Value| {
        let text = |key: &str| case[key].as_str().unwrap().to_owned();
        let passed = case["assertions"]["passed"].as_u64().unwrap();
        let name = text("case");
        let name = name.strip_prefix("./").unwrap_or(&name);
        (name.to_owned(), text("verdict"), passed)
    };
    (output.status.code(), cases.map(of).collect())
}

fn came(name: &str, verdict: &str, passed: u64) -> (String, String, u64) {
    (name.to_owned(), verdict.to_owned(), passed)
}

/// Given what only Wasmtime's own tests write: `gc` of `wasmtime`, a module that is imported by its name
/// in the script, the beginning or another part of a trap's text, an index of a function as a result.
#[test]
fn scripts_in_the_dialect_of_wasmtimes_own_tests_run() {
    let at = folder(&[
        (
            "gc.wast",
            r#"(module (import "wasmtime" "gc" (func $gc)) (func (export "f") (result i32)
                 (call $gc) (i32.const 1)))
               (assert_return (invoke "f") (i32.const 1))"#,
        ),
        (
            "named.wast",
            r#"(module $lib (func (export "one") (result i32) (i32.const 1)))
               (module (import "lib" "one" (func $one (result i32)))
                 (func (export "two") (result i32) (i32.add (call $one) (call $one))))
               (assert_return (invoke "two") (i32.const 2))"#,
        ),
        (
            "reference.wast",
            r#"(module (elem declare func $f) (func $f)
                 (func (export "some") (result funcref) (ref.func $f))
                 (func (export "none") (result funcref) (ref.null func)))
               (assert_return (invoke "some") (ref.func 0))
               (assert_return (invoke "none") (ref.null func))"#,
        ),
        (
            "text.wast",
            r#"(module (memory 1) (func (export "f") (drop (i32.load (i32.const -1))))
                 (func (export "g") unreachable))
               (assert_trap (invoke "f") "out of bounds")
               (assert_trap (invoke "f") "memory access")
               (assert_trap (invoke "g") "unreachable")"#,
        ),
    ]);
    let expected = [("gc", 1), ("named", 1), ("reference", 2), ("text", 3)];
    let expected = expected.map(|(name, passed)| came(&format!("{name}.wast"), "ok", passed));
    assert_eq!(verdicts(&spec(&at, &[])), (Some(0), expected.to_vec()));
}

/// A null is no function, whatever index is written.
#[test]
fn an_index_of_a_function_asks_for_a_function() {
    let at = folder(&[(
        "null.wast",
        r#"(module (func (export "none") (result funcref) (ref.null func)))
           (assert_return (invoke "none") (ref.func 0))"#,
    )]);
    let (code, cases) = verdicts(&spec(&at, &[]));
    assert_eq!(
        (code, &cases[..]),
        (Some(1), &[came("null.wast", "not-met", 0)][..])
    );
}

/// Given a proposal's folder whose scripts say what is invalid without another proposal, it is as they say
/// under the proposal's own features, and not under all that there are.
#[test]
fn a_folder_is_run_under_the_features_that_are_named() {
    let at = folder(&[(
        "core/two.wast",
        r#"(assert_invalid (module (memory 1) (memory 1)) "multiple memories")
           (module (memory i64 1) (func (export "size") (result i64) (memory.size)))
           (assert_return (invoke "size") (i64.const 1))"#,
    )]);
    let of = |features: &[&str]| verdicts(&spec(&at, features));
    let name = "core/two.wast";
    let only = of(&["--features", "memory64"]);
    assert_eq!(only, (Some(0), vec![came(name, "ok", 2)]));
    let two = of(&["--features", "memory64,multi-memory"]);
    assert_eq!((two.0, &two.1[0].1[..]), (Some(1), "not-met"));
    assert_eq!(of(&[]), two);
}

/// A module beyond the named features is the folder's matter, not the engine's: its script is named, and
/// what needs the module is not run.
#[test]
fn a_module_beyond_the_named_features_is_no_divergence() {
    let at = folder(&[
        (
            "a.wast",
            "(module (memory i64 1) (func (export \"f\")))\n(invoke \"f\")",
        ),
        (
            "b.wast",
            "(module (func (export \"f\")))\n(assert_return (invoke \"f\"))",
        ),
    ]);
    let output = spec(&at, &["--features", "wasm-2.0"]);
    let (code, cases) = verdicts(&output);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("lockstep.divergence/1"), "{text}");
    let expected = [came("a.wast", "unsupported", 0), came("b.wast", "ok", 1)];
    assert_eq!((code, &cases[..]), (Some(0), &expected[..]), "{text}");
}

/// Given a module beyond the features that others import from, by the name that it is registered under or by
/// its name in the script, nothing is expected of these: they are unsupported as it is.
#[test]
fn what_imports_from_an_unsupported_module_is_unsupported() {
    let library =
        r#"(module $lib (memory i64 1) (func (export "one") (result i32) (i32.const 1)))"#;
    let user = r#"(module (import "lib" "one" (func $one (result i32)))
        (func (export "two") (result i32) (call $one)))
        (assert_return (invoke "two") (i32.const 1))"#;
    let named = format!("{library} {user}");
    let registered = format!("{library} (register \"lib\") {user}");
    let good = "(module (func (export \"f\")))\n(assert_return (invoke \"f\"))";
    let at = folder(&[
        ("good.wast", good),
        ("named.wast", &named),
        ("registered.wast", &registered),
    ]);
    let output = spec(&at, &["--features", "wasm-2.0"]);
    let expected = [
        came("good.wast", "ok", 1),
        came("named.wast", "unsupported", 0),
        came("registered.wast", "unsupported", 0),
    ];
    assert_eq!(verdicts(&output), (Some(0), expected.to_vec()));
    // With the feature both are as they say.
    let expected = ["good.wast", "named.wast", "registered.wast"];
    let expected = expected.map(|name| came(name, "ok", 1));
    assert_eq!(verdicts(&spec(&at, &[])), (Some(0), expected.to_vec()));
}

#[test]
fn an_instance_of_an_unsupported_definition_is_unsupported() {
    let script = r#"(module definition $d (memory i64 1) (func (export "f")))
        (module instance $i $d)
        (assert_return (invoke $i "f"))"#;
    let good = "(module (func (export \"f\")))\n(assert_return (invoke \"f\"))";
    let at = folder(&[("definition.wast", script), ("good.wast", good)]);
    let output = spec(&at, &["--features", "wasm-2.0"]);
    let expected = [
        came("definition.wast", "unsupported", 0),
        came("good.wast", "ok", 1),
    ];
    assert_eq!(verdicts(&output), (Some(0), expected.to_vec()));
}

/// Given a directory below that nobody can read, since its path is too long for the system, it is named, and
/// the scripts beside it run.
#[test]
fn a_directory_below_that_cannot_be_read_costs_itself_alone() {
    let good = "(module (func (export \"f\")))\n(assert_return (invoke \"f\"))";
    let at = folder(&[("a.wast", good), ("z.wast", good)]);
    let below =
        |name: &str| (0..11).fold(at.path().join(name), |path, _| path.join("x".repeat(200)));
    fs::create_dir_all(below("m")).unwrap();
    fs::create_dir_all(below("lower")).unwrap();
    fs::rename(at.path().join("lower"), below("m").join("lower")).unwrap();
    let output = spec(&at, &[]);
    let expected = [came("a.wast", "ok", 1), came("z.wast", "ok", 1)];
    assert_eq!(verdicts(&output), (Some(2), expected.to_vec()));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cannot read ./m/"), "{said}");
}

#[test]
fn features_that_are_none_are_refused_with_those_that_there_are() {
    let at = folder(&[("a.wast", "(module)")]);
    for (args, part) in [
        (
            &["--features", "simd,wasm-4.0"][..],
            "`wasm-4.0` names no features",
        ),
        (&["--features", ""], "names no features"),
    ] {
        let output = spec(&at, args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(part) && said.contains("memory64"), "{said}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    let output = command.args(["spec", "nop", "--features", "gc"]).output();
    // The official suites have the features of their snapshots.
    assert_eq!(output.unwrap().status.code(), Some(2));
}
