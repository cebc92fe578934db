//! Holds the interpreter against the official WebAssembly 2.0 suite: every assertion is executed or
//! listed as skipped with its reason, and the counts are always printed. It never tolerates a
//! failure.

mod args;
mod report;
mod runner;

use lockstep_spec_tests::{KNOWN_INCONSISTENT, Selection};
use report::{Outcome, Report};
use runner::Runner;
use std::process::ExitCode;

fn main() -> ExitCode {
    if !args::wanted("official_suite") {
        return ExitCode::SUCCESS;
    }
    let mut report = Report::default();
    for file in Selection::Wasm2.scripts() {
        match file.parse() {
            Ok(script) => run(&script, &mut report),
            Err(e) => report.broken_script(&file.name, &e.to_string()),
        }
    }
    report.print();
    if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run(script: &lockstep_spec_tests::Script, report: &mut Report) {
    let mut runner = Runner::new(script.features);
    for command in &script.commands {
        let known = KNOWN_INCONSISTENT
            .iter()
            .find(|known| known.script == script.name && known.line == command.line);
        let outcome = match known {
            Some(known) => Outcome::Skipped(known.reason.to_owned()),
            None => runner.run(&command.kind),
        };
        report.add(&script.name, command.line, &command.kind, outcome);
    }
}
