//! Subject programs whose build goes wrong: one clear sentence, exit code 2, and the next call builds again.
//! No engine is compiled: what is called as `cargo` and `rustc` is a script of the test.

use lockstep_core::campaign::protocol;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What a checkout's own manifest says.
const CHECKOUT: &str = "[package]\nname = \"wasmtime\"\nversion = \"49.0.2\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n";

/// How long is waited for what should come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A checkout, a cache, and the programs that stand for cargo and the compiler.
struct Given {
    at: TempDir,
}

impl Given {
    /// `build` is what `cargo build` does, a line of a shell; `$OUT` is the program that it would make.
    fn new(build: &str) -> Given {
        let at = TempDir::new().unwrap();
        let given = Given { at };
        fs::create_dir_all(given.path("wasmtime")).unwrap();
        fs::write(given.path("wasmtime/Cargo.toml"), CHECKOUT).unwrap();
        fs::write(given.path("wasmtime/lib.rs"), "").unwrap();
        // Large enough that a limit of file sizes stops its copy.
        let speaks = format!("#!/bin/sh\necho {}\nexit\n", protocol::VERSION);
        let program = speaks + &"#".repeat(1 << 20);
        given.program("made", &program);
        given.program(
            "bin/rustc",
            "#!/bin/sh\necho 'rustc 1.99.0 (0 2026-01-01)'\n",
        );
        given.cargo(build);
        given
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.at.path().join(name)
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn cargo(&self, build: &str) {
        let manifest = self.path("wasmtime/Cargo.toml");
        let package = format!(
            r#"{{"name":"wasmtime","version":"49.0.2","id":"w","dependencies":[],"targets":[],"features":{{}},"manifest_path":"{}","edition":"2021"}}"#,
            manifest.display()
        );
        let metadata = format!(
            r#"{{"packages":[{package}],"workspace_members":[],"resolve":null,"workspace_root":"/","target_directory":"/t","version":1}}"#
        );
        let artifact = format!(
            r#"{{"reason":"compiler-artifact","package_id":"w","manifest_path":"/m","target":{{"name":"s","kind":["bin"],"crate_types":["bin"],"src_path":"/s","edition":"2021"}},"profile":{{"opt_level":"3","debug_assertions":false,"overflow_checks":false,"test":false}},"features":[],"filenames":[],"executable":"{}","fresh":false}}"#,
            self.path("made").display()
        );
        let text = format!(
            "#!/bin/sh\nmade() {{ echo '{artifact}'; }}\ncase \"$1\" in\nmetadata) echo '{metadata}' ;;\nbuild) {build} ;;\nesac\n"
        );
        self.program("bin/cargo", &text);
    }

    /// Runs the program under a prefix of a shell's.
    fn run(&self, prefix: &str, args: &str) -> Output {
        self.shell(prefix, args).output().unwrap()
    }

    /// Starts the program.
    fn started(&self, args: &str) -> Child {
        let mut shell = self.shell("", args);
        shell.stdout(Stdio::null()).stderr(Stdio::piped());
        shell.spawn().unwrap()
    }

    fn shell(&self, prefix: &str, args: &str) -> Command {
        let path = std::env::var("PATH").unwrap();
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("{prefix} exec \"$LOCKSTEP\" {args}"))
            .env("LOCKSTEP", env!("CARGO_BIN_EXE_lockstep"))
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("CARGO", self.path("bin/cargo"))
            .env("LOCKSTEP_SUBJECTS", self.path("cache"))
            .current_dir(self.at.path());
        shell
    }

