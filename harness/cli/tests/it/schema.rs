//! The JSON Schema against what commands really write: every line is one of its objects, and no key is
//! written that it does not know.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use tempfile::TempDir;

const MODULE: &str = r#"(module
  (func $fac (export "fac") (param i64) (result i64)
    local.get 0
    i64.eqz
    if (result i64)
      i64.const 1
    else
      local.get 0
      local.get 0
      i64.const 1
      i64.sub
      call $fac
      i64.mul
    end)
  (func (export "loop") loop br 0 end))"#;

fn lockstep(at: &TempDir, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    let output = command.args(args).current_dir(at).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The schema, in which an object has no other keys than those it names: the published one lets new keys
/// pass, as its readers must.
fn strict(at: &TempDir) -> Validator {
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(object) => {
                if object.contains_key("properties") {
                    object.insert("additionalProperties".to_owned(), json!(false));
                }
                object.values_mut().for_each(close);
            }
            Value::Array(values) => values.iter_mut().for_each(close),
            _ => {}
        }
    }
    let mut schema: Value = serde_json::from_str(&lockstep(at, &["schema"])).unwrap();
    close(&mut schema["$defs"]);
    jsonschema::draft202012::new(&schema).unwrap()
}

/// What is wrong with a line.
fn wrong(validator: &Validator, line: &Value) -> Option<String> {
    // The error of `oneOf` names no place: the object's own schema does.
    match validator.is_valid(line) {
        true => None,
        false => Some(format!("{line:#}")),
    }
}

#[test]
fn every_line_of_every_command_is_in_the_schema() {
    let at = TempDir::new().unwrap();
    fs::write(at.path().join("m.wat"), MODULE).unwrap();
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/regressions");
    let case = format!("{corpus}/if-params.toml");
    let commands: &[&[&str]] = &[
        &["check", "m.wat", "--max-events", "500"],
        &["trace", "m.wat", "--invoke", "fac(i64:2)", "--stack"],
        &["spec", "i32", "--opcodes"],
        &[
            "run",
            "--cases",
            "40",
            "--seed",
            "9",
            "--only",
            "generated",
            "--proposals",
            "all",
        ],
        &["run", "--cases", "3", "--list"],
        &["replay", corpus, "--show-known", "--opcodes"],
        &["replay", &case, "--shard", "1/1"],
        &["matrix", &case, "--subjects", "42"],
        &["rules"],
        &["causes"],
        &["subjects"],
    ];
    let validator = strict(&at);
    let mut met = BTreeSet::new();
    for command in commands {
        let text = lockstep(&at, &[&["--format", "json"], *command].concat());
        assert!(!text.is_empty(), "{command:?}");
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            met.insert(line["schema"].as_str().unwrap().to_owned());
            assert_eq!(wrong(&validator, &line), None, "{command:?}");
        }
    }
    let all = [
        "case",
        "cause",
        "divergence",
        "event",
        "invocation",
        "matrix",
        "opcode",
        "planned",
        "rule",
        "subject",
        "totals",
        "trace-end",
    ];
    assert_eq!(met, all.map(|name| format!("lockstep.{name}/1")).into());
}

#[test]
fn what_is_no_object_of_the_schema_is_refused() {
    let at = TempDir::new().unwrap();
    let validator = strict(&at);
    let planned = |more: Value| {
        let mut planned = json!({
            "schema": "lockstep.planned/1", "subject": "wasmtime 42.0.2", "kind": "corpus", "case": "a"
        });
        for (key, value) in more.as_object().unwrap() {
            planned[key] = value.clone();
        }
        wrong(&validator, &planned).is_some()
    };
    assert!(!planned(json!({})));
    assert!(planned(json!({ "new": 1 })));
    assert!(planned(json!({ "kind": "other" })));
    assert!(planned(json!({ "case": 1 })));
    assert!(planned(json!({ "schema": "lockstep.planned/2" })));
    let incomplete = json!({ "schema": "lockstep.trace-end/1", "command": "f()" });
    assert!(wrong(&validator, &incomplete).is_some());
}
