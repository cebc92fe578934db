//! The committed case files are as they expect, and the documentation's example is one of them.

use lockstep::case::{Status, run_case_on};
use lockstep::causes::{Cause, Kind};
use lockstep::corpus::{self, CorpusCase, Verdict};
use lockstep::lockstep::acted::Acted;
use lockstep::subject::engines::linked;
use lockstep::version::Version;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn replay(path: &Path) -> (CorpusCase, Acted) {
    let mut acted = Acted::default();
    let corpus = corpus::load(path).unwrap_or_else(|error| panic!("{error}"));
    for subject in linked() {
        let report = run_case_on(subject, &corpus.case).unwrap_or_else(|error| panic!("{error}"));
        if let Err(message) = corpus.expect.judge(&report, subject) {
            panic!("{} on {subject}: {message}\n{report:#?}", path.display());
        }
        // Nothing is compared where a cause ends the execution at its first event, or the version has
        // no such collector.
        let ended = report.known.keys().any(|cause| cause.ends());
        let tally = &report.tally;
        acted.add(&tally.acted);
        let compared = [
            tally.sequence_points,
            tally.throws,
            tally.entities,
            tally.host_calls,
        ];
        let compared = compared.iter().any(|&count| count > 0);
        // Or what an instance takes is used up before its first opcode, on both sides.
        let exhausted = report.count(|status| *status == Status::Exhausted) > 0;
        let refused = report.refused.is_some();
        assert!(
            compared || ended || refused || exhausted,
            "{}",
            path.display()
        );
    }
    (corpus, acted)
}

#[test]
fn the_committed_corpus_is_as_it_expects_and_has_every_cause_that_explains_and_every_action() {
    let paths = corpus::discover(&[in_repository("fuzz/regressions")]).unwrap();
    let mut known = BTreeSet::new();
    let mut taken = Acted::default();
    for path in paths {
        let (corpus, acted) = replay(&path);
        if let Verdict::Known { causes, .. } = corpus.expect.verdict {
            known.extend(causes);
        }
        taken.add(&acted);
    }
    let never: Vec<_> = taken.each().filter(|&(_, count)| count == 0).collect();
    assert!(never.is_empty(), "actions never taken: {never:?}");
    let explains = |cause: &Cause| matches!(cause.row().kind, Kind::Explains | Kind::Ends);
    // A case's modules are valid: a script shows that one is accepted that is not.
    let in_script = |cause: &Cause| *cause == Cause::CastType;
    let causes = Cause::ALL.iter().copied();
    let causes = causes.filter(|cause| explains(cause) && !in_script(cause));
    assert_eq!(known, causes.collect());
}

#[test]
fn the_documented_example_runs() {
    let path = in_repository("harness/docs/case-file/checksum.toml");
    let document = fs::read_to_string(in_repository("harness/docs/case-file.md")).unwrap();
    let example = fs::read_to_string(&path).unwrap();
    assert!(document.contains(&format!("```toml\n{example}```")));
    let source = fs::read_to_string(path.with_extension("c")).unwrap();
    let program = source.split_once("__attribute__").unwrap().1;
    assert!(
        document.contains(program),
        "the C program is that of the document"
    );
    replay(&path);
}

