//! The JSON Schema against what commands really write: every line is one of its objects, and no key is
//! written that it does not know.

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

/// A program for WASI.
const PROGRAM: &str = r#"(module
  (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
  (func (export "_start")))"#;

fn lockstep(at: &TempDir, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    let output = command.args(args).current_dir(at).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The schema, in which an object has no other keys than those it names: the published one lets new keys
/// pass, as its readers must.
struct Strict(Value);

/// What a schema of ours is written with. A library that knows all of JSON Schema would change the features of
/// crates that both engines are built of, and so have tests compile each once more.
const KEYWORDS: &[&str] = &[
    "additionalProperties",
    "const",
    "description",
    "enum",
    "items",
    "minimum",
    "properties",
    "required",
    "type",
];

impl Strict {
    fn new(at: &TempDir) -> Strict {
        Strict(serde_json::from_str(&lockstep(at, &["schema"])).unwrap())
    }

    /// What is wrong with a line: of the object that it says it is.
    fn wrong(&self, line: &Value) -> Option<String> {
        let objects = self.0["$defs"].as_object().unwrap();
        let names = self.0["oneOf"].as_array().unwrap().iter();
        let names = names.map(|one| one["$ref"].as_str().unwrap().rsplit('/').next().unwrap());
        assert_eq!(
            names.collect::<Vec<_>>(),
            objects.keys().collect::<Vec<_>>()
        );
        let named = |schema: &&Value| schema["properties"]["schema"]["const"] == line["schema"];
        match objects.values().find(named) {
            Some(schema) => wrong(schema, line),
            None => Some(format!("no object is named {}", line["schema"])),
        }
    }
}

/// Where a value is not as the schema has it, and why.
fn wrong(schema: &Value, value: &Value) -> Option<String> {
    let schema = schema.as_object().unwrap();
    let unknown = schema.keys().find(|key| !KEYWORDS.contains(&key.as_str()));
    assert_eq!(unknown, None, "a keyword that nobody looks at");
    let is = |ty: &Value| match ty.as_str().unwrap() {
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type: {other}"),
    };
    let typed = match schema.get("type") {
        None => true,
        Some(Value::Array(types)) => types.iter().any(is),
        Some(ty) => is(ty),
    };
    let given = schema.get("const").is_none_or(|wanted| wanted == value);
    let listed = schema.get("enum");
    let listed = listed.is_none_or(|among| among.as_array().unwrap().contains(value));
    let least = schema.get("minimum").and_then(Value::as_f64);
    let large = least
        .zip(value.as_f64())
        .is_none_or(|(least, value)| value >= least);
    if !(typed && given && listed && large) {
        return Some(format!("{value}"));
    }
    let within = |key: &str, wrong: Option<String>| wrong.map(|wrong| format!("{key}: {wrong}"));
    if let (Value::Array(items), Some(schema)) = (value, schema.get("items")) {
        return items
            .iter()
            .find_map(|item| within("item", wrong(schema, item)));
    }
    let Value::Object(object) = value else {
        return None;
    };
    let required = schema.get("required").and_then(Value::as_array);
    let mut required = required.into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.find(|&key| !object.contains_key(key)) {
        return Some(format!("{missing} is missing"));
    }
    object.iter().find_map(|(key, value)| {
        let named = schema.get("properties").and_then(|keys| keys.get(key));
        match named.or_else(|| schema.get("additionalProperties")) {
            Some(schema) => within(key, wrong(schema, value)),
            None => Some(format!("{key} is not in the schema")),
        }
    })
}

#[test]
fn every_line_of_every_command_is_in_the_schema() {
    let at = TempDir::new().unwrap();
    fs::write(at.path().join("m.wat"), MODULE).unwrap();
    fs::write(at.path().join("p.wat"), PROGRAM).unwrap();
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/regressions");
    let case = format!("{corpus}/if-params.toml");
    let commands: &[&[&str]] = &[
        &["check", "m.wat", "--max-events", "500"],
        &["check", "p.wat"],
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
        &["replay", &case, "--subject", "42,path:none"],
        &["matrix", &case, "--subjects", "42"],
        &["reduce", &case, "-o", "small.toml", "--seconds", "5"],
        &["save", "--seed", "1", "--case", "2", "saved"],
        &["rules"],
        &["causes"],
        &["subjects"],
    ];
    let schema = Strict::new(&at);
    let mut met = BTreeSet::new();
    for command in commands {
        let text = lockstep(&at, &[&["--format", "json"], *command].concat());
        assert!(!text.is_empty(), "{command:?}");
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            met.insert(line["schema"].as_str().unwrap().to_owned());
            assert_eq!(schema.wrong(&line), None, "{command:?}");
        }
    }
    let all = [
        "case",
        "cause",
        "divergence",
        "event",
        "invocation",
        "matrix",
        "not-built",
        "opcode",
        "planned",
        "program",
        "reduced",
        "rule",
        "saved",
        "subject",
        "totals",
        "trace-end",
    ];
    assert_eq!(met, all.map(|name| format!("lockstep.{name}/1")).into());
}

#[test]
fn what_is_no_object_of_the_schema_is_refused() {
    let at = TempDir::new().unwrap();
    let schema = Strict::new(&at);
    let planned = |more: Value| {
        let mut planned = json!({
            "schema": "lockstep.planned/1", "subject": "wasmtime 42.0.2", "kind": "corpus", "case": "a"
        });
        for (key, value) in more.as_object().unwrap() {
            planned[key] = value.clone();
        }
        schema.wrong(&planned).is_some()
    };
    assert!(!planned(json!({})));
    assert!(planned(json!({ "new": 1 })));
    assert!(planned(json!({ "kind": "other" })));
    assert!(planned(json!({ "case": 1 })));
    assert!(planned(json!({ "schema": "lockstep.planned/2" })));
    let incomplete = json!({ "schema": "lockstep.trace-end/1", "command": "f()" });
    assert!(schema.wrong(&incomplete).is_some());
}
