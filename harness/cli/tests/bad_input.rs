//! Bad input is answered with one clear sentence that names the place, exit code 2, and no panic.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A module with every kind of thing that a wish can be wrong about.
const MODULE: &str = r#"(module
    (import "env" "log" (func (param i32)))
    (func (export "fac") (param i64) (result i64) (local.get 0))
    (func (export "mix") (param f32 v128 externref funcref))
    (memory (export "memory") 1))"#;

/// A directory of input files that is gone after the test.
struct Given(TempDir);

impl Given {
    fn nothing() -> Given {
        Given(TempDir::new().unwrap())
    }

    fn file(name: &str, content: impl AsRef<[u8]>) -> Given {
        let given = Given::nothing();
        fs::write(given.path(name), content).unwrap();
        given
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
        let command = command.args(args).current_dir(self.0.path());
        command.output().unwrap()
    }

    /// Runs the program in the directory; it must refuse, and its sentence is the answer.
    fn refused(&self, args: &[&str]) -> String {
        refusal(self.run(args))
    }

    /// Runs the scripts of the directory, of which some are none: what was said of these, and what came
    /// of the others.
    fn scripts(&self) -> (String, String) {
        let output = self.run(&["spec", "--dir", "."]);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.starts_with("lockstep: "), "{stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
        (stderr, stdout)
    }
}

/// The sentence of a run that must have been refused.
fn refusal(output: Output) -> String {
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(output.stdout.is_empty(), "nothing may have run");
    assert!(stderr.starts_with("lockstep: "), "{stderr}");
    assert_eq!(
        stderr.trim_end().lines().count(),
        1,
        "one sentence: {stderr}"
    );
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr
}

fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

#[test]
fn truncated_binary() {
    let mut bytes = wat::parse_str(MODULE).unwrap();
    bytes.truncate(bytes.len() - 7);
    let message = Given::file("m.wasm", &bytes).refused(&["check", "m.wasm"]);
    assert_says(&message, &["m.wasm", "malformed", "offset 0x"]);
}

#[test]
fn every_truncation_of_a_binary() {
    let bytes =
        wat::parse_str("(module (func (export \"f\") (result i32) (i32.const 1)))").unwrap();
    for length in 1..bytes.len() {
        // Cut between two sections it is a smaller module; that is no error, but it may show nothing.
        let given = Given::file("m.wasm", &bytes[..length]);
        let program = env!("CARGO_BIN_EXE_lockstep");
        let output = Command::new(program)
            .args(["check", "m.wasm"])
            .current_dir(given.0.path())
            .output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.code() != Some(0) && !said.contains("nothing was compared") {
            assert_says(&refusal(output), &["m.wasm", "offset 0x"]);
        }
    }
}

#[test]
fn invalid_module() {
    let bytes = wat::parse_str("(module (func (result i32) (i64.const 0)))").unwrap();
    let message = Given::file("m.wasm", &bytes).refused(&["check", "m.wasm"]);
    assert_says(
        &message,
        &["m.wasm", "not a valid", "type mismatch", "offset 0x1a"],
    );
}

#[test]
fn module_that_needs_more_than_lockstep_knows() {
    // The module is valid for no feature that Lockstep knows: stack switching.
    let wat = "(module (type $f (func)) (type $c (cont $f)) (func (param (ref $c))))";
    let message = Given::file("m.wat", wat).refused(&["check", "m.wat"]);
    assert_says(&message, &["m.wat", "offset 0x"]);
}