    /// The number in a file, once it is there.
    fn number(&self, name: &str) -> i32 {
        let begun = Instant::now();
        loop {
            let text = fs::read_to_string(self.path(name)).unwrap_or_default();
            if let Ok(number) = text.trim().parse() {
                return number;
            }
            assert!(begun.elapsed() < PATIENCE, "{name} does not come");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn refused(&self, prefix: &str) -> String {
        let output = self.run(prefix, "--subject path:wasmtime spec nop");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(!said.contains("panicked"), "{said}");
        let ours = said.lines().filter(|line| line.starts_with("lockstep: "));
        let ours: Vec<&str> = ours.collect();
        let [sentence] = ours[..] else {
            panic!("{said}")
        };
        sentence.to_owned()
    }

    /// Whether a program is kept, and nothing that is half of one.
    fn kept(&self) -> bool {
        let names = |directory: &Path| -> Vec<String> {
            let entries = fs::read_dir(directory).into_iter().flatten();
            let names = entries.map(|entry| entry.unwrap().file_name());
            names.map(|name| name.into_string().unwrap()).collect()
        };
        let names = names(&self.path("cache/programs"));
        assert!(
            names.iter().all(|name| !name.ends_with(".part")),
            "{names:?}"
        );
        !names.is_empty()
    }

    fn builds(&self) {
        let output = self.run("", "subjects build path:wasmtime");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(self.kept());
    }
}

#[test]
fn a_build_that_is_killed_is_said_and_done_again() {
    for (signal, name) in [("KILL", "SIGKILL"), ("TERM", "SIGTERM")] {
        let given = Given::new(&format!("kill -{signal} $$"));
        let sentence = given.refused("");
        assert!(
            sentence.contains(name) && sentence.contains("next call"),
            "{sentence}"
        );
        assert!(!given.kept());
        given.cargo("made");
        given.builds();
    }
}

/// What cargo could not write it says itself; ours is a sentence behind it.
#[test]
fn a_build_that_fails_says_where_the_reason_is() {
    for said in [
        "No space left on device (os error 28)",
        "cannot find value `x`",
    ] {
        let given = Given::new(&format!("echo 'error: {said}' >&2; exit 101"));
        let sentence = given.refused("");
        let wanted = "the subject program of wasmtime 49.0.2 (local) was not built: cargo ended with exit status: 101; what it says is above";
        assert_eq!(sentence, format!("lockstep: {wanted}"));
        let output = given.run("", "subjects build path:wasmtime");
        let all = String::from_utf8(output.stderr).unwrap();
        assert!(all.contains(said), "{all}");
        given.cargo("made");
        given.builds();
    }
}

/// Given a disk on which cargo's program finds no place a second time, nothing half is left, the reason is
/// said, and with room the next call keeps it.
#[test]
fn a_program_that_cannot_be_kept_is_said_and_kept_the_next_time() {
    let given = Given::new("made");
    // A file larger than that cannot be written, as on a full disk.
    let sentence = given.refused("trap '' XFSZ; ulimit -f 1024;");
    assert!(
        sentence.contains("cannot keep a subject program in"),
        "{sentence}"
    );
    assert!(sentence.contains("File too large"), "{sentence}");
    assert!(!given.kept());
    given.builds();
}

#[test]
fn a_cache_that_cannot_be_is_said_with_the_reason() {
    let given = Given::new("made");
    fs::write(given.path("cache"), "").unwrap();
    let sentence = given.refused("");
    assert!(
        sentence.contains("cannot keep subject programs in"),
        "{sentence}"
    );
    assert!(sentence.contains("File exists"), "{sentence}");
}

#[test]
fn a_cargo_that_makes_nothing_or_is_not_there_is_said() {
    let given = Given::new("true");
    let sentence = given.refused("");
    assert!(
        sentence.contains("cargo ended well and made no program"),
        "{sentence}"
    );
    let sentence = given.refused("PATH=/nowhere;");
    assert!(sentence.contains("cannot be started"), "{sentence}");
}

/// A program that speaks another protocol is named, with what to do: it was just built, so that this program is the
/// one that is not of the tree any more.
#[test]
fn a_program_of_another_protocol_is_named() {
    let given = Given::new("made");
    for (line, spoken) in [
        ("echo 1", "version 1"),
        ("exit 2", "no version that it names"),
    ] {
        given.program("made", &format!("#!/bin/sh\n{line}\n"));
        let sentence = given.refused("");
        let both = format!(
            "speaks {spoken} of the protocol, and this program version {}: ",
            protocol::VERSION
        );
        assert!(sentence.contains(&both), "{sentence}");
        let wanted = "its source tree has changed since it was built; build this program again (`cargo build --release`)";
        assert!(sentence.ends_with(wanted), "{sentence}");
    }
}

#[test]
fn a_folder_without_wasmtime_is_refused() {
    let given = Given::new("made");
    fs::remove_dir_all(given.path("wasmtime")).unwrap();
    let sentence = given.refused("");
    assert!(
        sentence.contains("wasmtime is no checkout of Wasmtime"),
        "{sentence}"
    );
    fs::create_dir(given.path("wasmtime")).unwrap();
    assert_eq!(given.refused(""), sentence);
    // A crate of another name is none.
    let other = CHECKOUT.replace("\"wasmtime\"", "\"wasmer\"");
    fs::write(given.path("wasmtime/Cargo.toml"), other).unwrap();
    let prefix = concat!("CARGO='", env!("CARGO"), "';");
    assert_eq!(given.refused(prefix), sentence);
}

/// Given another that builds or keeps a program, cargo is called once that is done.
#[test]
fn one_builds_and_keeps_at_a_time() {
    let given = Given::new("echo 1 >called; made");
    fs::create_dir(given.path("cache")).unwrap();
    let other = File::create(given.path("cache/lock")).unwrap();
    other.lock().unwrap();
    let child = given.started("subjects build path:wasmtime");
    thread::sleep(Duration::from_millis(500));
    assert!(!given.path("called").exists());
    drop(other);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("waiting for another build of a subject program"),
        "{said}"
    );
    assert_eq!(given.number("called"), 1);
}

/// Given a signal while cargo builds, or while another's build is waited for, the program ends with one
/// sentence, and cargo and its compilers with it.
#[test]
fn a_signal_ends_a_build() {
    let compiles = "echo $$ >cargo; sleep 600 & echo $! >compiler; wait";
    for (signal, name, code) in [(Signal::TERM, "SIGTERM", 143), (Signal::INT, "SIGINT", 130)] {
        for is_locked in [false, true] {
            let given = Given::new(compiles);
            fs::create_dir(given.path("cache")).unwrap();
            let other = File::create(given.path("cache/lock")).unwrap();
            if is_locked {
                other.lock().unwrap();
            }
            let child = given.started("--subject path:wasmtime spec nop");
            let built = match is_locked {
                true => Vec::new(),
                false => vec![given.number("cargo"), given.number("compiler")],
            };
            if is_locked {
                thread::sleep(Duration::from_millis(500));
            }
            let pid = Pid::from_child(&child);
            kill_process(pid, signal).unwrap();
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(code), "{said}");
            let sentence = format!(
                "lockstep: ended by {name} before the subject program of path:wasmtime was built; the same command goes on from here"
            );
            assert!(said.lines().any(|line| line == sentence), "{said}");
            for process in built {
                ends(process);
            }
            assert!(!given.kept());
        }
    }
}

