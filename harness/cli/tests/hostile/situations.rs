//! What surrounds the program: files of odd kinds, an environment without what is usual, closed and full
//! streams, profiles and records that are none, and scripts that ask for what is not there.

use super::{Given, Ran};
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;

const MODULE: &str = r#"(module (func (export "f") (param i32) (result i32) (local.get 0)))"#;

fn given() -> Given {
    Given::files(&[("m.wat", MODULE.to_owned())])
}

/// Runs a line of a shell; `$L` is the program.
fn shell(given: &Given, line: &str) -> Ran {
    let mut shell = Command::new("sh");
    let shell = shell
        .args(["-c", line])
        .env("L", env!("CARGO_BIN_EXE_lockstep"));
    let output = shell.current_dir(given.0.path()).output().unwrap();
    Ran::of(&[line], &output)
}

#[test]
fn files_of_odd_kinds() {
    let given = given();
    symlink("loop", given.path("loop")).unwrap();
    symlink("nowhere", given.path("dangling.wat")).unwrap();
    fs::create_dir(given.path("d.wat")).unwrap();
    fs::create_dir(given.path("d.toml")).unwrap();
    fs::create_dir(given.path("d.wast")).unwrap();
    let _socket = UnixListener::bind(given.path("socket")).unwrap();
    let long = "x".repeat(300);
    for (args, part) in [
        (&["check", "/dev/null"][..], "/dev/null is empty"),
        (&["check", "/dev/zero"], "/dev/zero has 536,870,913 bytes"),
        (&["check", "loop"], "loop: Too many levels"),
        (&["check", "dangling.wat"], "dangling.wat: No such file"),
        (&["check", "d.wat"], "d.wat is a directory"),
        (&["check", "socket"], "cannot read socket"),
        (&["check", "a\nb\u{1b}.wat"], "a\\nb\\u{1b}.wat"),
        (&["check", &long], "File name too long"),
        (&["check", "m.wat/m.wat"], "Not a directory"),
        (&["trace", "d.toml"], "d.toml"),
        (&["trace", "d.wast"], "d.wast"),
        (&["trace", "loop"], "loop"),
        (&["replay", "loop"], "loop"),
        (&["replay", "socket"], "socket"),
        (&["replay", "d.toml"], "holds no case file"),
        (&["spec", "--dir", "socket"], "socket"),
        (&["spec", "--dir", "loop"], "loop"),
        (&["reduce", "d.toml"], "d.toml"),
        (&["save", "m.wat", "--seed", "1", "--case", "1"], "m.wat"),
        (&["save", ".", "--input", "d.wat"], "cannot read d.wat"),
        (
            &["check", "m.wat", "--html", "m.wat"],
            "cannot write a page into m.wat",
        ),
        (
            &["check", "m.wat", "--junit", "d.wat/no/x.xml"],
            "cannot write d.wat/no/x.xml",
        ),
        (
            &["check", "m.wat", "--html", "h", "--trend", "socket"],
            "socket",
        ),
        (&["merge", "socket"], "socket"),
        (&["man", "m.wat"], "m.wat"),
    ] {
        println!("{args:?}");
        given.run(args).comes_to(2, &[part]);
    }
}

#[test]
fn streams_that_are_closed_or_full() {
    let given = given();
    for (line, code, part) in [
        ("$L check - <&-", 2, "standard input is empty"),
        ("$L check - </dev/null", 2, "standard input is empty"),
        ("$L trace - </dev/null", 2, "standard input is empty"),
        ("$L rules >/dev/full", 70, "cannot write the report"),
        ("$L rules >&-", 0, ""),
        ("$L check none 2>/dev/full", 2, ""),
        ("$L check none 2>&-", 2, ""),
        ("$L rules --format json | head -c 1 >/dev/null", 0, ""),
        (
            "mkdir gone; cd gone; rmdir ../gone; $L check m.wat",
            2,
            "cannot read m.wat",
        ),
    ] {
        println!("{line}");
        shell(&given, line).comes_to(code, &[part]);
    }
}

/// A case whose function returns its argument, which is 1, and of which this is expected.
fn case(result: u32) -> String {
    format!(
        "[[module]]\nwat = '''{MODULE}'''\n[[step]]\ncall = 'f'\nargs = ['i32:1']\n\
         returns = ['i32:{result}']\n"
    )
}

/// Directories of so many cases that come to what they expect, and of as many that do not.
fn cases(count: usize) -> Given {
    let mut files = Vec::new();
    for number in 0..count {
        files.push((format!("good/{number}.toml"), case(1)));
        files.push((format!("bad/{number}.toml"), case(2)));
    }
    let files: Vec<(&str, String)> = files
        .iter()
        .map(|(name, content)| (name.as_str(), content.clone()))
        .collect();
    Given::files(&files)
}

