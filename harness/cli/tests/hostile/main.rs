//! What others named, wrote or asked for never reaches a terminal, a log or a CI raw, ends in bounded time,
//! and is answered with the exit code and a sentence that names the place. Each row is a situation.

mod situations;
mod tables;

use rustix::process::{Pid, WaitId, WaitIdOptions};
use std::ffi::{OsStr, OsString};
use std::fmt::Debug;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Colours, moves, turns the direction, hides, breaks the line, and speaks to three CIs.
const NAME: &str =
    "a\u{1b}[31m\u{9b}2J\u{202e}\u{200b}\r\n::error::b##[error]c\n##vso[task]d\u{7f}";
/// The same in a text module or script.
const WAT: &str =
    "a\\1b[31m\\u{9b}2J\\u{202e}\\u{200b}\\0d\\0a::error::b##[error]c\\0a##vso[task]d\\7f";
/// The same in TOML.
const TOML: &str =
    "a\\u001b[31m\\u009b2J\\u202e\\u200b\\r\\n::error::b##[error]c\\n##vso[task]d\\u007f";

/// A directory of input files that is gone after the test.
struct Given(TempDir);

impl Given {
    fn files(files: &[(&str, String)]) -> Given {
        let given = Given(TempDir::new().unwrap());
        for (name, content) in files {
            let path = given.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        given
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the program in the directory. Whatever comes of it, it takes no long time, and no raw byte of a
    /// name is in what it says or writes.
    fn run<S: AsRef<OsStr> + Debug>(&self, args: &[S]) -> Ran {
        let begun = Instant::now();
        let mut program = Command::new(env!("CARGO_BIN_EXE_lockstep"));
        program.args(args).current_dir(self.0.path());
        let (output, cpu) = measured(&mut program);
        let elapsed = begun.elapsed();
        let ran = Ran::of(args, &output);
        assert!(cpu < LIMIT, "{args:?}: {cpu:?} of CPU time");
        let limit = LIMIT.mul_f64(load());
        assert!(elapsed < limit, "{args:?}: {elapsed:?}, not {limit:?}");
        ran
    }
}

/// What a run may take: of CPU time, its workers' included, and of waiting where the machine has nothing
/// else to do.
const LIMIT: Duration = Duration::from_secs(10);

/// How many times as long everything takes, as far as the machine's load says: these tests, too, run beside
/// each other.
fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = text.split(' ').next().and_then(|load| load.parse().ok());
    let processors = thread::available_parallelism().map_or(1, usize::from);
    1.0 + load.unwrap_or(0.0_f64) / processors as f64
}

/// What a program says, and the CPU time of it and of the processes that it waited for; none where the
/// system does not tell.
fn measured(program: &mut Command) -> (Output, Duration) {
    let program = program.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = program.stderr(Stdio::piped()).spawn().unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        out.read_to_end(&mut bytes).map(|_| bytes)
    });
    let mut stderr = Vec::new();
    err.read_to_end(&mut stderr).unwrap();
    let stdout = reader.join().unwrap().unwrap();
    let pid = WaitId::Pid(Pid::from_child(&child));
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    rustix::process::waitid(pid, ended).unwrap();
    // It is still there until it is waited for.
    let cpu = cpu_time(child.id()).unwrap_or_default();
    let status = child.wait().unwrap();
    let output = Output {
        status,
        stdout,
        stderr,
    };
    (output, cpu)
}

/// Ticks in a second, as Linux counts for programs.
const TICKS: u64 = 100;

fn cpu_time(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name may hold anything. Behind it are the process's own times and those of its children.
    let fields = stat.rsplit_once(") ")?.1.split(' ').skip(11).take(4);
    let ticks: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
    Some(Duration::from_millis(ticks * (1000 / TICKS)))
}

/// What a run said.
struct Ran {
    code: Option<i32>,
    text: String,
}

impl Ran {
    fn of(args: &(impl Debug + ?Sized), output: &Output) -> Ran {
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        let text = String::from_utf8(text).expect("UTF-8");
        assert_safe(&text);
        assert!(!text.contains("panicked"), "{args:?}: {text}");
        Ran {
            code: output.status.code(),
            text,
        }
    }