/// The blocks of TOML in a document.
fn blocks(document: &str) -> Vec<String> {
    let document = fs::read_to_string(in_repository(document)).unwrap();
    let blocks = document.split("```toml\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    blocks.map(str::to_owned).collect()
}

/// A block behind a module, if it names none; each file that it names is the smallest module.
fn is_read(block: &str) {
    let text = match block.contains("[[module]]") {
        true => block.to_owned(),
        false => format!("[[module]]\nwat = '(module)'\n{block}"),
    };
    let read = corpus::parse(&text, |_| Ok(b"\0asm\x01\0\0\0".to_vec()));
    read.unwrap_or_else(|error| panic!("{error}\n{text}"));
}

/// Every other block of TOML in the document, behind a module that has what it names.
#[test]
fn the_documented_tables_are_read() {
    let tables = blocks("harness/docs/case-file.md");
    assert_eq!(tables.len(), 5);
    tables.iter().skip(1).for_each(|block| is_read(block));
    let programs = blocks("harness/docs/wasi.md");
    assert_eq!(programs.len(), 2);
    programs.iter().for_each(|block| is_read(block));
}

fn lockstep(args: &[&str], dir: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(args)
        .current_dir(dir)
        .output()
        .unwrap()
}

#[test]
fn a_generated_case_is_saved() {
    let dir = TempDir::new().unwrap();
    let saved = lockstep(
        &["save", "--seed", "0x1f", "--case", "17", "new"],
        dir.path(),
    );
    assert_eq!(saved.status.code(), Some(0), "{saved:?}");
    assert_eq!(saved.stdout, b"new/seed-1f-case-17.toml\n");
    let corpus = corpus::load(&dir.path().join("new/seed-1f-case-17.toml")).unwrap();
    // As the subject runs it: a collector that it lacks is replaced.
    let mut case = lockstep::generate::from_seed(0x1f, 17);
    lockstep::generate::fit(&mut case, Version::default());
    assert_eq!(corpus.case, case);
    // What `replay` says of it is what `run` says: also where a known cause matches.
    for number in ["1", "2", "3", "9"] {
        let case = ["--seed", "3", "--case", number];
        let saved = lockstep(&[&["save", "again"], &case[..]].concat(), dir.path());
        assert_eq!(saved.status.code(), Some(0), "{saved:?}");
        let run = lockstep(&[&["run"], &case[..]].concat(), dir.path());
        assert_eq!(run.status.code(), Some(0), "{run:?}");
    }
    let replayed = lockstep(&["replay", "again", "new"], dir.path());
    assert_eq!(replayed.status.code(), Some(0), "{replayed:?}");
}

#[test]
fn bytes_of_a_fuzz_target_are_saved() {
    let dir = TempDir::new().unwrap();
    let bytes: Vec<u8> = (0..3000u32).map(|i| ((i * i) >> 3) as u8).collect();
    fs::write(dir.path().join("crash"), &bytes).unwrap();
    let args = ["save", "--input", "crash", ".", "--name", "a", "--expect"];
    let saved = lockstep(&[&args[..], &["TRAP-PC"]].concat(), dir.path());
    assert_eq!(saved.status.code(), Some(0), "{saved:?}");
    let corpus = corpus::load(&dir.path().join("a.toml")).unwrap();
    assert_eq!(
        corpus.case,
        lockstep::generate::from_bytes(&bytes, lockstep::generate::Proposals::default())
    );
    let causes = corpus.expect.causes(Version::default());
    assert_eq!(causes, BTreeSet::from([Cause::TrapPc]));
    let observed = lockstep(
        &[
            "save",
            "--input",
            "crash",
            ".",
            "--target",
            "breakpoints",
            "--expect",
            "observed",
        ],
        dir.path(),
    );
    assert_eq!(observed.status.code(), Some(0), "{observed:?}");
}

#[test]
fn what_cannot_be_saved_is_said() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    for (args, wanted) in [
        (&["save", "."][..], "--seed"),
        (&["save", ".", "--seed", "1"], "--case"),
        (&["save", ".", "--seed", "x", "--case", "1"], "write digits"),
        (&["save", ".", "--input", "gone"], "cannot read gone"),
        (
            &["save", "file", "--seed", "1", "--case", "1"],
            "cannot write file",
        ),
        (
            &["save", ".", "--seed", "1", "--case", "1", "--name", "../a"],
            "no name for a case",
        ),
        (
            &["save", ".", "--seed", "1", "--case", "1", "--expect", "W1"],
            "no cause",
        ),
    ] {
        let output = lockstep(args, dir.path());
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(wanted), "{args:?}: {message}");
        assert!(!message.contains("panicked"), "{message}");
    }
}

#[test]
fn a_report_is_about_the_smallest_case() {
    let dir = TempDir::new().unwrap();
    let module = r#"(module
      (func (export "f") (param i32) (result i32)
        i32.const 5 local.get 0 if (param i32) (result i32) drop i32.const 5 else end)
      (func (export "unneeded") (result f64) f64.const 1234.5))"#;
    fs::write(dir.path().join("a.wat"), module).unwrap();
    let case = "[expect]\nknown = [\"IF-PARAMS\"]\nsubjects = \"42.0.2\"\n[[module]]\nfile = \"a.wat\"\n\
                [[step]]\ncall = \"f\"\nargs = [\"i32:1\"]\n";
    fs::write(dir.path().join("a.toml"), case).unwrap();
    let report = |more: &[&str]| {
        let args = ["report", "a.toml", "--no-run", "--out", "out"];
        let output = lockstep(&[&args[..], more].concat(), dir.path());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        fs::read_to_string(dir.path().join("out/case-a/report.md")).unwrap()
    };
    let whole = report(&["--seconds", "0"]);
    assert!(
        whole.contains("unneeded") && whole.contains("1234.5"),
        "{whole}"
    );
    let smallest = report(&["--seconds", "20"]);
    assert!(!smallest.contains("unneeded"), "{smallest}");
}