#[test]
fn component_that_lockstep_does_not_run() {
    for (wat, what) in [
        (r#"(component (import "f" (func)))"#, "the import `f`"),
        (
            "(component (type $r (resource (rep i32))) (core func (canon resource.new $r)))",
            "ResourceNew",
        ),
    ] {
        let message = Given::file("c.wat", wat).refused(&["check", "c.wat"]);
        assert_says(&message, &["c.wat", "component", what]);
    }
    let binary = b"\0asm\x0d\0\x01\0\x07";
    let message = Given::file("c.wasm", binary).refused(&["check", "c.wasm"]);
    assert_says(&message, &["c.wasm", "not a valid component"]);
    let wat = "(component)";
    let message = Given::file("c.wat", wat).refused(&["check", "c.wat", "--invoke", "f()"]);
    assert_says(&message, &["c.wat", "f()", "no function is exported"]);
}

#[test]
fn file_that_is_no_wasm() {
    let message = Given::file("photo.png", b"\x89PNG\r\n\x1a\n").refused(&["check", "photo.png"]);
    assert_says(&message, &["photo.png", "no WebAssembly", "offset 0x0"]);
}

#[test]
fn text_that_is_no_wasm() {
    let message = Given::file("notes.txt", "hello\n").refused(&["check", "notes.txt"]);
    assert_says(&message, &["notes.txt:1:1 (byte 0)"]);
}

#[test]
fn empty_file() {
    let message = Given::file("m.wasm", "").refused(&["check", "m.wasm"]);
    assert_says(&message, &["m.wasm is empty"]);
}

#[test]
fn missing_file() {
    let message = Given::nothing().refused(&["check", "absent.wasm"]);
    assert_says(&message, &["cannot read absent.wasm"]);
}

#[test]
fn directory_instead_of_a_file() {
    let message = Given::nothing().refused(&["check", "."]);
    assert_says(&message, &["is a directory"]);
}

#[test]
fn oversized_file_is_refused_before_it_is_read() {
    let given = Given::nothing();
    // Sparse: it has a size, but no content on disk.
    let file = File::create(given.path("huge.wasm")).unwrap();
    file.set_len((512 << 20) + 1).unwrap();
    let message = given.refused(&["check", "huge.wasm"]);
    assert_says(
        &message,
        &["huge.wasm has 536,870,913 bytes", "at most 536,870,912"],
    );
}

#[test]
fn malformed_text_module() {
    let message =
        Given::file("m.wat", "(module\n  (func (exprot \"f\")))").refused(&["check", "m.wat"]);
    assert_says(&message, &["m.wat:2:10 (byte 17)"]);
}

#[test]
fn deeply_nested_text_module() {
    let wat = "(module (func ".to_owned() + &"(block ".repeat(200_000);
    let message = Given::file("m.wat", wat).refused(&["check", "m.wat"]);
    assert_says(&message, &["m.wat:1:"]);
}

#[test]
fn text_module_with_an_unknown_name() {
    let message =
        Given::file("m.wat", "(module (func (call $absent)))").refused(&["check", "m.wat"]);
    assert_says(&message, &["m.wat:1:21", "absent"]);
}

/// The refusal of an invocation of [`MODULE`].
fn refused_invocation(invocation: &str) -> String {
    Given::file("m.wat", MODULE).refused(&["check", "m.wat", "--invoke", invocation])
}

#[test]
fn unknown_export() {
    let message = refused_invocation("fact(i64:1)");
    assert_says(&message, &["m.wat has no export `fact`", "`fac`, `mix`"]);
}

#[test]
fn export_that_is_no_function() {
    assert_says(
        &refused_invocation("memory()"),
        &["`memory`", "a memory, not a function"],
    );
}

#[test]
fn wrong_argument_count() {
    assert_says(
        &refused_invocation("fac()"),
        &["`fac` takes 1 argument (i64), not 0"],
    );
    assert_says(&refused_invocation("fac(1, 2)"), &["not 2"]);
}

#[test]
fn ill_typed_argument() {
    let message = refused_invocation("fac(i32:1)");
    assert_says(&message, &["argument 1 of `fac`", "type i32", "type i64"]);
    let message = refused_invocation("fac(1.5)");
    assert_says(&message, &["argument 1 of `fac`", "`1.5` is no i64"]);
}

#[test]
fn malformed_values() {
    for (values, number) in [
        ("f32:nan:0x7f800000, v128:0x1, null, null", 1),
        ("f32:1e99, v128:0x1, null, null", 1),
        ("f32:one, v128:0x1, null, null", 1),
        ("1.0, v128:1, null, null", 2),
        ("1.0, v128:0xg, null, null", 2),
        ("1.0, v128:0x1, externref:x, null", 3),
        ("1.0, v128:0x1, null, funcref:3", 4),
    ] {
        let message = refused_invocation(&format!("mix({values})"));
        assert_says(&message, &[&format!("argument {number} of `mix`")]);
    }
}

#[test]
fn value_out_of_range() {
    let message = refused_invocation("fac(i64:18446744073709551616)");
    assert_says(&message, &["argument 1 of `fac`", "out of range"]);
}

#[test]
fn malformed_invocation() {
    assert_says(
        &refused_invocation("fac(1"),
        &["`fac(1`", "character 6", "`)` is missing"],
    );
    assert_says(&refused_invocation("(1)"), &["character 1", "name"]);
    assert_says(&refused_invocation("fac(1,)"), &["argument is missing"]);
}

#[test]
fn unknown_import_behaviour() {
    let given = Given::file("m.wat", MODULE);
    let message = given.refused(&["check", "m.wat", "--import", "env.log=explode"]);
    assert_says(&message, &["`env.log=explode`", "no behaviour"]);
}

#[test]
fn unknown_import() {
    let given = Given::file("m.wat", MODULE);
    let message = given.refused(&["check", "m.wat", "--import", "env.gol=fail"]);
    assert_says(&message, &["m.wat imports no function `env.gol`"]);
    let message = given.refused(&["check", "m.wat", "--import", "env.log=call(absent)"]);
    assert_says(&message, &["no export `absent`"]);
}

#[test]
fn import_beyond_the_limits() {
    let wat = r#"(module (import "env" "memory" (memory 65536)))"#;
    let message = Given::file("m.wat", wat).refused(&["check", "m.wat"]);
    assert_says(&message, &["m.wat imports `env.memory`", "65,536 pages"]);
}

#[test]
fn trace_without_an_invocation() {
    let message = Given::file("m.wat", MODULE).refused(&["trace", "m.wat"]);
    assert_says(&message, &["--invoke"]);
}

#[test]
fn trace_of_a_bad_file() {
    let message = Given::file("m.wasm", "").refused(&["trace", "m.wasm", "--invoke", "f()"]);
    assert_says(&message, &["m.wasm is empty"]);
}

#[test]
fn malformed_script() {
    let wast = "(module)\n(assert_return (invoke \"f\" (i32.const x)))";
    let (message, _) = Given::file("bad.wast", wast).scripts();
    assert_says(&message, &["bad.wast:2:39 (byte 47)"]);
}

#[test]
fn malformed_script_beside_good_ones_costs_itself() {
    let given = Given::file("a.wast", "(module)");
    fs::write(given.path("b.wast"), "(module").unwrap();
    let (message, reported) = given.scripts();
    assert_says(&message, &["b.wast:1:"]);
    assert_says(&reported, &["a.wast", "FAIL"]);
}

#[test]
fn script_that_is_not_utf8() {
    let (message, _) = Given::file("bad.wast", b"(module) \xff").scripts();
    assert_says(&message, &["bad.wast", "not UTF-8 at byte 9"]);
}

#[test]
fn directory_without_scripts() {
    assert_says(
        &Given::nothing().refused(&["spec", "--dir", "."]),
        &["no `.wast` file"],
    );
}

#[test]
fn missing_directory() {
    let message = Given::nothing().refused(&["spec", "--dir", "absent"]);
    assert_says(&message, &["cannot read absent"]);
}

#[test]
fn unknown_script() {
    let message = Given::nothing().refused(&["spec", "br_table", "br_tabel"]);
    assert_says(&message, &["no script is named `br_tabel`"]);
}

#[test]
fn unknown_commands_and_options_are_refused_by_the_parser() {
    for args in [
        &["chekc"][..],
        &["check"],
        &["check", "m.wat", "--farmes", "all"],
        &["run", "--jobs", "0"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_lockstep"))
            .args(args)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            stderr.starts_with("error: ") && stderr.contains("--help"),
            "{args:?}: {stderr}"
        );
    }
}
