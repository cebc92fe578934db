//! Memory does not grow with the number of events.
#![cfg(target_os = "linux")]

use lockstep::case::{CaseOptions, Status, run};
use lockstep_oracles::WasmFeatures;
use lockstep_spec_tests::script::{Action, Arg, Command, CommandKind, ModuleSource, Script};
use std::process::Command as Process;

/// Events of a child's run; the test binary runs itself again with it.
const EVENTS: &str = "LOCKSTEP_MEMORY_TEST_EVENTS";
/// What precedes the child's answer.
const ANSWER: &str = "peak resident KiB: ";
/// How much more a run of a hundred times as many events may use.
const BAR_KIB: u64 = 16 * 1024;

/// A loop with references of both kinds in locals and on the operand stack: what reading them roots
/// must not be kept, nor anything else of an event.
const PROGRAM: &str = r#"
    (module
      (table 2 funcref)
      (memory 1)
      (elem (i32.const 0) $double)
      (type $unary (func (param i32) (result i32)))
      (func $double (type $unary) (i32.add (local.get 0) (local.get 0)))
      (func (export "run") (param $n i32) (param $x externref) (result i32)
        (local $f funcref) (local $sum i32)
        (loop $again
          (local.set $f (table.get (i32.const 0)))
          (table.set (i32.const 1) (local.get $f))
          (drop (local.get $x))
          (local.set $sum (i32.add (local.get $sum)
            (call_indirect (type $unary) (local.get $n) (i32.const 1))))
          (i32.store (i32.and (local.get $n) (i32.const 0xfffc)) (local.get $sum))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum)))
"#;
/// Events of one turn of its loop.
const EVENTS_A_TURN: u32 = 28;

fn script(turns: u32) -> Script {
    let bytes = wat::parse_str(PROGRAM).expect("the program is valid text");
    let module = CommandKind::Module {
        name: None,
        module: ModuleSource::Binary(bytes.into()),
    };
    let action = CommandKind::Action(Action::Invoke {
        instance: None,
        export: "run".to_owned(),
        args: vec![Arg::I32(turns), Arg::RefExtern(7)],
    });
    let commands = [module, action];
    Script {
        name: "memory".to_owned(),
        features: WasmFeatures::WASM2,
        commands: commands.map(|kind| Command { line: 1, kind }).into(),
    }
}

/// Runs the program in all three executions and prints what it took.
fn child(events: u64) {
    let turns = u32::try_from(events).expect("a number of events") / EVENTS_A_TURN + 1;
    let report =
        run(&script(turns), &CaseOptions::default()).expect("the engine accepts its settings");
    assert_eq!(
        report.count(|status| *status == Status::Passed),
        2,
        "{report:?}"
    );
    assert!(
        report.tally.sequence_points >= events,
        "{} events",
        report.tally.sequence_points
    );
    println!("{ANSWER}{}", peak_kib());
}

/// The largest resident size that this process had.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|line| line.trim().strip_suffix(" kB"));
    peak.and_then(|kib| kib.trim().parse().ok())
        .expect("`VmHWM:   123 kB`")
}

/// The peak of a process of its own.
fn peak_of(events: u64) -> u64 {
    let this = std::env::current_exe().expect("the test binary has a path");
    let output = Process::new(this)
        .args(["--exact", NAME, "--nocapture", "--include-ignored"])
        .env(EVENTS, events.to_string())
        .output()
        .expect("the test binary runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let answer = text
        .lines()
        .find_map(|line| Some(line.split_once(ANSWER)?.1));
    match answer.and_then(|kib| kib.trim().parse().ok()) {
        Some(kib) if output.status.success() => kib,
        _ => panic!(
            "{}: {text}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}

const NAME: &str = "ten_million_events_take_no_more_memory_than_a_hundred_thousand";

#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "ten million events take minutes without optimisation"
)]
fn ten_million_events_take_no_more_memory_than_a_hundred_thousand() {
    if let Ok(events) = std::env::var(EVENTS) {
        return child(events.parse().expect("set by this test"));
    }
    let (few, many) = (peak_of(100_000), peak_of(10_000_000));
    println!("peak resident size: {few} KiB after 100,000 events, {many} KiB after 10,000,000");
    assert!(
        many <= few + BAR_KIB,
        "{many} KiB, more than {few} + {BAR_KIB} KiB"
    );
}
