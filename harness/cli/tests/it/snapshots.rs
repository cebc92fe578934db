//! What a person reads, as snapshots: a checked module, a divergence, the tables.
//!
//! `INSTA_UPDATE=always cargo test -p lockstep --test it snapshots` writes them anew.

use lockstep::case::{self, CaseReport};
use lockstep::check::{self, Plan, UserModule, Wishes};
use lockstep::divergence::Moment;
use lockstep::fault::{Delivery, Tamper};
use lockstep::report::json::JsonReporter;
use lockstep::report::text::TextReporter;
use lockstep::report::trace::{TraceFormat, TraceWriter};
use lockstep::report::{Finished, Reporter, contract};
use lockstep::seen::Seen;
use lockstep::snapshot::Snapshot;
use lockstep::totals::{Host, Measured, Totals};
use lockstep::version::Version;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SUM: &str = r#"(module
    (import "env" "log" (func $log (param i32)))
    (memory (export "memory") 1)
    (func $helper (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func $sum (export "sum") (param $n i32) (result i32)
        (local $total i32)
        (loop $again
            (local.set $total (i32.add (local.get $total) (call $helper (local.get $n))))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br_if $again (local.get $n)))
        (call $log (local.get $total))
        (local.get $total)))"#;

fn planned(invoke: &[&str]) -> (UserModule, Plan) {
    let user = UserModule::new("sum.wat".to_owned(), SUM.as_bytes().to_vec()).unwrap();
    let wishes = Wishes {
        invoke: invoke.iter().map(|text| (*text).to_owned()).collect(),
        ..Wishes::default()
    };
    let plan = check::plan(&user, &wishes).unwrap();
    (user, plan)
}

/// A case that took no time, on no particular machine.
fn reported(mut reporter: impl Reporter, report: CaseReport) {
    let mut totals = Totals::default();
    totals.add(&report);
    totals.measured = Measured {
        elapsed_seconds: 0.0,
        peak_rss_bytes: Some(1 << 20),
        cpu: None,
        host: Host {
            os: "an-os".into(),
            arch: "an-arch".into(),
            cpus: 1,
        },
    };
    let finished = Finished {
        name: "sum.wat".to_owned(),
        subject: Version::default(),
        result: Ok(report),
        elapsed: Duration::ZERO,
        replay: "lockstep check sum.wat --invoke 'sum(i32:2)'".to_owned(),
        limit: None,
    };
    reporter.case(&finished).unwrap();
    reporter.end(&totals).unwrap();
}

fn text_of(report: CaseReport) -> String {
    let mut text = Vec::new();
    reported(TextReporter::of_invocations(&mut text, false), report);
    String::from_utf8(text).unwrap()
}

#[test]
fn a_checked_module() {
    let (_, plan) = planned(&["sum(i32:2)", "sum(i32:3)"]);
    let report = case::run(&plan.script, &plan.options).unwrap();
    insta::assert_snapshot!(text_of(report));
}

/// Shows the last local of the innermost frame wrong at one event.
struct LastLocalWrong {
    events: u64,
}

impl Tamper for LastLocalWrong {
    fn event(&mut self, moment: Moment, stack: &mut Snapshot) -> Delivery {
        self.events += 1;
        if moment == Moment::Breakpoint
            && self.events == 8
            && let Some(Some(Seen::I32(value))) = stack.frames[0].locals.last_mut()
        {
            *value += 1;
        }
        Delivery::Once
    }
}

fn diverged() -> CaseReport {
    let (_, plan) = planned(&["sum(i32:2)"]);
    case::run_with(
        &plan.script,
        &plan.options,
        LastLocalWrong { events: 0 },
        None,
    )
    .unwrap()
}

#[test]
fn a_divergence() {
    insta::assert_snapshot!(text_of(diverged()));
}

#[test]
fn a_divergence_as_json() {
    let mut json = Vec::new();
    reported(JsonReporter::of_invocations(&mut json, false), diverged());
    let pretty: Vec<String> = String::from_utf8(json)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|object| serde_json::to_string_pretty(&object).unwrap())
        .collect();
    insta::assert_snapshot!(pretty.join("\n"));
}

/// A writer whose content outlives the tracer.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_trace() {
    let (_, plan) = planned(&["sum(i32:1)"]);
    let written = Shared::default();
    let tracer = TraceWriter::new(written.clone(), TraceFormat::Text, usize::MAX);
    case::run_instrumented(&plan.script, &plan.options, Some(Box::new(tracer))).unwrap();
    let text = written.0.lock().unwrap().clone();
    insta::assert_snapshot!(String::from_utf8(text).unwrap());
}

/// Only the head: `contract.rs` holds the whole table.
#[test]
fn the_rules() {
    let table = contract::text(80);
    let head: Vec<&str> = table.lines().take(12).map(str::trim_end).collect();
    insta::assert_snapshot!(head.join("\n"));
}
