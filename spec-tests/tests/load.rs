//! Scripts from files and directories, and what is said of those that cannot be read.

use std::fs;
use std::path::{Path, PathBuf};

use lockstep_spec_tests::{ScriptError, find_scripts, parse_dir, parse_file};
use wasmparser::WasmFeatures;

/// A fresh directory of this name.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.exists() {
        fs::remove_dir_all(&path).expect("the directory can be emptied");
    }
    fs::create_dir_all(&path).expect("the directory can be made");
    path
}

fn write(dir: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).expect("the directory can be made");
    }
    fs::write(&path, content).expect("the file can be written");
    path
}

#[test]
fn a_file_is_a_script_named_after_its_path() {
    let path = write(&directory("file"), "a.wast", "(module)\n(invoke \"f\")");
    let script = parse_file(&path, WasmFeatures::WASM2).expect("it parses");
    assert_eq!(script.name, path.to_string_lossy());
    assert_eq!(script.features, WasmFeatures::WASM2);
    assert_eq!(script.commands.len(), 2);
}

#[test]
fn a_missing_file_is_named() {
    let path = directory("missing").join("none.wast");
    let error = parse_file(&path, WasmFeatures::WASM2).expect_err("there is no file");
    assert!(matches!(error, ScriptError::Read { .. }));
    let shown = error.to_string();
    assert!(shown.starts_with("cannot read "), "{shown}");
    assert!(shown.contains("none.wast: "), "{shown}");
}

#[test]
fn a_file_that_is_not_utf8_is_named_with_the_byte() {
    let path = write(&directory("utf8"), "a.wast", b"(module)\xff");
    let error = parse_file(&path, WasmFeatures::WASM2).expect_err("it is not text");
    assert!(
        error
            .to_string()
            .ends_with("a.wast: not UTF-8 at byte 8, so not a script"),
        "{error}"
    );
}

#[test]
fn a_directory_is_read_to_the_bottom_and_sorted() {
    let dir = directory("tree");
    for name in ["b.wast", "a/z.wast", "c.wast"] {
        write(&dir, name, "(module)");
    }
    write(&dir, "a/readme.md", "not a script");
    let scripts = parse_dir(&dir, WasmFeatures::WASM2).expect("they parse");
    let names: Vec<_> = scripts
        .iter()
        .map(|script| Path::new(&script.name).strip_prefix(&dir).expect("below"))
        .collect();
    assert_eq!(names, ["a/z.wast", "b.wast", "c.wast"].map(Path::new));
}

#[test]
fn a_directory_without_scripts_is_an_error() {
    let dir = directory("empty");
    write(&dir, "below/readme.md", "not a script");
    let error = parse_dir(&dir, WasmFeatures::WASM2).expect_err("there are none");
    assert!(
        error
            .to_string()
            .ends_with("no `.wast` file in this directory or below it"),
        "{error}"
    );
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let dir = directory("gone").join("none");
    let error = parse_dir(&dir, WasmFeatures::WASM2).expect_err("there is none");
    assert!(matches!(&error, ScriptError::Read { path, .. } if *path == dir));
}

/// Given a path that is too long for the system, so that nobody can read what is there, it is in the list, and the
/// scripts beside it are.
#[test]
fn a_directory_below_that_cannot_be_read_is_named_in_its_place() {
    let dir = directory("unreadable");
    write(&dir, "a.wast", "(module)");
    write(&dir, "z.wast", "(module)");
    let below = |name: &str| (0..11).fold(dir.join(name), |path, _| path.join("x".repeat(200)));
    let upper = below("m");
    fs::create_dir_all(&upper).unwrap();
    fs::create_dir_all(below("lower")).unwrap();
    fs::rename(dir.join("lower"), upper.join("lower")).unwrap();
    let paths = find_scripts(&dir).unwrap();
    let [first, unreadable, last] = &paths[..] else {
        panic!("{} are listed", paths.len())
    };
    assert_eq!([first, last], [&dir.join("a.wast"), &dir.join("z.wast")]);
    assert!(unreadable.starts_with(&upper));
    let error = parse_file(unreadable, WasmFeatures::WASM2).unwrap_err();
    let ScriptError::Read { path, source } = &error else {
        panic!("{error}")
    };
    assert_eq!(path, unreadable);
    assert_eq!(source.kind(), std::io::ErrorKind::InvalidFilename);
    assert!(error.to_string().starts_with("cannot read "), "{error}");
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn one_bad_file_fails_the_directory_with_its_place() {
    let dir = directory("bad");
    write(&dir, "a.wast", "(module)");
    write(&dir, "b.wast", "(module)\n(bogus)");
    let error = parse_dir(&dir, WasmFeatures::WASM2).expect_err("b does not parse");
    assert!(
        error.to_string().contains("b.wast:2:2 (byte 10): "),
        "{error}"
    );
}
