use super::*;
use crate::case::value::Host;
use crate::case::{
    Check, Content, Expect, HostMemory, HostTable, Step, StepAction, Stub, StubCall,
};
use crate::causes::hazard::{Dare, Hazard};
use crate::generate::{self, Proposals};
use crate::hosting::{MemoryWrite, WriteAt};
use crate::lockstep::policy::FramePolicy;
use crate::schedule::action::{Act, Action};
use crate::schedule::{Cycle, Edit, Neighbour, Schedule, Session, Site, When};
use crate::wasi::{Directory, Entry, World};
use lockstep_spec_tests::script::{Arg, FloatPattern, NullOf, Pattern};
use std::fs;
use tempfile::TempDir;

fn nothing(_: &str) -> io::Result<Vec<u8>> {
    Err(io::ErrorKind::NotFound.into())
}

fn wasm(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

/// What a host function does call by call.
fn calls() -> Vec<StubCall> {
    let write = |memory: &str, at, bytes: &[u8]| MemoryWrite {
        memory: memory.to_owned(),
        at,
        bytes: bytes.to_vec(),
    };
    vec![
        StubCall {
            writes: vec![
                write("memory", WriteAt::Argument(1), b"text"),
                write("m", WriteAt::Offset(1 << 63), b"\0\xff"),
            ],
            returns: Some(vec![Arg::I32(4), Arg::F64(0)]),
        },
        StubCall::default(),
    ]
}

/// What a program for WASI finds.
fn world() -> World {
    let file = |bytes: &[u8]| Entry::File(bytes.into());
    World {
        args: vec!["prog".to_owned(), "\u{1}é".to_owned()],
        env: vec!["B=2".to_owned(), "A=".to_owned()],
        stdin: b"line\nline".as_slice().into(),
        directories: vec![
            Directory {
                guest: "/data".to_owned(),
                entries: [
                    ("a/b.txt".to_owned(), file(b"text")),
                    ("empty".to_owned(), Entry::Directory),
                ]
                .into(),
            },
            Directory {
                guest: ".".to_owned(),
                entries: [("c".to_owned(), file(b"\0"))].into(),
            },
        ],
    }
}

/// A case with something of everything.
fn everything() -> Case {
    let lib = wasm("(module (func (export \"f\") (param i32)) (memory (export \"m\") 1))");
    let main = wasm(
        "(module (import \"a.b\" \"c\" (func)) (global (export \"g\") (mut i64) (i64.const 1)))",
    );
    let mut case = Case::of_module("a \"name\"\r\n\u{1}é", main);
    case.modules.insert(
        0,
        crate::case::CaseModule {
            name: "lib".to_owned(),
            wasm: lib.into(),
        },
    );
    case.steps = vec![
        Step {
            module: Some(0),
            action: StepAction::Call {
                export: "f".to_owned(),
                args: vec![Arg::I32(u32::MAX)],
                expect: Some(Expect::Returns(vec![
                    Pattern::Either(vec![Pattern::I32(1), Pattern::RefAny]),
                    Pattern::F32x4([FloatPattern::CanonicalNan; 4]),
                ])),
            },
        },
        Step {
            module: Some(1),
            action: StepAction::Write {
                memory: String::new(),
                offset: u64::MAX,
                bytes: b"text".to_vec(),
            },
        },
        Step {
            module: None,
            action: StepAction::Set {
                global: "g".to_owned(),
                value: Arg::RefNull(NullOf::NoExn),
            },
        },
        Step {
            module: None,
            action: StepAction::Call {
                export: "'''\"\"\"".to_owned(),
                args: Vec::new(),
                expect: Some(Expect::Traps("unreachable".to_owned())),
            },
        },
        Step {
            module: None,
            action: StepAction::Call {
                export: "none".to_owned(),
                args: Vec::new(),
                expect: Some(Expect::Returns(Vec::new())),
            },
        },
    ];
    case.host = Host {
        seed: 1 << 63,
        functions: [
            ("a.b.c".to_owned(), Stub::Call("(".to_owned())),
            ("x.y".to_owned(), Stub::Constant(vec![Arg::F32(1)])),
            ("x.z".to_owned(), Stub::Calls(calls())),
        ]
        .into(),
        memories: [(
            "m.m".to_owned(),
            HostMemory {
                pages: 2,
                maximum: Some(3),
                data: [(0, vec![]), (9, b"\0\xff".to_vec()), (99, b"ab".to_vec())].into(),
            },
        )]
        .into(),
        tables: [(
            "t.t".to_owned(),
            HostTable {
                elements: 7,
                maximum: None,
            },
        )]
        .into(),
        globals: [("g.g".to_owned(), Arg::F64(0x7ff0_0000_0000_0001))].into(),
        wasi: Some(world()),
    };
    case.checks = vec![
        Check::Stdout(b"two\nlines\n".to_vec()),
        Check::Stderr(b"\0\xff".to_vec()),
        Check::Exit(3),
        Check::Memory {
            module: Some(0),
            memory: "m".to_owned(),
            offset: 1 << 63,
            content: Content::Bytes(b"text".to_vec()),
        },
        Check::Memory {
            module: None,
            memory: "memory".to_owned(),
            offset: 0,
            content: Content::Sha256 {
                length: 7,
                digest: [0xa5; 32],
            },
        },
    ];
    case.configuration.set("target=pulley64".parse().unwrap());
    case.configuration.set("fuel=on".parse().unwrap());
    let cycle = Cycle {
        period: 3,
        sessions: vec![vec![], vec![Edit::Clear, Edit::Add(Site::Current)]],
    };
    case.schedule = Schedule {
        sessions: vec![Session {
            when: When::Event(7),
            edits: vec![Edit::Remove(Site::Pc { module: 1, pc: 47 })],
        }],
        cycle: Some(cycle.clone()),
        actions: vec![Act {
            when: When::HostCall(2),
            action: Action::read("write memory 0:1 0x10 0x7f").unwrap(),
        }],
        neighbour: Some(Neighbour {
            sessions: Vec::new(),
            cycle: Some(cycle),
            thread: true,
        }),
        code_image: false,
        collect: 0,
        dare: Some(Dare::Kind(Hazard::Slot)),
        late_modules: false,
    };
    case.frames = FramePolicy::Innermost;
    case.max_events = 17;
    case
}

#[test]
fn everything_in_a_case_is_written_and_read_again() {
    let case = everything();
    for text in [to_text(&case).unwrap(), to_readable(&case).unwrap()] {
        let again = parse(&text, nothing).unwrap();
        assert_eq!(again.case, case, "{text}");
    }
}

#[test]
fn the_code_image_is_looked_at_without_a_neighbour_only() {
    let mut case = everything();
    case.schedule.code_image = true;
    let error = parse(&to_text(&case).unwrap(), nothing).unwrap_err();
    let wanted = ": `code-image` looks at the code of one store: not beside a `[neighbour]`";
    assert!(error.to_string().ends_with(wanted), "{error}");
    case.schedule.neighbour = None;
    let again = parse(&to_text(&case).unwrap(), nothing).unwrap();
    assert_eq!(again.case, case);
}

#[test]
fn a_case_reads_as_a_person_would_write_it() {
    insta::assert_snapshot!(to_readable(&everything()).unwrap());
}

#[test]
fn a_schedule_that_does_nothing_is_not_the_default() {
    let mut case = Case::of_module("idle", wasm("(module)"));
    case.schedule = Schedule::idle();
    let text = to_text(&case).unwrap();
    assert!(text.contains("session = []"), "{text}");
    assert_eq!(parse(&text, nothing).unwrap().case, case);
}

#[test]
fn a_saved_case_is_loaded_again() {
    let dir = TempDir::new().unwrap();
    let mut case = everything();
    case.steps.clear();
    case.checks.clear();
    case.host = Host::default();
    let corpus = CorpusCase {
        case,
        expect: Expectation::of_causes(&["TRAP-PC".to_owned()]).unwrap(),
        path: PathBuf::new(),
    };
    let directory = dir.path().join("new/corpus");
    let path = save(&directory, "a.case-1", &corpus).unwrap();
    assert_eq!(path, directory.join("a.case-1.toml"));
    let again = load(&path).unwrap();
    assert_eq!((again.case, again.expect), (corpus.case, corpus.expect));
    let mut names: Vec<_> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["a.case-1-0.wat", "a.case-1.toml", "a.case-1.wat"]);
}

