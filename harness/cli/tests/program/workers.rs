//! A subject that ends its process, or a campaign whose surroundings fail: one case is lost, it is
//! said, and the rest goes on. The subjects' faults are those of `lockstep_core::campaign::faults`.

#![cfg(target_os = "linux")]

use lockstep_core::campaign::faults;
use lockstep_core::campaign::limits::cpu_time;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;

/// Cases of a test's campaign. Few events each, so that only the faulty ones meet a limit. The third is the faulty
/// one: its program must end by itself, or a subject without an end is no finding.
const CASES: usize = 5;
const ARGS: &[&str] = &[
    "run",
    "--cases",
    "5",
    "--seed",
    "0x8",
    "--max-events",
    "20000",
    "--frames",
    "innermost",
    "--format",
    "json",
];

fn campaign(faults: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command.args(ARGS).args(args);
    command.env(faults::VARIABLE, faults);
    command
}

fn objects(stdout: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(stdout).unwrap().lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn of_schema<'v>(objects: &'v [Value], schema: &str) -> Vec<&'v Value> {
    let schema = format!("lockstep.{schema}/1");
    let all = objects.iter();
    all.filter(|object| object["schema"] == schema).collect()
}

/// Every case is reported in order, the case with the fault diverges from the rule, and a saved case
/// is there. What was observed, and the case's object.
fn costs_one_case(output: &Output, saved: &Path, number: usize, rule: &str) -> (String, Value) {
    assert_eq!(output.status.code(), Some(1));
    let objects = objects(&output.stdout);
    let cases = of_schema(&objects, "case");
    assert_eq!(cases.len(), CASES);
    for (number, case) in cases.iter().enumerate() {
        let name = case["case"].as_str().unwrap();
        assert!(name.ends_with(&format!("/0x8/{number}")), "{name}");
    }
    let divergences = of_schema(&objects, "divergence");
    let found: Vec<_> = divergences.iter().filter(|d| d["rule"] == rule).collect();
    assert_eq!(found.len(), 1, "{divergences:?}");
    assert_eq!(found[0]["case"], cases[number]["case"]);
    let replay = found[0]["replay"].as_str().unwrap();
    let expected = format!("lockstep run --seed 0x8 --case {number} ");
    assert!(replay.starts_with(&expected), "{replay}");
    let name = cases[number]["case"].as_str().unwrap().replace('/', "-");
    assert!(saved.join(format!("{name}.toml")).is_file());
    let observed = found[0]["observed"].as_str().unwrap().to_owned();
    (observed, cases[number].clone())
}

fn run(fault: &str, rule: &str, args: &[&str]) -> (String, Value) {
    let directory = TempDir::new().unwrap();
    let output = campaign(&format!("2={fault}"), args)
        .arg("--save")
        .arg(directory.path())
        .output()
        .unwrap();
    costs_one_case(&output, directory.path(), 2, rule)
}

#[test]
fn subject_segfaults() {
    let (observed, _) = run("segfault", "RESULT-NO-CRASH", &[]);
    assert!(observed.contains("SIGSEGV"), "{observed}");
}

#[test]
fn subject_aborts() {
    let (observed, _) = run("abort", "RESULT-NO-CRASH", &[]);
    assert!(observed.contains("SIGABRT"), "{observed}");
}

#[test]
fn subject_exits() {
    let (observed, _) = run("exit", "RESULT-NO-CRASH", &[]);
    assert!(observed.contains("exited with code 3"), "{observed}");
}

#[test]
fn subject_hangs() {
    let (observed, case) = run("spin", "RESULT-ENDS", &["--cpu-limit", "3"]);
    assert_eq!(observed, "no event and no end in 3s of CPU time");
    assert_eq!(case["limit"], "cpu-time");
}

/// Given a program that has no end and no event, the reference interpreter has none either: what both did
/// until it was given up is compared, as where a limit of events ends a case.
#[test]
fn a_program_without_an_end_is_inconclusive() {
    let wat = r#"(module (func (export "run") (loop (br 0))))"#;
    let (output, case) = replayed(wat);
    assert_eq!(output.status.code(), Some(0));
    let totals = totals(&output);
    assert_eq!(totals["sequence_points"], 1 << 24);
    assert_eq!(
        (&totals["cases"], &totals["inconclusive"]),
        (&1.into(), &1.into())
    );
    assert_eq!(
        (&case["verdict"], &case["limit"]),
        (&"inconclusive".into(), &"cpu-time".into())
    );
    let reason = case["undecided"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("nor does it in the reference interpreter"),
        "{reason}"
    );
}

