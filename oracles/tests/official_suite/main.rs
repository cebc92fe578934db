//! Holds the interpreter against the official WebAssembly suites: every assertion of every directory
//! is executed, with the features of its snapshot, or listed as skipped with its reason, and the
//! counts are always printed. It never tolerates a failure.
//!
//! `--dir DIR` runs the scripts of another directory instead, with all features of the oracle;
//! `--features-of NAME` with those of an official directory, for a snapshot as old as that.

mod args;
mod report;
mod runner;
mod spectest;
mod values;

use lockstep_oracles::WasmFeatures;
use lockstep_spec_tests::{
    KNOWN_INCONSISTENT, SUITES, Suite, find_scripts, parse_file, parse_script,
};
use report::{Outcome, Report};
use runner::Runner;
use std::process::ExitCode;

/// Directories that are left out, each with the reason.
const LEFT_OUT: [(&str, &str); 1] = [(
    "custom-descriptors",
    "the oracle does not implement custom descriptors, which are no part of WebAssembly 3.0",
)];

/// Everything that the oracle implements.
const ALL_FEATURES: WasmFeatures = WasmFeatures::WASM3
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES);

/// Traps that no official script raises.
const TRAPS: (&str, &str) = ("traps.wast", include_str!("traps.wast"));

fn main() -> ExitCode {
    let Some(args) = args::wanted("official_suite") else {
        return ExitCode::SUCCESS;
    };
    let mut report = Report::default();
    match args.dir {
        Some(dir) => directory(&dir, args.features_of.as_deref(), &mut report),
        None => official(&mut report),
    }
    report.print();
    if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn official(report: &mut Report) {
    for suite in &SUITES {
        if let Some((name, reason)) = LEFT_OUT.iter().find(|(name, _)| *name == suite.name) {
            println!("{name} is left out: {reason}");
            continue;
        }
        for file in suite.scripts() {
            match file.parse() {
                Ok(script) => run(&script, suite.name, report),
                Err(e) => report.broken_script(&file.name, &e.to_string()),
            }
        }
    }
    match parse_script(TRAPS.0, TRAPS.1, ALL_FEATURES) {
        Ok(script) => run(&script, "traps", report),
        Err(e) => report.broken_script(TRAPS.0, &e.to_string()),
    }
    report.check_traps();
}

fn directory(dir: &str, features_of: Option<&str>, report: &mut Report) {
    let features = match features_of.map(|name| (name, Suite::by_name(name))) {
        None => ALL_FEATURES,
        Some((_, Some(suite))) => suite.features,
        Some((name, None)) => return report.broken_script(name, "no official directory"),
    };
    let paths = match find_scripts(dir) {
        Ok(paths) => paths,
        Err(e) => return report.broken_script(dir, &e.to_string()),
    };
    for path in paths {
        match parse_file(&path, features) {
            Ok(script) => run(&script, dir, report),
            Err(e) => report.broken_script(&path.to_string_lossy(), &e.to_string()),
        }
    }
}

fn run(script: &lockstep_spec_tests::Script, directory: &str, report: &mut Report) {
    let mut runner = Runner::new(script.features);
    for command in &script.commands {
        let outcome = runner.run(&command.kind);
        let known = KNOWN_INCONSISTENT
            .iter()
            .find(|known| known.script == script.name && known.line == command.line);
        let outcome = match (known, outcome) {
            (Some(known), Outcome::Failed(_)) => Outcome::Skipped(known.reason.to_owned()),
            (Some(_), _) => Outcome::Failed("listed as inconsistent, but holds".to_owned()),
            (None, outcome) => outcome,
        };
        report.add(
            directory,
            &script.name,
            command.line,
            &command.kind,
            outcome,
        );
    }
    report.raised.extend(runner.raised);
}
