//! Programs for WASI: on every version subject and reference interpreter agree, and the host gives each
//! execution the same answers.

use super::cases::{calling, case_of, clean_on};
use lockstep::case::{
    Case, CaseReport, Check, Content, Judgement, Printed, Status, Stub, StubCall, run_case_on,
    run_with,
};
use lockstep::divergence::Execution;
use lockstep::fault::Tamper;
use lockstep::hosting::{MemoryWrite, WriteAt};
use lockstep::rules::RuleId;
use lockstep::subject::engines::linked;
use lockstep::wasi::{Directory, Entry, World};
use lockstep_spec_tests::script::Arg;

/// What the programs import.
const IMPORTS: &str = r#"
    (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
      (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#;

/// A program that starts with this code; two buffers of 16 bytes are described at 0 and 8.
fn program(code: &str, world: World) -> Case {
    let text = format!(
        r#"(module {IMPORTS}
             (memory (export "memory") 1)
             (data (i32.const 0) "\00\01\00\00\10\00\00\00\10\01\00\00\10\00\00\00")
             (data (i32.const 32) "file")
             (func (export "_start") {code}))"#
    );
    let mut case = calling(case_of(&[("main", &text)]), "_start", &[]);
    case.host.wasi = Some(world);
    case
}

fn memory(offset: u64, bytes: &[u8]) -> Check {
    Check::Memory {
        module: None,
        memory: "memory".to_owned(),
        offset,
        content: Content::Bytes(bytes.to_vec()),
    }
}

/// Runs a case of which nothing may diverge or fail, on every version.
fn agrees(case: &Case) -> Vec<CaseReport> {
    linked()
        .into_iter()
        .map(|subject| clean_on(subject, case))
        .collect()
}

fn printed(report: &CaseReport) -> &Printed {
    report.printed.as_ref().unwrap()
}

#[test]
fn arguments_and_environment_reach_a_program() {
    let code = r#"
        (drop (call $args_get (i32.const 64) (i32.const 256)))
        (drop (call $environ_get (i32.const 64) (i32.const 272)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 2) (i32.const 96)))"#;
    let world = World {
        args: vec!["prog".to_owned(), "first".to_owned()],
        env: vec!["A=1".to_owned()],
        ..World::default()
    };
    let mut case = program(code, world);
    case.checks.push(Check::Stdout(
        b"prog\0first\0\0\0\0\0\0A=1\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
    ));
    case.checks.push(Check::Exit(0));
    case.checks.push(memory(96, &[32, 0, 0, 0]));
    agrees(&case);
}

/// Copies standard input into a file, reads that again, and prints it to both streams; then a clock and
/// random numbers.
const COPY: &str = r#"
    (local $fd i32)
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 96)))
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 4) (i32.const 9)
      (i64.const 0x42) (i64.const 0) (i32.const 0) (i32.const 100)))
    (local.set $fd (i32.load (i32.const 100)))
    (i32.store (i32.const 4) (i32.load (i32.const 96)))
    (drop (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 96)))
    (drop (call $seek (local.get $fd) (i64.const 1) (i32.const 0) (i32.const 104)))
    (drop (call $read (local.get $fd) (i32.const 8) (i32.const 1) (i32.const 96)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 112)))
    (i32.store (i32.const 12) (i32.load (i32.const 96)))
    (drop (call $write (i32.const 2) (i32.const 8) (i32.const 1) (i32.const 112)))
    (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 120)))
    (drop (call $random (i32.const 128) (i32.const 8)))
    (call $exit (i32.const 7))
    (unreachable)"#;

fn copying() -> Case {
    let world = World {
        stdin: b"hello\n".as_slice().into(),
        directories: vec![Directory {
            guest: "/".to_owned(),
            entries: [(
                "file".to_owned(),
                Entry::File(b"old content".as_slice().into()),
            )]
            .into(),
        }],
        ..World::default()
    };
    let mut case = program(COPY, world);
    case.checks = vec![
        Check::Stdout(b"hello\n".to_vec()),
        Check::Stderr(b"ello\n".to_vec()),
        Check::Exit(7),
        memory(120, &1_577_836_800_000_000_000u64.to_le_bytes()),
    ];
    case
}