/// A process that was ended is gone, or waits for who inherited it.
fn ends(process: i32) {
    let begun = Instant::now();
    let is_there = || {
        let pid = Pid::from_raw(process).unwrap();
        let status = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        test_kill_process(pid).is_ok() && !status.contains(") Z ")
    };
    while is_there() {
        assert!(begun.elapsed() < PATIENCE, "{process} goes on");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A checkout is one source by each of its names, and is listed with its program and its compiler.
#[test]
fn a_checkout_that_was_built_is_listed_once() {
    let given = Given::new("made");
    fs::create_dir(given.path("inner")).unwrap();
    given.builds();
    let output = given.run("cd inner;", "subjects build path:../wasmtime");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = given.run("", "--format json subjects");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let rows = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let built: Vec<_> = rows.filter(|row| !row["program"].is_null()).collect();
    let [row] = &built[..] else { panic!("{text}") };
    let directory = fs::canonicalize(given.path("wasmtime")).unwrap();
    assert_eq!(row["subject"], format!("path:{}", directory.display()));
    assert_eq!(row["version"], "49.0.2+local");
    assert_eq!(row["compiler"], "rustc 1.99.0 (0 2026-01-01)");
    // What a later build replaces is removed, and nothing else.
    let old = row["program"].as_str().unwrap().to_owned();
    assert_eq!(given.run("", "subjects clean").stdout, b"");
    let newer = fs::read_to_string(given.path("made")).unwrap() + "#";
    given.program("made", &newer);
    given.builds();
    let output = given.run("", "subjects clean");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("removed {old}\n")
    );
    assert!(given.kept());
}

#[test]
fn a_cache_that_cannot_be_used_has_one_exit_code_in_text_and_json() {
    let given = Given::new("made");
    fs::write(given.path("cache"), "").unwrap();
    for args in ["subjects", "--format json subjects"] {
        let output = given.run("", args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args}: {said}");
        assert!(said.contains("cannot keep subject programs in"), "{said}");
        assert!(!output.stdout.is_empty());
    }
}

/// A version that does not build is named below the table, in text and in JSON.
#[test]
fn a_version_that_does_not_build_is_missing_in_the_matrix() {
    let given = Given::new("exit 101");
    let case = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fuzz/regressions/if-params.toml"
    );
    let matrix = format!("matrix {case} --subjects path:wasmtime");
    let why = "the subject program of wasmtime 49.0.2 (local) was not built: cargo ended with exit status: 101; what it says is above";
    let output = given.run("", &matrix);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let line = format!("path:wasmtime is not in the table: {why}");
    assert!(text.lines().any(|one| one == line), "{text}");
    assert!(text.contains("FAIL: 1 version without a program"), "{text}");
    let output = given.run("", &format!("--format json {matrix}"));
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = serde_json::json!([{ "subject": "path:wasmtime", "reason": why }]);
    assert_eq!(told["not_built"], expected);
}

