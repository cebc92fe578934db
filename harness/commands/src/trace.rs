//! `lockstep trace`: both sides at every event, for a person or a program.

use super::check::Calls;
use super::output::Output;
use super::{DIVERGED, Format, OK, OwnFault, RunSettings, quoted};
use anyhow::bail;
use clap::Args;
use lockstep_core::case::{self, CaseReport, Status};
use lockstep_core::check::{self, UserModule};
use lockstep_core::report::trace::{Disassembly, TraceFormat, TraceWriter};
use lockstep_core::report::{divergence, json};
use lockstep_core::subject::Settings;
use lockstep_core::version::Version;
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;

/// Shows both sides at every event
///
/// Each matched event of the instrumented execution is printed when it happens: its number, the
/// PC and opcode, function and instance, and the innermost frame's locals and operands, the
/// oracle's beside the subject's. `=` marks equal values, `!` different ones, `?` one that cannot
/// be read on this version.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  lockstep trace m.wat --invoke 'fac(i64:3)'
  lockstep trace m.wat --invoke 'fac(i64:3)' --stack          every frame
  lockstep trace m.wat --invoke 'fac(i64:3)' --format json | jq .frames[0].opcode")]
pub(super) struct Options {
    /// A module, binary or text
    file: PathBuf,
    #[command(flatten)]
    calls: Calls,
    /// Show every frame of the stack, not only the innermost
    #[arg(long)]
    stack: bool,
    #[command(flatten)]
    settings: RunSettings,
}

pub(super) fn run(options: &Options, subject: Version, format: Format) -> anyhow::Result<u8> {
    if options.calls.invoke.is_empty() {
        bail!("nothing to trace: name a call with --invoke 'name(arguments)'");
    }
    let user = UserModule::read(&options.file)?;
    let settings = options
        .settings
        .settings(subject, Settings::default().max_events);
    let plan = check::plan(&user, &options.calls.wishes(settings))?;
    let frames = if options.stack { usize::MAX } else { 1 };
    let written = match format {
        Format::Text => TraceFormat::Text,
        Format::Json => TraceFormat::Json,
    };
    let writer = TraceWriter::new(Output::new(), written, Disassembly::of(&user.bytes), frames);
    let report = case::run_instrumented(&plan.script, &plan.options, Some(Box::new(writer)))
        .map_err(OwnFault::from)?;
    let ended = match format {
        Format::Text => text_end(&report, &user.name),
        Format::Json => json_end(&report),
    };
    ended.map_err(OwnFault::from)?;
    let failed = report.count(|status| matches!(status, Status::Failed(_))) > 0;
    Ok(if failed || !report.divergences.is_empty() {
        DIVERGED
    } else {
        OK
    })
}

/// How each command ended, and what diverged.
fn text_end(report: &CaseReport, file: &str) -> std::io::Result<()> {
    let mut out = Output::new();
    for command in report.commands.iter().skip(1) {
        let ended = command.outcome.as_deref().unwrap_or("not executed");
        writeln!(out, "== {} {ended}", command.text)?;
    }
    for found in &report.divergences {
        let replay = format!("lockstep check {}", quoted(file));
        writeln!(out, "\n{}", divergence::text(file, found, &replay))?;
    }
    out.flush()
}

#[derive(Serialize)]
struct Ended<'a> {
    schema: &'static str,
    command: &'a str,
    outcome: Option<&'a str>,
}

fn json_end(report: &CaseReport) -> std::io::Result<()> {
    let mut out = Output::new();
    for command in report.commands.iter().skip(1) {
        let outcome = command.outcome.as_deref();
        let ended = Ended {
            schema: "lockstep.trace-end/1",
            command: &command.text,
            outcome,
        };
        json::line(&mut out, &ended)?;
    }
    out.flush()
}