    /// Asserts the exit code, and that these parts are said.
    fn comes_to(&self, code: i32, parts: &[&str]) {
        let start: String = self.text.chars().take(3_000).collect();
        assert_eq!(self.code, Some(code), "{start}");
        for part in parts {
            assert!(self.text.contains(part), "`{part}` is not in: {start}");
        }
    }
}

fn assert_safe(text: &str) {
    let raw = text.chars().find(|&c| {
        c.is_control() && c != '\n' && c != '\t'
            || "\u{202e}\u{200b}\u{2028}\u{1d173}\u{1bca0}\u{13430}\u{110bd}\u{e000}".contains(c)
    });
    assert_eq!(
        raw,
        None,
        "{:?}",
        text.chars().take(3_000).collect::<String>()
    );
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{line}");
        assert!(!line.contains("##[") && !line.contains("##vso["), "{line}");
    }
}

/// A module whose import, export and functions have the name.
fn module() -> String {
    format!(
        r#"(module $"{WAT}"
            (import "{WAT}" "{WAT}" (func $"i{WAT}" (param i32)))
            (func $"{WAT}" (export "{WAT}") (param $"{WAT}" i32) (result i32)
              (call $"i{WAT}" (local.get 0)) (i32.div_u (i32.const 1) (local.get 0)))
            (func (export "go") (result i32) (call $"{WAT}" (i32.const 1))))"#
    )
}

#[test]
fn names_of_a_module() {
    let given = Given::files(&[("m.wat", module()), (&format!("{NAME}.wat"), module())]);
    let file = format!("{NAME}.wat");
    for format in ["text", "json"] {
        let call = ["--format", format, "check", &file];
        given.run(&call).comes_to(0, &["error"]);
        let call = [
            "--format", format, "trace", "m.wat", "--invoke", "go()", "--stack",
        ];
        given.run(&call).comes_to(0, &["i32.div_u"]);
        let call = ["--format", format, "check", "m.wat", "--invoke", NAME];
        given.run(&call).comes_to(2, &["lockstep: "]);
        let import = format!("{NAME}=fail");
        let call = ["--format", format, "check", "m.wat", "--import", &import];
        given.run(&call).comes_to(2, &["lockstep: "]);
    }
    given.run(&["check", &file]).comes_to(0, &["a\\u{1b}[31m"]);
}

/// Whether a report, for people or programs, has a divergence.
fn tells_of_a_divergence(text: &str) -> bool {
    ["DIVERGENCE", "lockstep.divergence/"]
        .iter()
        .any(|told| text.contains(told))
}

#[test]
fn names_in_scripts() {
    let script = format!(
        r#"(module $"{WAT}" (func (export "{WAT}") (result i32) (i32.const 12)))
           (assert_return (invoke "{WAT}") (i32.const 13))
           (assert_trap (invoke "{WAT}") "{WAT}")"#
    );
    let given = Given::files(&[(&format!("d/{NAME}.wast"), script)]);
    for format in ["text", "json"] {
        let ran = given.run(&["--format", format, "spec", "--dir", "d"]);
        ran.comes_to(
            1,
            &["expectation not met", "expected (i32:13)", "given (i32:12)"],
        );
        assert!(!tells_of_a_divergence(&ran.text), "{}", ran.text);
    }
    let bad = Given::files(&[(&format!("{NAME}.wast"), "(module".to_owned())]);
    bad.run(&["spec", "--dir", "."]).comes_to(2, &[".wast:1:"]);
    bad.run(&["spec", NAME])
        .comes_to(2, &["no script is named"]);
}

