//! `lockstep trace`: both sides at every event, for a person or a program.

use super::campaign::{self, Campaign, Turn};
use super::check::Calls;
use super::input::Input;
use super::output::{About, Output};
use super::subjects::Subjects;
use super::{Format, OwnFault};
use anyhow::bail;
use clap::Args;
use lockstep_core::campaign::pool::Ran;
use lockstep_core::campaign::process::Process;
use lockstep_core::campaign::protocol::{self, What};
use lockstep_core::case::CaseReport;
use lockstep_core::check::program::is_command;
use lockstep_core::report::shown::{Shown, say};
use lockstep_core::report::{Finished, Reporter, divergence, json, text};
use lockstep_core::totals::Totals;
use serde::Serialize;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

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
    /// A module, binary or text; `-` is standard input
    file: PathBuf,
    #[command(flatten)]
    calls: Calls,
    /// Show every frame of the stack, not only the innermost
    #[arg(long)]
    stack: bool,
    #[command(flatten)]
    campaign: campaign::Options,
}

pub(super) fn run(options: &Options, subjects: &Subjects, format: Format) -> anyhow::Result<u8> {
    let input = Input::read(&options.file)?;
    if options.calls.invoke.is_empty() && !is_command(&input.module) {
        bail!("nothing to trace: name a call with --invoke 'name(arguments)'");
    }
    options.calls.plan(&input.module)?;
    campaign::on_each(subjects, |turn| run_on(options, &input, format, turn))
}

fn run_on(options: &Options, input: &Input, format: Format, turn: Turn<'_>) -> anyhow::Result<u8> {
    let subject = turn.subject;
    let trace = protocol::Trace {
        json: format == Format::Json,
        stack: options.stack,
    };
    let what = What::Calls(Box::new(options.calls.request(input, Some(trace))));
    let replay = options.calls.replay(input, &options.campaign, subject);
    let campaign = Campaign {
        plan: campaign::Plan {
            named: vec![what.clone()],
            wishes: options.campaign.wishes(subject.version, options.calls.seed),
            ..campaign::Plan::default()
        },
        subject,
        several: turn.several,
        options: &options.campaign,
        format,
        about: About::Trace,
        choice: None,
        save: None,
        replay: &|_| replay.clone(),
    };
    let mut session = campaign.begin()?;
    let begun = Instant::now();
    let mut worker = Process::start(&subject.launch()).map_err(OwnFault::Start)?;
    let mut out = Output::new();
    let mut shown = Ok(());
    let asked = worker.ask_showing(
        &campaign.plan.request(&what),
        &campaign.pool().limits,
        turn.interrupt,
        &mut |text| {
            if shown.is_ok() {
                shown = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            }
        },
    );
    shown.map_err(OwnFault::from)?;
    session.deliver(Ran {
        job: what,
        asked,
        elapsed: begun.elapsed(),
    })?;
    session.end(turn.interrupt)
}

/// Reports how the traced calls ended: what was shown before is the rest of the report.
#[derive(Debug)]
pub(super) struct TraceReporter(pub(super) Format);

impl Reporter for TraceReporter {
    fn case(&mut self, finished: &Finished) -> io::Result<()> {
        match &finished.result {
            Ok(report) if self.0 == Format::Text => text_end(report, finished),
            Ok(report) => json_end(report, finished),
            Err(unfinished) => {
                let (name, why) = (&finished.name, unfinished.to_string());
                say(&format!("lockstep: {}: {}", Shown(name), Shown(&why)));
                Ok(())
            }
        }
    }

    fn end(&mut self, _: &Totals) -> io::Result<()> {
        Ok(())
    }
}

/// How each command ended, and what diverged.
fn text_end(report: &CaseReport, finished: &Finished) -> io::Result<()> {
    let mut out = Output::new();
    for command in report.commands.iter().skip(1) {
        let ended = command.outcome.as_deref().unwrap_or("not executed");
        writeln!(out, "== {} {}", Shown(&command.text), Shown(ended))?;
    }
    if let Some(printed) = &report.printed {
        text::printed(&mut out, printed)?;
    }
    for found in &report.divergences {
        let text = divergence::text(&finished.name, found, &report.repeat, &finished.replay);
        writeln!(out, "\n{text}")?;
    }
    out.flush()
}

#[derive(Serialize)]
struct Ended<'a> {
    schema: &'static str,
    command: &'a str,
    outcome: Option<&'a str>,
}

fn json_end(report: &CaseReport, finished: &Finished) -> io::Result<()> {
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
    json::printed(&mut out, finished, report)?;
    for found in &report.divergences {
        json::diverged(&mut out, finished, found)?;
    }
    out.flush()
}