#[test]
fn input_files_clocks_and_random_numbers_are_the_same_everywhere() {
    let case = copying();
    let reports = agrees(&case);
    for report in &reports {
        let printed = printed(report);
        assert_eq!(printed.stdout.text, "hello\n");
        assert_eq!(printed.exit_code, Some(7));
        let mut outcomes = report
            .commands
            .iter()
            .filter_map(|command| command.outcome.as_deref());
        let ended = outcomes.next_back();
        assert_eq!(ended, Some("the program ended with exit code 7"));
        // Both executions call the host.
        assert_eq!(report.tally.host_calls % 2, 0);
    }
    // Another seed gives other random numbers.
    let mut seeded = case;
    seeded.checks.push(memory(128, &[0; 8]));
    let report = run_case_on(linked()[0], &seeded).unwrap();
    assert_eq!(report.judgement(), Judgement::NotMet);
    assert!(report.divergences.is_empty());
}

#[test]
fn what_was_printed_before_a_trap_is_kept() {
    let code = r#"
        (i32.store (i32.const 256) (i32.const 0x21))
        (i32.store (i32.const 4) (i32.const 1))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 96)))
        (unreachable)"#;
    let mut case = program(code, World::default());
    case.checks.push(Check::Stdout(b"!".to_vec()));
    for report in linked()
        .into_iter()
        .map(|subject| run_case_on(subject, &case).unwrap())
    {
        assert!(report.divergences.is_empty(), "{report:#?}");
        assert_eq!(printed(&report).stdout.text, "!");
        assert_eq!(printed(&report).exit_code, None);
    }
}

#[test]
fn hostile_pointers_are_faults_for_both() {
    let code = r#"
        (i32.store8 (i32.const 512) (call $write (i32.const 1) (i32.const -8) (i32.const 1) (i32.const 96)))
        (i32.store8 (i32.const 513) (call $random (i32.const 0) (i32.const -1)))
        (i32.store8 (i32.const 514) (call $read (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 96)))
        (i32.store8 (i32.const 515) (call $clock (i32.const 0) (i64.const 0) (i32.const 65532)))
        (i32.store (i32.const 4) (i32.const -1))
        (i32.store8 (i32.const 516) (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 96)))
        (i32.store8 (i32.const 517) (call $open (i32.const 3) (i32.const 0) (i32.const 65535) (i32.const -1)
          (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 100)))"#;
    let mut case = program(code, World::default());
    // There is no directory 3: that is asked before the path is read.
    case.checks = vec![
        memory(512, &[21, 21, 28, 21, 21, 8]),
        Check::Stdout(Vec::new()),
    ];
    agrees(&case);
}

#[test]
fn a_program_without_a_memory_or_that_ends_in_its_start_function_is_served_alike() {
    let no_memory = format!(
        r#"(module {IMPORTS} (func (export "_start") i32.const 0 i32.const 0 call $args_get drop))"#
    );
    let mut case = calling(case_of(&[("main", &no_memory)]), "_start", &[]);
    case.host.wasi = Some(World::default());
    for report in agrees(&case) {
        let started = report.commands.last().unwrap();
        assert_eq!(
            started.outcome.as_deref(),
            Some("host function failed (host call 0)")
        );
    }
    let in_start = format!(
        r#"(module {IMPORTS} (memory (export "memory") 1)
             (data (i32.const 0) "\10\00\00\00\02\00\00\00") (data (i32.const 16) "ab")
             (start $start)
             (func $start
               (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 96)))
               (call $exit (i32.const 4))))"#
    );
    let mut case = case_of(&[("main", &in_start)]);
    case.host.wasi = Some(World::default());
    for subject in linked() {
        let report = run_case_on(subject, &case).unwrap();
        assert!(report.divergences.is_empty(), "{report:#?}");
        assert_eq!(printed(&report).stdout.text, "ab");
        assert_eq!(printed(&report).exit_code, Some(4));
    }
}