#[test]
fn names_in_case_files() {
    let case = format!(
        "name = \"{TOML}\"\n[[module]]\nwat = '''{}'''\n[[step]]\ncall = \"{TOML}\"\nargs = [\"i32:1\"]\nreturns = [\"i32:2\"]\n",
        module()
    );
    let given = Given::files(&[(&format!("d{NAME}/{NAME}.toml"), case)]);
    let directory = format!("d{NAME}");
    for format in ["text", "json"] {
        for args in [
            &["replay", &directory, "--junit", "out.xml", "--html", "page"][..],
            &[
                "run", "--only", "corpus", "--corpus", &directory, "--junit", "out.xml",
            ],
        ] {
            let args = [&["--format", format], args].concat();
            let ran = given.run(&args);
            ran.comes_to(1, &["expectation not met", "(i32:2)", "(i32:1)"]);
            assert!(!tells_of_a_divergence(&ran.text), "{}", ran.text);
            assert_safe(&fs::read_to_string(given.path("out.xml")).unwrap());
        }
    }
    let page = fs::read_to_string(given.path("page/index.html")).unwrap();
    assert!(page.contains("<h1>FAIL</h1>") && page.contains("expectation not met"));
    let raw = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(!page.contains(raw) && !page.contains('\u{202e}'));
}

#[test]
fn words_of_the_command_line() {
    let given = Given::files(&[]);
    for args in [
        &["rules", NAME][..],
        &[NAME],
        &["run", NAME],
        &["run", "--config", NAME],
        &["run", "--seed", NAME],
        &["replay", NAME],
        &["check", NAME],
        &["trace", NAME, "--invoke", "f()"],
        &["spec", "--dir", NAME],
        &["run", "--only", "corpus", "--corpus", NAME],
        &["--subject", NAME, "rules"],
        &["reduce", NAME],
        &["check", "m.wat", "--html", "d", "--trend", NAME],
    ] {
        given.run(args).comes_to(2, &[]);
    }
    given.run(&["rules"]).comes_to(0, &["RESULT-ASSERTION"]);
}

#[test]
fn a_name_of_a_megabyte() {
    // A module may have names of at most 100,000 bytes; a case file is not so bound.
    let long = "n".repeat(100_000);
    let wat = format!(
        "(module (func (export \"{long}\") unreachable) (func $\"{long}\" (export \"f\")))"
    );
    let case = format!(
        "name = \"{}\"\n[[module]]\nfile = 'm.wat'\n[[step]]\ncall = 'f'\nreturns = ['i32:1']\n",
        "n".repeat(1 << 20)
    );
    let given = Given::files(&[("m.wat", wat), ("c.toml", case)]);
    let ran = given.run(&["check", "m.wat"]);
    ran.comes_to(0, &["characters left out"]);
    assert!(ran.text.len() < 50_000, "{}", ran.text.len());
    let ran = given.run(&["trace", "m.wat", "--invoke", "f()"]);
    ran.comes_to(0, &["characters left out"]);
    assert!(ran.text.len() < 50_000, "{}", ran.text.len());
    let ran = given.run(&["replay", "c.toml"]);
    ran.comes_to(1, &["characters left out", "expected (i32:1), given ()"]);
    assert!(ran.text.len() < 50_000, "{}", ran.text.len());
    let ran = given.run(&["check", "m.wat", "--invoke", "g()"]);
    ran.comes_to(2, &["has no export `g`"]);
    assert!(ran.text.len() < 50_000, "{}", ran.text.len());
}

#[test]
fn absurd_values_end_soon() {
    let given = Given::files(&[("m.wat", module())]);
    for args in [
        &["run", "--jobs", "100000"][..],
        &["spec", "--jobs", "100000"],
        &["replay", "d", "--jobs", "18446744073709551616"],
    ] {
        given.run(args).comes_to(2, &["from 1 to 1024"]);
    }
    for fifo in ["pipe.wasm", "pipe", "d/pipe.wast", "c/pipe.toml"] {
        let path = given.path(fifo);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }
    given
        .run(&["check", "pipe.wasm"])
        .comes_to(2, &["pipe.wasm", "no file"]);
    given
        .run(&["save", "--input", "pipe", "x"])
        .comes_to(2, &["cannot read pipe: ", "no file"]);
    given
        .run(&["spec", "--dir", "d"])
        .comes_to(2, &["pipe.wast", "no regular file"]);
    given
        .run(&["replay", "c"])
        .comes_to(2, &["pipe.toml", "no file"]);
}