#[test]
fn a_module_that_no_text_makes_is_saved_as_binary() {
    let dir = TempDir::new().unwrap();
    // A type section whose size is written in two bytes where one does.
    let binary = b"\0asm\x01\0\0\0\x01\x81\x00\x00".to_vec();
    let case = CorpusCase {
        case: Case::of_module("odd", binary),
        expect: Expectation::default(),
        path: PathBuf::new(),
    };
    let path = save(dir.path(), "odd", &case).unwrap();
    assert!(dir.path().join("odd.wasm").exists());
    assert_eq!(load(&path).unwrap().case, case.case);
}

#[test]
fn names_that_leave_the_directory_are_refused() {
    let dir = TempDir::new().unwrap();
    let case = CorpusCase {
        case: Case::of_module("a", wasm("(module)")),
        expect: Expectation::default(),
        path: PathBuf::new(),
    };
    for name in ["", ".a", "../a", "a/b", "a b", "ä"] {
        assert!(matches!(
            save(dir.path(), name, &case),
            Err(CorpusError::Name { .. })
        ));
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// The message for a case file with this text.
fn refusal(text: &str) -> String {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("bad.toml");
    fs::write(&path, text).unwrap();
    let message = load(&path).unwrap_err().to_string();
    assert_eq!(message.lines().count(), 1, "one sentence: {message}");
    let (_, rest) = message.split_once("bad.toml").expect("the file is named");
    rest.to_owned()
}

/// A valid module for what follows it.
const MODULE: &str = r#"[[module]]
wat = '''(module (import "env" "log" (func (param i32) (result i64)))
  (func (export "f") (param i64)) (global (export "g") i32 (i32.const 1)))'''
"#;

#[test]
fn what_is_no_case_is_refused_with_its_place() {
    for (text, wanted) in [
        ("name = 'a'\nmodul = []", ":2: unknown field `modul`"),
        ("name = ", ":1: "),
        ("name = 'a'", ": the case has no `[[module]]`"),
        (
            "[[module]]",
            ": module 1 must have one of `file`, `wat` and `hex`",
        ),
        ("[[module]]\nfile = 'gone.wasm'", ": cannot read gone.wasm"),
        (
            "[[module]]\nwat = '(modul)'",
            "the `wat` of module 1:1:2 (byte 1): not a WebAssembly",
        ),
        ("[[module]]\nhex = '0061736d'", "module `main`: malformed"),
        ("[[module]]\n\nhex = '0'", ":3: `hex` holds an odd number"),
        (
            "[[module]]\nhex = ''\n[[module]]\nhex=''",
            ": module 1 needs a `name`",
        ),
        ("frames = 'some'", ":1: `some` is no frame policy"),
        ("max-events = -1", ":1: -1 is less than 0"),
        (
            "[configuration]\ntarget = 'arm'",
            ": axis target has no value `arm`",
        ),
        (
            "[cycle]\nperiod = 1\nsessions = [['later']]",
            ":3: `later` is no edit",
        ),
        (
            "[[session]]\nwhen = 'later'\nedits = []",
            ":2: `later` is no moment",
        ),
        ("[expect]\nknown = ['W42']", ":2: there is no cause `W42`"),
        ("[expect]\nrule = 'X'", ":2: there is no rule `X`"),
    ] {
        let message = refusal(text);
        assert!(message.contains(wanted), "{text:?}: {message}");
    }
}

#[test]
fn what_does_not_fit_the_modules_is_refused() {
    for (text, wanted) in [
        (
            "[[step]]\ncall = 'h'",
            "step 1: no function `h` is exported; exported of that kind: `f`",
        ),
        (
            "[[step]]\ncall = 'f'",
            "step 1: the arguments of `f` are (), not (i64)",
        ),
        (
            "[[step]]\ncall = 'f'\nargs = ['i32:1']",
            "are (i32), not (i64)",
        ),
        (
            "[[step]]\ncall = 'f'\nset = 'g'",
            "step 1: there must be one of",
        ),
        (
            "[[step]]\ncall = 'f'\noffset = 1",
            "`offset` does not belong to `call`",
        ),
        ("[[step]]\ncall = 'f'\nmodule = 3", "there is no module 3"),
        (
            "[[step]]\ncall = 'f'\nmodule = 'x'",
            "there is no module `x`",
        ),
        (
            "[[step]]\nwrite = 'm'\nhex = ''",
            "no memory `m` is exported; exported of that kind: none",
        ),
        ("[[step]]\nwrite = 'm'", "one of `hex` and `text`"),
        ("[[step]]\nset = 'g'\nvalue = 'i32:1'", "it is not mutable"),
        ("[[step]]\nset = 'g'", "`value` is missing"),
        (
            "[host.functions]\n'env.lgo' = 'fail'",
            "no module imports a function `env.lgo`",
        ),
        (
            "[host.functions]\n'env.log' = 'returns(i32:1)'",
            "are (i32), not (i64)",
        ),
        (
            "[host.globals]\n'env.g' = 'i32:1'",
            "no module imports a global `env.g`",
        ),
        ("[cycle]\nperiod = 0\nsessions = []", "is at least 1"),
        ("[expect]\nverdict = 'maybe'", "there is no verdict `maybe`"),
        ("[expect]\nknown = ['TRAP-PC']", "`known` needs `subjects`"),
    ] {
        let message = refusal(&format!("{MODULE}{text}"));
        assert!(message.contains(wanted), "{text:?}: {message}");
    }
}

#[test]
fn a_null_is_of_every_nullable_type_of_its_hierarchy() {
    const TYPES: &str = r#"
        [[module]]
        wat = """
            (module
              (type $s (struct)) (type $t (func))
              (func (export "f") (param (ref null $s) eqref (ref null $t) nullexternref exnref))
              (func (export "g") (param (ref eq)))
              (func (export "h") (param (ref extern) anyref)))
        """
    "#;
    let fits = |call: &str| {
        let parsed = parse(&format!("{TYPES}{call}"), nothing).unwrap();
        check(&parsed.case).map_err(|misfit| misfit.to_string())
    };
    for args in [
        "'nullref:null', 'anyref:null', 'funcref:null', 'externref:null', 'nullexnref:null'",
        "'anyref:null', 'nullref:null', 'nullfuncref:null', 'nullexternref:null', 'exnref:null'",
    ] {
        fits(&format!("[[step]]\ncall = 'f'\nargs = [{args}]")).unwrap();
    }
    fits("[[step]]\ncall = 'h'\nargs = ['externref:1', 'hostref:2']").unwrap();
    for (call, wanted) in [
        (
            "[[step]]\ncall = 'g'\nargs = ['nullref:null']",
            "the arguments of `g` are (nullref), not ((ref eq))",
        ),
        (
            "[[step]]\ncall = 'h'\nargs = ['externref:null', 'funcref:null']",
            "are (externref, funcref), not ((ref extern), anyref)",
        ),
    ] {
        let message = fits(call).unwrap_err();
        assert!(message.contains(wanted), "{call:?}: {message}");
    }
}

#[test]
fn a_file_that_is_no_text_or_missing_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("bad.toml");
    assert!(matches!(load(&path), Err(CorpusError::Read { .. })));
    fs::write(&path, b"name = 'a'\n\xff").unwrap();
    let message = load(&path).unwrap_err().to_string();
    assert!(message.contains("not UTF-8 at offset 0xb"), "{message}");
    assert!(matches!(load(dir.path()), Err(CorpusError::Read { .. })));
}

#[test]
fn generated_cases_are_written_and_read_again() {
    let plain = (0..200).map(|number| generate::from_seed(0xc0de, number));
    let proposals = (0..100).map(|number| generate::with_proposals(0xc0de, number, Proposals::All));
    for (number, case) in plain.chain(proposals).enumerate() {
        let text = to_text(&case).unwrap();
        assert_eq!(parse(&text, nothing).unwrap().case, case, "{text}");
        check(&case).unwrap_or_else(|misfit| panic!("{number}: {misfit}\n{text}"));
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_case_or_refused(text in "\\PC*") {
        let _ = parse(&text, nothing);
    }

    #[test]
    fn a_damaged_case_is_a_case_or_refused(at in 0usize..4000, with in "\\PC{0,3}") {
        let mut text = to_readable(&everything()).unwrap();
        let at = text.char_indices().map(|(at, _)| at).nth(at).unwrap_or(0);
        text.insert_str(at, &with);
        let _ = parse(&text, nothing);
    }
}

/// A case file of a program that imports `proc_exit` and `env.read`, with more.
fn program(more: &str) -> String {
    format!(
        r#"[[module]]
wat = '''(module
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (import "env" "read" (func (param f32 i32) (result i32)))
  (memory (export "memory") 1 2))'''

{more}"#
    )
}

#[test]
fn what_a_program_finds_is_read_from_the_file_and_beside_it() {
    let more = r#"
[wasi]
args = ["prog"]
stdin = { file = "input" }
stdout = { hex = "00ff" }
exit-code = 2
[wasi.files]
"/a/b" = "text"
"/c/" = ""
"#;
    let beside = |name: &str| match name {
        "input" => Ok(b"beside".to_vec()),
        _ => nothing(name),
    };
    let case = parse(&program(more), beside).unwrap().case;
    let world = case.host.wasi.unwrap();
    assert_eq!(*world.stdin, *b"beside");
    assert_eq!(world.directories.len(), 1);
    let entries: Vec<&str> = world.directories[0]
        .entries
        .keys()
        .map(|path| &**path)
        .collect();
    assert_eq!(entries, ["a/b", "c"]);
    assert_eq!(case.checks, [Check::Stdout(vec![0, 0xff]), Check::Exit(2)]);
}

#[test]
fn what_is_wrong_with_a_program_is_said_with_its_line() {
    let directory = TempDir::new().unwrap();
    for (more, line, part) in [
        ("[wasi]\nenv = [\"A\"]\n", 7, "no variable"),
        (
            "[wasi]\nstdin = { file = \"none\" }\n",
            7,
            "cannot read none",
        ),
        (
            "[wasi]\nfiles = { \"x\" = \"\" }\n",
            7,
            "below none of the `dirs`",
        ),
        ("[wasi]\ndirs = [\"\"]\n", 7, "needs a name"),
        ("[wasi]\nstdin = 3\n", 8, "expected a text"),
        (
            "[[expect-memory]]\nmemory = \"m\"\noffset = 0\nhex = \"00\"\n",
            7,
            "no memory `m`",
        ),
        (
            "[[expect-memory]]\nmemory = \"memory\"\noffset = 131071\ntext = \"ab\"\n",
            7,
            "never has more than 131,072",
        ),
        (
            "[[expect-memory]]\nmemory = \"memory\"\noffset = 0\nsha256 = \"00\"\n",
            7,
            "64",
        ),
        (
            "[host.functions]\n\"env.read\" = { calls = [] }\n",
            7,
            "at least one call",
        ),
        (
            "[host.functions]\n\"env.read\" = { calls = [{ returns = [\"i64:1\"] }] }\n",
            8,
            "not (i32)",
        ),
        (
            "[host.functions]\n\"env.read\" = { calls = [{ writes = [{ argument = 0, text = \"a\" }] }] }\n",
            8,
            "argument 0 is no number",
        ),
        (
            "[host.functions]\n\"env.read\" = { calls = [{ writes = [{ text = \"a\" }] }] }\n",
            7,
            "`offset` and `argument`",
        ),
    ] {
        let path = directory.path().join("case.toml");
        fs::write(&path, program(more)).unwrap();
        let message = load(&path).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
        assert!(
            message.contains(&format!("case.toml:{line}")),
            "{line}: {message}"
        );
    }
    let path = directory.path().join("case.toml");
    fs::write(
        &path,
        "[[module]]\nwat = \"(module)\"\n\n[wasi]\nargs = [\"p\"]\n",
    )
    .unwrap();
    let message = load(&path).unwrap_err().to_string();
    assert!(
        message.contains("no module imports a function of wasi_snapshot_preview1"),
        "{message}"
    );
}

/// A component with one function.
const HALF: &str = r#"(component
  (core module $m (func (export "half") (param i32) (result i32) (i32.div_u (local.get 0) (i32.const 2))))
  (core instance $i (instantiate $m))
  (func (export "half") (param "n" u32) (result u32) (canon lift (core func $i "half"))))"#;

/// A case of that component, called so.
fn of_component(args: &str) -> Case {
    let mut case = Case::of_module("a component", wasm(HALF));
    case.steps.push(Step {
        module: None,
        action: StepAction::Invoke {
            export: "half".to_owned(),
            args: args.to_owned(),
        },
    });
    case
}

#[test]
fn a_case_of_components_is_read_as_it_is_written() {
    let case = of_component("7");
    assert!(case.is_of_components());
    for text in [to_text(&case).unwrap(), to_readable(&case).unwrap()] {
        assert!(text.contains("invoke = \"half(7)\""), "{text}");
        assert_eq!(parse(&text, nothing).unwrap().case, case);
    }
    let dir = TempDir::new().unwrap();
    let corpus = CorpusCase {
        case: case.clone(),
        expect: Expectation::default(),
        path: PathBuf::new(),
    };
    let path = save(dir.path(), "half", &corpus).unwrap();
    assert_eq!(load(&path).unwrap().case, case);
}

#[test]
fn what_does_not_fit_a_component_is_said() {
    let refused = |case: &Case| check(case).unwrap_err().to_string();
    assert!(check(&of_component("7")).is_ok());
    assert!(refused(&of_component("-7")).contains("no number of the type"));
    let mut other = of_component("7");
    if let StepAction::Invoke { export, .. } = &mut other.steps[0].action {
        *export = "double".to_owned();
    }
    assert!(refused(&other).contains("there are: half"));
    let mut called = of_component("7");
    called.steps[0].action = StepAction::Call {
        export: "half".to_owned(),
        args: vec![Arg::I32(7)],
        expect: None,
    };
    assert!(refused(&called).contains("with `invoke`"));
    let mut mixed = of_component("7");
    let core = Case::of_module("core", wasm("(module)")).modules.remove(0);
    mixed.modules.insert(
        0,
        crate::case::CaseModule {
            name: "core".to_owned(),
            ..core
        },
    );
    assert!(refused(&mixed).contains("either core modules or components"));
    let mut hosted = of_component("7");
    hosted
        .host
        .functions
        .insert("env.f".to_owned(), Stub::Seeded);
    assert!(refused(&hosted).contains("imports nothing"));
}