/// Given a wait that nothing ends, and no event before it at which it could be seen.
#[test]
fn a_wait_without_an_end_is_inconclusive() {
    let wat = r#"(module (memory 1 1 shared) (func (export "run") (result i32)
        (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))"#;
    let (output, case) = replayed(wat);
    assert_eq!(output.status.code(), Some(0));
    assert!(totals(&output)["sequence_points"].as_u64().unwrap() > 0);
    assert_eq!(
        (&case["verdict"], &case["limit"]),
        (&"inconclusive".into(), &"wall-clock".into())
    );
    let reason = case["undecided"][0]["reason"].as_str().unwrap();
    assert!(reason.ends_with("the program waits for ever"), "{reason}");
}

/// The totals of a run.
fn totals(output: &Output) -> Value {
    of_schema(&objects(&output.stdout), "totals")[0].clone()
}

/// Replays a case that calls the module's `run`, without events, under a short limit; its object.
fn replayed(wat: &str) -> (Output, Value) {
    let text = format!("session = []\n[[module]]\nwat = '''{wat}'''\n[[step]]\ncall = \"run\"\n");
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("case.toml");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command.args(["replay", "--format", "json", "--cpu-limit", "1"]);
    let output = command.arg(&file).output().unwrap();
    let objects = objects(&output.stdout);
    assert!(of_schema(&objects, "divergence").is_empty(), "{objects:#?}");
    let case = of_schema(&objects, "case")[0].clone();
    (output, case)
}

#[test]
fn subject_waits_for_ever() {
    let (observed, case) = run("wait", "RESULT-ENDS", &["--cpu-limit", "3"]);
    assert!(observed.contains("wall-clock"), "{observed}");
    assert_eq!(case["limit"], "wall-clock");
}

#[test]
fn subject_takes_memory() {
    let limit = ["--memory-limit", "600"];
    let (observed, case) = run("swell", "RESULT-MEMORY-LIMIT", &limit);
    assert_eq!(observed, "more than 600 MiB of memory resident");
    assert_eq!(case["limit"], "memory");
}

#[test]
fn a_panic_of_the_harness_itself_is_no_divergence() {
    let output = campaign("2=panic", &[]).output().unwrap();
    let objects = objects(&output.stdout);
    let errors = of_schema(&objects, "internal-error");
    assert_eq!(errors.len(), 1);
    assert!(
        errors[0]["message"]
            .as_str()
            .unwrap()
            .starts_with("a panic of a test")
    );
    assert_eq!(of_schema(&objects, "case").len(), CASES - 1);
}

/// The processes that a process has started.
fn children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task");
    let Ok(tasks) = std::fs::read_dir(path) else {
        return Vec::new();
    };
    let texts =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
    texts
        .flat_map(|text| {
            let pids = text.split_whitespace().map(|pid| pid.parse().unwrap());
            pids.collect::<Vec<u32>>()
        })
        .collect()
}