/// Many exports of one function cost as many calls, and no more than those.
#[test]
fn forty_thousand_exports() {
    let exports: String = (0..40_000)
        .map(|number| format!("(export \"f{number}\")"))
        .collect();
    let module = format!("(module (func {exports} (result i32) (i32.const 1)))");
    let given = Given::files(&[("m.wat", module)]);
    given
        .run(&["check", "m.wat", "-q"])
        .comes_to(0, &["PASS: 1 case"]);
}

#[test]
fn words_stay_in_their_lines() {
    let given = Given::files(&[(&format!("d/{NAME}.toml"), CASE.to_owned())]);
    let ran = given.run(&["replay", "d", "--list"]);
    ran.comes_to(0, &["d/a\\u{1b}[31m"]);
    assert_eq!(ran.text.lines().count(), 1, "{}", ran.text);
    let name = format!("{NAME}(");
    for args in [
        &["rules", NAME][..],
        &[NAME],
        &["run", "--name", &name],
        &["run", "--color", NAME],
        &["run", "--config", NAME],
        &["run", "--shard", NAME],
        &["run", "--deadline", NAME],
        &["replay", "d", "--rule", NAME],
        &["replay", "d", "--cause", NAME],
        &["--subject", NAME, "rules"],
    ] {
        let ran = given.run(args);
        ran.comes_to(2, &["\\r\\n::error::b"]);
        assert!(
            !ran.text.lines().any(|line| line.starts_with(":")),
            "{}",
            ran.text
        );
    }
    let profile = format!("[profile.x.check]\njobs = \"{TOML}\"\n");
    fs::write(given.path("lockstep.toml"), profile).unwrap();
    let ran = given.run(&["--profile", "x", "check", "m.wat"]);
    ran.comes_to(2, &["\\r\\n::error::b"]);
    assert_eq!(ran.text.lines().count(), 1, "{}", ran.text);
}

#[test]
fn names_that_are_not_utf8() {
    let name = |end: &str| OsString::from_vec([&b"d\xff"[..], end.as_bytes()].concat());
    let given = Given::files(&[]);
    let directory = given.0.path().join(name(""));
    fs::create_dir(&directory).unwrap();
    let module = r#"(module (func (export "f") (result i32) (i32.const 1)))"#;
    let case = format!("[[module]]\nwat = '''{module}'''\n[[step]]\ncall = \"f\"\n");
    fs::write(directory.join(name(".toml")), case).unwrap();
    let script = format!("{module} (assert_return (invoke \"f\") (i32.const 1))");
    fs::write(directory.join(name(".wast")), script).unwrap();
    fs::write(given.0.path().join(name(".wat")), module).unwrap();
    let word = |text: &str| OsString::from(text);
    for args in [
        &[word("check"), name(".wat"), word("-v")][..],
        &[word("trace"), name(".wat"), word("--invoke"), word("f()")],
        &[word("replay"), name("")],
        &[word("spec"), word("--dir"), name("")],
        &[
            word("run"),
            word("--only"),
            word("corpus"),
            word("--corpus"),
            name(""),
        ],
    ] {
        given.run(args).comes_to(0, &[]);
    }
    let ran = given.run(&[word("replay"), name(""), word("-v")]);
    ran.comes_to(0, &[]);
    assert!(
        ran.text.contains("lockstep replay $'d\\xff/d\\xff.toml'"),
        "{}",
        ran.text
    );
}

#[test]
fn nothing_is_compared_where_a_module_shows_nothing() {
    let given = Given::files(&[
        ("m.wat", "(module)".to_owned()),
        ("case.toml", "[[module]]\nwat = '(module)'\n".to_owned()),
    ]);
    for args in [&["check", "m.wat"][..], &["replay", "case.toml"]] {
        let said = "nothing was compared: the only case executes nothing and shows nothing";
        given.run(args).comes_to(2, &[said]);
        given
            .run(&[args, &["--allow-empty"]].concat())
            .comes_to(0, &["PASS"]);
    }
}