#[test]
fn what_is_expected_and_does_not_come_is_not_met_and_no_divergence() {
    let right = copying();
    for (at, check) in [
        (0, Check::Stdout(b"hello?".to_vec())),
        (1, Check::Stderr(Vec::new())),
        (2, Check::Exit(0)),
        (3, memory(120, &[1])),
        (3, memory(65535, &[0, 0])),
    ] {
        let mut wrong = right.clone();
        wrong.checks[at] = check;
        let report = run_case_on(linked()[0], &wrong).unwrap();
        assert!(report.divergences.is_empty());
        assert_eq!(report.judgement(), Judgement::NotMet);
        let failed =
            report.count(|status| matches!(status, Status::Failed(why) if why.contains("not met")));
        assert_eq!(failed, 1, "{report:#?}");
    }
}

#[test]
fn what_is_expected_of_a_program_that_a_limit_cut_is_open() {
    let mut case = copying();
    case.max_events = 20;
    let report = run_case_on(linked()[0], &case).unwrap();
    assert_eq!(report.judgement(), Judgement::Inconclusive, "{report:#?}");
    assert_eq!(
        report.count(|status| matches!(status, Status::NotRun(_))),
        4
    );
}

/// What the host writes reaches the subject with one bit changed.
struct Lies;

impl Tamper for Lies {
    fn host_write(&mut self, _: u64, bytes: &mut Vec<u8>) {
        if let Some(byte) = bytes.first_mut() {
            *byte ^= 1;
        }
    }
}

#[test]
fn a_lie_about_what_the_host_wrote_is_seen() {
    let code = "(drop (call $random (i32.const 512) (i32.const 8)))";
    let case = program(code, World::default());
    for subject in linked() {
        let mut options = case.options();
        options.settings.subject = subject;
        let report = run_with(&case.script(), &options, Lies, None).unwrap();
        let [found] = &report.divergences[..] else {
            panic!("{report:#?}");
        };
        assert_eq!(found.rule, RuleId::Memory);
        assert_eq!(found.execution, Execution::Instrumented);
        assert!(found.expected.contains("byte 0x200"), "{found:#?}");
    }
}

#[test]
fn a_host_function_writes_and_returns_call_by_call() {
    let text = r#"(module
        (import "env" "read" (func $read (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "go") (result i32) (local $sum i32) (local $n i32)
          (loop $again
            (local.set $n (call $read (i32.add (i32.const 100) (local.get $sum)) (i32.const 64)))
            (local.set $sum (i32.add (local.get $sum) (local.get $n)))
            (br_if $again (local.get $n)))
          (local.get $sum)))"#;
    let mut case = calling(case_of(&[("main", text)]), "go", &[]);
    let part = |text: &str| StubCall {
        writes: vec![MemoryWrite {
            memory: "memory".to_owned(),
            at: WriteAt::Argument(0),
            bytes: text.as_bytes().to_vec(),
        }],
        returns: Some(vec![Arg::I32(text.len() as u32)]),
    };
    let calls = vec![part("hello, "), part("world"), part("")];
    case.host
        .functions
        .insert("env.read".to_owned(), Stub::Calls(calls));
    let content = Content::Sha256 {
        length: 12,
        // Of `hello, world`, as `sha256sum` prints it.
        digest: *b"\x09\xca\x7e\x4e\xaa\x6e\x8a\xe9\xc7\xd2\x61\x16\x71\x29\x18\x48\x83\x64\x4d\x07\xdf\xba\x7c\xbf\xbc\x4c\x8a\x2e\x08\x36\x0d\x5b",
    };
    case.checks.push(Check::Memory {
        module: None,
        memory: "memory".to_owned(),
        offset: 100,
        content,
    });
    for report in agrees(&case) {
        let mut outcomes = report
            .commands
            .iter()
            .filter_map(|command| command.outcome.as_deref());
        assert_eq!(outcomes.next_back(), Some("returned (i32:12)"));
    }
}