/// Asserts that the JUnit report `j.xml` is whole and has so many test cases.
fn assert_junit(given: &Given, count: usize) {
    let xml = fs::read_to_string(given.path("j.xml")).unwrap();
    assert!(xml.contains(&format!("tests=\"{count}\"")), "{xml}");
    assert!(xml.trim_end().ends_with("</testsuites>"), "{xml}");
}

/// Asserts that the page in `h` is whole.
fn assert_page(given: &Given) {
    let page = fs::read_to_string(given.path("h/index.html")).unwrap();
    assert!(page.trim_end().ends_with("</html>"), "{page}");
}

/// Asserts that no temporary file is left: their names begin with a dot.
fn assert_tidy(given: &Given) {
    for directory in [".", "h", "r", "good", "bad"] {
        let entries = fs::read_dir(given.path(directory)).into_iter().flatten();
        for name in entries.map(|entry| entry.unwrap().file_name()) {
            assert!(!name.to_string_lossy().starts_with('.'), "{name:?}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_costs_no_file_and_no_verdict() {
    for (which, code) in [("bad", 1), ("good", 0)] {
        let given = cases(3);
        // The reader is gone before the first byte.
        let files = "--junit j.xml --html h --records r";
        let line = format!("{{ sleep 1; $L replay {which} {files}; echo code $? >&2; }} | true");
        shell(&given, &line).comes_to(0, &[&format!("code {code}")]);
        assert_junit(&given, 3);
        assert_page(&given);
        assert_tidy(&given);
        given.run(&["merge", "r"]).comes_to(code, &["divergences"]);
    }
}

#[test]
fn a_full_output_costs_no_file_and_no_verdict() {
    for (which, code) in [("bad", 1), ("good", 70)] {
        for format in ["text", "json"] {
            let given = cases(2);
            let options = format!("--format {format} replay {which} --opcodes");
            let line = format!("$L {options} --junit j.xml --html h >/dev/full");
            let ran = shell(&given, &line);
            ran.comes_to(code, &["lockstep: cannot write the report: "]);
            assert_eq!(ran.text.matches("cannot write").count(), 1, "{}", ran.text);
            assert_junit(&given, 2);
            assert_page(&given);
            assert_tidy(&given);
        }
    }
}

/// A disk is full where a link leads to `/dev/full`, and where a file may not be as large as a page.
#[test]
fn a_file_that_cannot_be_written_costs_no_other() {
    for (which, code) in [("bad", 1), ("good", 70)] {
        let given = cases(2);
        let line = format!("ulimit -f 8; $L replay {which} --html h --junit j.xml");
        shell(&given, &line).comes_to(code, &["cannot write the page: h/"]);
        assert_junit(&given, 2);
        assert_tidy(&given);
        assert_eq!(fs::read_dir(given.path("h")).unwrap().count(), 0);

        let given = cases(2);
        symlink("/dev/full", given.path("j.xml")).unwrap();
        let line = format!("$L replay {which} --html h --junit j.xml");
        shell(&given, &line).comes_to(code, &["cannot write the report: j.xml"]);
        assert_page(&given);
        assert_tidy(&given);
    }
}

#[test]
fn records_that_cannot_be_written_cost_no_case() {
    let records = "r/42-1-of-1.jsonl";
    for (which, code) in [("bad", 1), ("good", 70)] {
        // Those of few cases fail at the end, those of many midway.
        for count in [2, 60] {
            let given = cases(count);
            fs::create_dir(given.path("r")).unwrap();
            symlink("/dev/full", given.path(records)).unwrap();
            let line = format!("$L replay {which} --records r --junit j.xml");
            let ran = shell(&given, &line);
            ran.comes_to(code, &["cannot write the records: ", "sequence points"]);
            assert_eq!(ran.text.matches("cannot write").count(), 1, "{}", ran.text);
            assert_junit(&given, count);
        }
        let given = cases(60);
        let line = format!("ulimit -f 8; $L replay {which} --records r >/dev/null");
        shell(&given, &line).comes_to(code, &["cannot write the records: "]);
        assert!(!given.path(records).exists());
    }
}

#[test]
fn a_report_goes_where_its_name_leads() {
    let report = |line: &str| {
        let given = cases(2);
        let line = line.replace("REPORT", "$L replay good --quiet --junit");
        println!("{line}");
        shell(&given, &line).comes_to(0, &[]);
        assert_tidy(&given);
        given
    };
    // As any new file: what the mask leaves.
    for (mask, mode) in [("027", 0o640), ("022", 0o644), ("077", 0o600)] {
        let given = report(&format!("umask {mask}; REPORT j.xml --html h"));
        for file in ["j.xml", "h/index.html"] {
            let permissions = fs::metadata(given.path(file)).unwrap().permissions();
            assert_eq!(permissions.mode() & 0o777, mode, "{mask} {file}");
        }
    }
    // A link to a file, one to where no file is yet, and one to another.
    for before in ["echo old >k.xml", "true", "ln -s l.xml k.xml"] {
        let given = report(&format!("{before}; ln -s k.xml j.xml; REPORT j.xml"));
        assert!(given.path("j.xml").is_symlink(), "{before}");
        assert_junit(&given, 2);
    }
    // A pipe that has a name, a device, and a file that is open already.
    let given = report("mkfifo p; timeout 20 cat p >j.xml & REPORT p; code=$?; wait; exit $code");
    let kind = fs::metadata(given.path("p")).unwrap().file_type();
    assert!(kind.is_fifo());
    assert_junit(&given, 2);
    let given = report("ln -s /dev/null n; REPORT n");
    assert!(given.path("n").is_symlink());
    let given = report("ln -s /dev/stdout o; REPORT o >j.xml");
    assert!(given.path("o").is_symlink());
    assert_junit(&given, 2);
    let text = fs::read_to_string(given.path("j.xml")).unwrap();
    assert!(text.contains("PASS"), "{text}");
}

#[test]
fn environments_without_what_is_usual() {
    let given = given();
    let check = "check m.wat --invoke 'f(1)'";
    for (line, code, part) in [
        (format!("env -i \"$L\" {check}"), 0, "PASS"),
        (
            format!("HOME=/nowhere XDG_CONFIG_HOME=/nowhere $L {check}"),
            0,
            "PASS",
        ),
        (format!("COLUMNS=0 TERM= NO_COLOR= $L {check}"), 0, "PASS"),
        (format!("LC_ALL=xx_YY.none LANG= $L {check}"), 0, "PASS"),
        (
            format!("RUST_BACKTRACE=full RUST_LOG=trace $L {check}"),
            0,
            "PASS",
        ),
        (format!("TMPDIR=/nowhere $L {check}"), 0, "PASS"),
        (
            "TMPDIR=/nowhere; export TMPDIR; $L check - <m.wat".to_owned(),
            2,
            "cannot keep a copy of standard input in /nowhere",
        ),
        (
            "LOCKSTEP_SUBJECTS=/dev/null $L subjects build 47".to_owned(),
            2,
            "cannot keep subject programs in /dev/null",
        ),
        (
            "LOCKSTEP_SUBJECTS=/dev/null $L subjects".to_owned(),
            2,
            "cannot keep subject programs in /dev/null",
        ),
        (
            "PATH=/nowhere LOCKSTEP_SUBJECTS=s \"$L\" subjects build 47".to_owned(),
            2,
            "cargo, which builds subject programs, cannot be started",
        ),
    ] {
        println!("{line}");
        shell(&given, &line).comes_to(code, &[part]);
    }
}

#[test]
fn profiles_that_are_none() {
    let given = given();
    for (text, part) in [
        ("", "there is no profile `x`, nor any other"),
        ("= 1", "line 1: unquoted keys"),
        ("[profile]", "there is no profile `x`, nor any other"),
        (
            "[profile.y.check]\njobs = 1",
            "there is no profile `x`, but y",
        ),
        ("[profile.x]", "has nothing for `lockstep check`"),
        (
            "[profile.x.nothing]\na = 1",
            "has nothing for `lockstep check`",
        ),
        (
            "[profile.x]\ncheck = 1",
            "line 2: invalid type: integer `1`",
        ),
        ("[x]\na = 1", "line 1: unknown field `x`"),
        ("profile = 1", "line 1: invalid type"),
        ("[profile.x.check]\nno-such = 1", "has `no-such`"),
        (
            "[profile.x.check]\njobs = \"a\"",
            "invalid value 'a' for '--jobs",
        ),
        (
            "[profile.x.check]\njobs = 0",
            "invalid value '0' for '--jobs",
        ),
        (
            "[profile.x.check]\nframes = \"no\"",
            "invalid value 'no' for '--frames",
        ),
        ("[profile.x.check]\nmax-events = 1.5", "max-events"),
    ] {
        fs::write(given.path("lockstep.toml"), text).unwrap();
        println!("{text}");
        let ran = given.run(&["--profile", "x", "check", "m.wat", "--invoke", "f(1)"]);
        ran.comes_to(2, &[part]);
    }
}

#[test]
fn records_that_are_none() {
    let given = given();
    fs::create_dir(given.path("r")).unwrap();
    for content in [
        &b""[..],
        b"\n",
        b"{",
        b"null",
        b"[]",
        b"{\"head\":{}}",
        b"{\"head\":null}",
        b"{\"end\":{}}",
        b"\xff\xfe",
        b"\0\0\0\0",
    ] {
        fs::write(given.path("r/42.0.2-1-of-1.jsonl"), content).unwrap();
        println!("{content:?}");
        given
            .run(&["merge", "r"])
            .comes_to(2, &["r/42.0.2-1-of-1.jsonl"]);
    }
}

/// What a script asks for and does not have is its mistake, not a divergence; on some of it nothing can be
/// said.
#[test]
fn scripts_that_ask_for_what_is_not_there() {
    const GOOD: &str = r#"(module (func (export "f") (param i32) (result i32) (local.get 0))
        (global (export "g") i32 (i32.const 1)) (memory (export "m") 1))"#;
    let rows = [
        (
            "!(invoke \"f\")",
            "expected arguments of `f`, given 1 values expected, 0 given",
        ),
        (
            "!(invoke \"f\" (i64.const 1))",
            "given value 0: i32 expected, i64 given",
        ),
        ("!(invoke \"f\" (i32.const 1) (i32.const 2))", "2 given"),
        (
            "!(assert_return (invoke \"f\" (ref.extern 1)))",
            "i32 expected, externref given",
        ),
        ("!(invoke \"no\")", "expected a function `no`"),
        ("!(invoke \"g\")", "expected a function `g`"),
        ("!(get \"f\")", "expected a global `f`"),
        ("!(get \"no\")", "expected a global `no`"),
        (
            "!(assert_return (get \"m\") (i32.const 2))",
            "expected a global `m`",
        ),
        (
            "!(assert_return (get \"g\") (i32.const 2))",
            "expected (i32:2), given (i32:1)",
        ),
        (
            "!(assert_return (invoke \"f\" (i32.const 1)))",
            "expected (), given (i32:1)",
        ),
        (
            "!(assert_trap (invoke \"f\" (i32.const 1)) \"unreachable\")",
            "the trap `unreachable`",
        ),
        (
            "!(assert_exhaustion (invoke \"f\" (i32.const 1)) \"x\")",
            "an overflow of the stack",
        ),
        (
            "!(assert_exception (invoke \"f\" (i32.const 1)))",
            "expected an exception",
        ),
        (
            "!(assert_exception (get \"g\"))",
            "expected an exception, given a global",
        ),
        (
            "(module (import \"x\" \"y\" (func)))",
            "expected its imports",
        ),
        (
            "(module (import \"spectest\" \"print\" (func (param i64))))",
            "expected an instance",
        ),
        (
            "(module (import \"spectest\" \"memory\" (memory 5)))",
            "expected an instance",
        ),
        ("(module (func (i32.const 1)))", "expected a valid module"),
        ("(module (func (call $no)))", "expected a module"),
        (
            "(module (func $s unreachable) (start $s))",
            "expected an instance, given trapped",
        ),
        (
            "(module (memory 1) (data (i32.const 65536) \"a\"))",
            "expected an instance, given trapped",
        ),
        (
            "(assert_invalid (module) \"x\")",
            "expected a module that is rejected",
        ),
        (
            "(assert_malformed (module quote \"(func)\") \"x\")",
            "expected a module that is rejected",
        ),
        ("(assert_unlinkable (module) \"x\")", "expected no link"),
        ("(assert_trap (module) \"x\")", "expected a trap"),
        (
            "!(invoke $no \"f\" (i32.const 1))",
            "its instance was not made",
        ),
        ("!(get $no \"g\")", "its instance was not made"),
        ("(register \"a\" $no)", "its instance was not made"),
        ("(register \"a\")", "its instance was not made"),
        (
            "(module instance $a $b)",
            "its module definition was not made",
        ),
        ("(component)", "it has a component"),
        ("(assert_return (module))", "its action is a module"),
        (
            "!(assert_return (invoke \"f\" (i32.const 1)) (ref.i31_shared))",
            "`ref.i31_shared`",
        ),
    ];
    let given = Given::files(&[]);
    for (number, (script, _)) in rows.iter().enumerate() {
        let script = match script.strip_prefix('!') {
            Some(rest) => format!("{GOOD}\n{rest}"),
            None => (*script).to_owned(),
        };
        fs::write(given.path(&format!("{number:02}.wast")), script).unwrap();
    }
    let ran = given.run(&["spec", "--dir", ".", "--jobs", "1", "--max-findings", "all"]);
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(!ran.text.contains("DIVERGE"), "{}", ran.text);
    let parts: Vec<&str> = ran.text.split("./").collect();
    for (number, (script, part)) in rows.iter().enumerate() {
        let name = format!("{number:02}.wast");
        let said = parts.iter().find(|said| said.starts_with(&name));
        let said = said.unwrap_or_else(|| panic!("nothing is said of {script}"));
        assert!(said.contains(part), "{script}: {said}");
    }
}