#[test]
fn the_stack_of_the_shell_is_not_that_of_a_command() {
    let given = Given::files(&[("m.wat", module())]);
    let mut shell = Command::new("sh");
    let line = format!(
        "ulimit -s 64; exec {} check m.wat",
        env!("CARGO_BIN_EXE_lockstep")
    );
    let output = shell
        .args(["-c", &line])
        .current_dir(given.0.path())
        .output()
        .unwrap();
    Ran::of(&line, &output).comes_to(0, &["PASS"]);
}

/// A binary whose one function is that many blocks in each other.
fn nested(blocks: usize) -> Vec<u8> {
    fn leb(mut number: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let byte = (number & 0x7f) as u8;
            number >>= 7;
            bytes.push(if number == 0 { byte } else { byte | 0x80 });
            if number == 0 {
                return bytes;
            }
        }
    }
    let body = [
        &[0][..],
        &[0x02, 0x40].repeat(blocks),
        &[0x0b].repeat(blocks + 1),
    ]
    .concat();
    let body = [leb(body.len()), body].concat();
    let code = [vec![1], body].concat();
    let mut module =
        b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a".to_vec();
    module.extend(leb(code.len()));
    module.extend(code);
    module
}

#[test]
fn blocks_nested_a_hundred_thousand_deep() {
    let given = Given::files(&[]);
    fs::write(given.path("deep.wasm"), nested(100_000)).unwrap();
    given
        .run(&["check", "deep.wasm", "--max-events", "1000"])
        .comes_to(0, &["divergences"]);
}

/// The case file of a table row: a module of everything, then what is wrong with it, from line 11 on.
const CASE: &str = r#"[[module]]
wat = '''
(module (import "env" "f" (func (param i32)))
  (import "env" "m" (memory 1 4)) (import "env" "t" (table 2 9 funcref))
  (global (export "g") i32 (i32.const 1)) (memory $o (export "o") 1 1)
  (func (export "go") (param i32) (result i32) (local.get 0)))
'''
[host]
seed = 1

"#;

#[test]
fn case_files_that_cannot_be_carried_out() {
    let data = "[host.memories.\"env.m\"]\npages = 1\nmaximum = 4\ndata = [{ offset = 65535, text = \"ab\" }]";
    for (line, wrong, parts) in [
        (11, data, &["has 65,536 bytes", "2 at offset 65535"][..]),
        (
            11,
            "[host.memories.\"env.m\"]\npages = 3\nmaximum = 2",
            &["maximum of `env.m`, 2 pages", "below the 3"],
        ),
        (
            11,
            "[host.memories.\"env.m\"]\npages = 0\nmaximum = 4",
            &["0 pages", "at least 1"],
        ),
        (
            11,
            "[host.memories.\"env.m\"]\npages = 1",
            &["maximum of 4 pages", "has none"],
        ),
        (
            11,
            "[host.tables.\"env.t\"]\nelements = 3\nmaximum = 2",
            &["below the 3"],
        ),
        (
            12,
            "[host.functions]\n\"env.no\" = \"fail\"",
            &["no module imports a function `env.no`"],
        ),
        (
            12,
            "[host.functions]\n\"env.f\" = \"call(no)\"",
            &["needs the function `no`"],
        ),
        (
            12,
            "[host.functions]\n\"env.f\" = \"throw(no)\"",
            &["needs the tag `no`"],
        ),
        (
            12,
            "[host.functions]\n\"env.f\" = \"returns(i32:1)\"",
            &["results of `env.f` are (i32), not ()"],
        ),
        (
            11,
            "[[step]]\ncall = \"no\"",
            &["step 1: no function `no` is exported", "`go`"],
        ),
        (
            11,
            "[[step]]\ncall = \"go\"\nargs = []",
            &["are (), not (i32)"],
        ),
        (
            11,
            "[[step]]\nset = \"g\"\nvalue = \"i32:1\"",
            &["not mutable"],
        ),
        (
            11,
            "[[step]]\nwrite = \"o\"\noffset = 65536\ntext = \"a\"",
            &["beyond the memory `o`"],
        ),
        (
            13,
            "[[step]]\ncall = \"go\"\nargs = [\"i32:x\"]",
            &["`i32:x`"],
        ),
        (
            12,
            "[[session]]\nwhen = \"event 0\"\nedits = []",
            &["`event 0` is no moment"],
        ),
        (
            12,
            "[[session]]\nwhen = \"host-call 0\"\nedits = []",
            &["count from 1"],
        ),
        (11, "[cycle]\nperiod = 0\nsessions = []", &["at least 1"]),
        (
            11,
            "[expect]\nknown = [\"TRAP-PC\"]\nsubjects = \"41\"",
            &["no subject is named `41`", "42.0.2"],
        ),
        (11, "[expect]\nsubjects = \"42.0.2\"", &["needs `known`"]),
        (12, "[expect]\nknown = [\"NO-SUCH\"]", &["NO-SUCH"]),
        (
            11,
            "[[module]]\nname = \"main\"\nwat = '(module'",
            &["not a WebAssembly text module"],
        ),
        (
            11,
            "[[module]]\nname = \"main\"\nfile = \"absent.wat\"",
            &["absent.wat"],
        ),
        (13, "[[step]]\ncall = \"go\"\nnonsense = 1", &["nonsense"]),
    ] {
        let wrong = match wrong.starts_with("[[module]]") {
            // It would be the main module.
            true => CASE.replacen("[[module]]", "[[module]]\nname = \"first\"", 1) + wrong,
            false => CASE.to_owned() + wrong,
        };
        let line = line + usize::from(wrong.contains("\"first\""));
        let given = Given::files(&[("case.toml", wrong.clone())]);
        let ran = given.run(&["replay", "case.toml"]);
        println!("{wrong}\n{}", ran.text);
        ran.comes_to(2, &[&format!("lockstep: case.toml:{line}: ")]);
        ran.comes_to(2, parts);
    }
    let twice =
        "[[module]]\nname = \"a\"\nwat = '(module)'\n[[module]]\nname = \"a\"\nwat = '(module)'\n";
    let given = Given::files(&[("case.toml", twice.to_owned())]);
    let ran = given.run(&["replay", "case.toml"]);
    ran.comes_to(
        2,
        &["case.toml:4: module 2 has the name `a`, as another before it"],
    );
}