/// Of several subjects one does not build: the others run, and their reports and records are whole.
#[test]
fn a_subject_that_does_not_build_costs_no_other() {
    const WHY: &str = "lockstep: path:wasmtime is left out: the subject program of wasmtime 49.0.2 (local) was not built: cargo ended with exit status: 101; what it says is above";
    let given = Given::new("exit 101");
    let case = |returns: u32| {
        format!(
            "[[module]]\nwat = '(module (func (export \"f\") (result i32) (i32.const 1)))'\n\
             [[step]]\ncall = 'f'\nreturns = ['i32:{returns}']\n"
        )
    };
    fs::write(given.path("good.toml"), case(1)).unwrap();
    fs::write(given.path("bad.toml"), case(2)).unwrap();
    for (file, code, last) in [
        (
            "good.toml",
            2,
            "FAIL: path:wasmtime could not be built; wasmtime 42.0.2 passed",
        ),
        (
            "bad.toml",
            1,
            "FAIL: wasmtime 42.0.2; path:wasmtime could not be built",
        ),
    ] {
        let replay =
            format!("replay {file} --subject path:wasmtime,42 --junit j.xml --html h --records r");
        let output = given.run("", &replay);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert_eq!(
            said.lines().filter(|line| *line == WHY).count(),
            1,
            "{said}"
        );
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().last(), Some(last), "{text}");
        let junit = fs::read_to_string(given.path("j-42.xml")).unwrap();
        assert!(junit.trim_end().ends_with("</testsuites>"), "{junit}");
        let page = fs::read_to_string(given.path("h/index.html")).unwrap();
        assert!(page.trim_end().ends_with("</html>"), "{page}");
        let merged = given.run("", "merge r");
        let ran = if code == 1 { 1 } else { 0 };
        assert_eq!(merged.status.code(), Some(ran), "{merged:?}");

        let output = given.run("", &format!("--format json {replay}"));
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let lines = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<serde_json::Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines[0]["schema"], "lockstep.not-built/1");
        assert_eq!(lines[0]["subject"], "path:wasmtime");
        assert_eq!(lines.last().unwrap()["schema"], "lockstep.totals/1");
    }
    let none = given.run("", "replay good.toml --subject path:wasmtime,path:none");
    assert_eq!(none.status.code(), Some(2), "{none:?}");
    let text = String::from_utf8(none.stdout).unwrap();
    assert_eq!(text, "FAIL: path:wasmtime, path:none could not be built\n");
}