/// Starts a campaign whose second case waits for ever, and returns when it does: the campaign, the
/// rest of its output, and the worker.
fn waiting() -> (Child, impl Read, u32) {
    let mut child = campaign("1=wait", &["--jobs", "1"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    output.read_line(&mut first).unwrap();
    assert!(first.contains("/0x8/0\""), "{first}");
    let worker = idle_worker(child.id());
    (child, output, worker)
}

/// The worker of a campaign, once it uses next to no CPU time any more: what samples its phases goes on.
fn idle_worker(campaign: u32) -> u32 {
    const NEXT_TO_NOTHING: Duration = Duration::from_millis(150);
    let mut used: Option<Duration> = None;
    loop {
        let workers = children(campaign);
        let now = workers.first().and_then(|worker| cpu_time(*worker));
        if let (Some(now), Some(used)) = (now, used)
            && now.saturating_sub(used) < NEXT_TO_NOTHING
        {
            return workers[0];
        }
        used = now;
        sleep(Duration::from_millis(700));
    }
}

fn kill(pid: u32) {
    kill_process(Pid::from_raw(pid as i32).unwrap(), Signal::KILL).unwrap();
}

/// What a worker dies of from outside says nothing of the subject: exit code 3, and no rule.
#[test]
fn a_worker_that_is_killed_twice_from_outside_is_the_machines() {
    for fault in ["kill", "terminate"] {
        let output = campaign(&format!("2={fault}"), &[]).output().unwrap();
        is_the_machines(&output, 1);
    }
}

fn is_the_machines(output: &Output, of_machine: usize) {
    let objects = objects(&output.stdout);
    assert!(of_schema(&objects, "divergence").is_empty());
    let unfinished = of_schema(&objects, "machine");
    assert_eq!(unfinished.len(), of_machine, "{objects:#?}");
    assert_eq!(of_schema(&objects, "case").len(), CASES - of_machine);
    assert_eq!(of_schema(&objects, "totals")[0]["of_machine"], of_machine);
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_worker_that_is_killed_once_from_outside_costs_nothing() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("once");
    std::fs::write(&file, "").unwrap();
    let fault = format!("2=kill-once:{}", file.display());
    let output = campaign(&fault, &[]).output().unwrap();
    assert!(!file.exists());
    assert_eq!(output.status.code(), Some(0));
    let objects = objects(&output.stdout);
    assert_eq!(of_schema(&objects, "case").len(), CASES);
}

/// Given a worker killed while its case waits, the case is begun again in another; killed there too, it
/// is the machine's, and the rest goes on.
#[test]
fn a_case_is_tried_once_more_in_a_fresh_worker() {
    let (mut child, mut output, worker) = waiting();
    kill(worker);
    while lives(worker) {
        sleep(Duration::from_millis(20));
    }
    let second = idle_worker(child.id());
    assert_ne!(second, worker);
    kill(second);
    let mut rest = Vec::new();
    output.read_to_end(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let objects = objects(&rest);
    assert_eq!(of_schema(&objects, "case").len(), CASES - 2);
    let unfinished = of_schema(&objects, "machine");
    let message = unfinished[0]["message"].as_str().unwrap();
    assert!(message.contains("SIGKILL"), "{message}");
    assert!(unfinished[0]["case"].as_str().unwrap().ends_with("/0x8/1"));
}

/// Runs the program under a limit of address space, in KiB: the engine's reservations are refused.
#[test]
fn refused_address_space_is_the_machines() {
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 3000000; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_lockstep"))
        .args(ARGS)
        .args([
            "--config",
            "memory-reservation=default",
            "--config",
            "allocation=on-demand",
        ])
        .output()
        .unwrap();
    let objects = objects(&output.stdout);
    assert!(of_schema(&objects, "divergence").is_empty(), "{objects:#?}");
    assert!(!of_schema(&objects, "machine").is_empty(), "{objects:#?}");
    assert_eq!(output.status.code(), Some(3));
}

/// Whether a process is there and has not ended.
fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn workers_end_with_a_campaign_that_is_killed() {
    let (mut child, mut output, worker) = waiting();
    assert!(lives(worker));
    child.kill().unwrap();
    child.wait().unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert!(rest.is_empty() || rest.ends_with('\n'), "{rest}");
    while lives(worker) {
        sleep(Duration::from_millis(20));
    }
}

/// A finding that cannot be saved where it should be is said to be so, and the campaign goes on.
fn is_not_saved(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("is not saved: cannot write "), "{stderr}");
    let objects = objects(&output.stdout);
    let divergences = of_schema(&objects, "divergence");
    assert!(divergences.iter().any(|d| d["rule"] == "RESULT-NO-CRASH"));
    assert_eq!(of_schema(&objects, "totals").len(), 1);
    stderr
}

#[test]
fn a_finding_that_a_full_disk_does_not_take_is_printed() {
    let directory = TempDir::new().unwrap();
    let campaign = campaign("0=abort", &["--save"]);
    // A file size limit of nothing: every write to a file fails.
    let output = Command::new("sh")
        .args(["-c", "ulimit -f 0; exec \"$0\" \"$@\""])
        .arg(campaign.get_program())
        .args(campaign.get_args())
        .arg(directory.path())
        .env(faults::VARIABLE, "0=abort")
        .env("TMPDIR", directory.path())
        .output()
        .unwrap();
    let stderr = is_not_saved(&output);
    assert_eq!(stderr.matches("is not saved: ").count(), 2, "{stderr}");
    assert!(stderr.contains("[[module]]"), "{stderr}");
}

#[test]
fn a_finding_whose_directory_cannot_be_made_is_saved_elsewhere() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let output = campaign("0=abort", &["--save"])
        .arg(file.join("findings"))
        .env("TMPDIR", directory.path())
        .output()
        .unwrap();
    let stderr = is_not_saved(&output);
    assert!(stderr.contains("saved: lockstep replay "), "{stderr}");
    let elsewhere = std::fs::read_dir(directory.path().join("lockstep-findings"));
    assert!(elsewhere.unwrap().count() > 1);
}

#[test]
fn a_corrupt_case_file_is_named_and_the_others_are_judged() {
    let directory = TempDir::new().unwrap();
    let good = "[[module]]\nwat = '(module (func (export \"f\")))'\n\n[[step]]\ncall = \"f\"\n";
    for (name, text) in [("a", good), ("b", "[[module]\n"), ("c", good)] {
        std::fs::write(directory.path().join(format!("{name}.toml")), text).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(["replay", "--format", "json"])
        .arg(directory.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("b.toml:1: "), "{stderr}");
    let objects = objects(&output.stdout);
    let cases = of_schema(&objects, "case");
    let verdicts: Vec<_> = cases.iter().map(|case| &case["verdict"]).collect();
    assert_eq!(verdicts, ["ok", "ok"], "{stderr}");
    assert_eq!(of_schema(&objects, "totals").len(), 1);
}

/// A case that dares `V128-SLOT` with a vector that lies where this signature puts it.
fn daring(signature: &str, args: &str, configuration: &str) -> String {
    format!(
        "dare = \"V128-SLOT\"\n{configuration}\n[[module]]\n\
         wat = '(module (func (export \"f\") (param {signature})))'\n\n\
         [[step]]\ncall = \"f\"\nargs = [{args}]\n"
    )
}

/// Replays it: the exit code, the case, and what the totals say was dared.
fn dared(text: &str) -> (Option<i32>, Value, Value) {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("case.toml");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command.args(["replay", "--format", "json"]);
    let output = command.arg(&file).output().unwrap();
    let objects = objects(&output.stdout);
    assert!(of_schema(&objects, "divergence").is_empty(), "{objects:#?}");
    let case = of_schema(&objects, "case")[0].clone();
    let totals = of_schema(&objects, "totals")[0]["dared"].clone();
    (output.status.code(), case, totals)
}

const VECTOR: &str = "\"v128:0x00000000000000020000000000000001\"";

/// Given a vector that is not aligned, the worker dies of the read: that is no divergence.
#[test]
fn a_dare_that_ends_the_worker_is_confirmed() {
    let (code, case, totals) = dared(&daring("v128", VECTOR, ""));
    assert_eq!(code, Some(0));
    assert_eq!(case["verdict"], "dared");
    let cause = serde_json::json!({ "cause": "V128-SLOT", "result": "confirmed" });
    assert_eq!(case["dared"], cause);
    // What was compared at the event before the read stays.
    assert_eq!(case["sequence_points"], 1);
    let counts = serde_json::json!({
        "V128-SLOT": { "dared": 1, "confirmed": 1, "compared": 0, "gone": false }
    });
    assert_eq!(totals, counts);
}

/// Given a vector that is aligned, and is forbidden all the same since calls are inlined: the read is
/// compared, and the case's expectation is not met; a single dare does not tell whether the cause is gone.
#[test]
fn a_dare_that_is_not_confirmed_fails_its_case() {
    let inlined = "[configuration]\ninlining = \"on\"\n";
    let text = daring("i64 v128", &format!("\"i64:0\", {VECTOR}"), inlined);
    let (code, case, totals) = dared(&text);
    assert_eq!(code, Some(1));
    assert_eq!(case["dared"]["result"], "compared");
    let reason = case["failed"][0]["reason"].as_str().unwrap();
    assert_eq!(reason, "the cause V128-SLOT is dared and not confirmed");
    let counts = serde_json::json!({
        "V128-SLOT": { "dared": 1, "confirmed": 0, "compared": 1, "gone": false }
    });
    assert_eq!(totals, counts);
}

/// Every case of a campaign dares something if it is told to and meets something: each is counted, and
/// none is a divergence, whether its worker lives or not.
#[test]
fn a_daring_campaign_has_no_divergence() {
    let output = campaign("none", &["--dare", "--jobs", "2"])
        .output()
        .unwrap();
    let objects = objects(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{objects:#?}");
    let cases = of_schema(&objects, "case");
    assert_eq!(cases.len(), CASES);
    let daring = cases
        .iter()
        .filter(|case| case["verdict"] == "dared")
        .count();
    let totals = of_schema(&objects, "totals")[0]["dared"].as_object();
    let counted = totals.map_or(0, |all| {
        let each = all.values().map(|dares| dares["dared"].as_u64().unwrap());
        each.sum()
    });
    assert_eq!(counted, daring as u64);
    assert_ne!(daring, 0);
}