#[test]
fn what_is_expected_and_does_not_come() {
    let module = r#"(module
        (func (export "one") (result i32) (i32.const 12))
        (func (export "two") (result f32 i64) (f32.const 1.5) (i64.const -1))
        (func (export "trap") (result i32) (i32.div_u (i32.const 1) (i32.const 0))))"#;
    for (step, parts) in [
        (
            "call = 'one'\nreturns = ['i32:13']",
            &["expected (i32:13), given (i32:12)"][..],
        ),
        (
            "call = 'one'\nreturns = ['i64:12']",
            &["expected (i64:12), given (i32:12)"],
        ),
        (
            "call = 'one'\nreturns = [['i32:1', 'i32:2']]",
            &["expected (i32:1 or i32:2)"],
        ),
        (
            "call = 'two'\nreturns = ['f32:nan:canonical', 'i64:-1']",
            &["(f32:nan:canonical, i64:-1), given (f32:1.5, i64:-1)"],
        ),
        (
            "call = 'one'\ntraps = 'unreachable'",
            &["expected the trap `unreachable`, given returned (i32:12)"],
        ),
        (
            "call = 'trap'\nreturns = ['i32:1']",
            &["expected (i32:1), given trapped: integer divide by zero"],
        ),
        (
            "call = 'trap'\ntraps = 'unreachable'",
            &["expected the trap `unreachable`, given the trap `integer divide by zero`"],
        ),
    ] {
        let case = format!("[[module]]\nwat = '''{module}'''\n[[step]]\n{step}\n");
        let given = Given::files(&[("case.toml", case)]);
        let ran = given.run(&["replay", "case.toml"]);
        println!("{}", ran.text);
        ran.comes_to(
            1,
            &[
                "expectation not met",
                "reference interpreter and subject agree",
                "NOT MET",
            ],
        );
        ran.comes_to(1, parts);
        assert!(
            !ran.text.contains("DIVERGENCE") && !ran.text.contains("RESULT-"),
            "{}",
            ran.text
        );
    }
}
