//! How a traced case ended: what was shown before is the rest of the report.

use crate::Format;
use crate::output::Output;
use lockstep_core::case::{CaseReport, CommandReport, Directive, Status};
use lockstep_core::lockstep::daring::DareResult;
use lockstep_core::report::shown::{Shown, say};
use lockstep_core::report::{Finished, Reporter, counted, divergence, json, text};
use lockstep_core::totals::Totals;
use serde::Serialize;
use std::io::{self, Write};

/// Reports how the traced commands ended.
#[derive(Debug)]
pub(crate) struct TraceReporter(pub(crate) Format);

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

/// The commands whose end is told: what only makes instances is, where it went wrong.
fn told(report: &CaseReport) -> impl Iterator<Item = &CommandReport> {
    let commands = report.commands.iter();
    commands.filter(|command| {
        let makes = matches!(
            command.kind,
            Directive::Module
                | Directive::ModuleDefinition
                | Directive::ModuleInstance
                | Directive::Register
        );
        !makes || command.status != Status::Passed
    })
}

/// How each command ended, and what diverged.
fn text_end(report: &CaseReport, finished: &Finished) -> io::Result<()> {
    let mut out = Output::new();
    for command in told(report) {
        let (status, why) = json::status(&command.status);
        let ended = match (&command.outcome, why) {
            (Some(outcome), None) => outcome.clone(),
            (None, None) if command.status == Status::Passed => "done".to_owned(),
            (None, None) => status.to_owned(),
            (Some(outcome), Some(why)) => format!("{outcome}; {}: {why}", word(status)),
            (None, Some(why)) => format!("{}: {why}", word(status)),
        };
        writeln!(out, "== {} {}", Shown(&command.text), Shown(&ended))?;
    }
    if let Some(why) = &report.refused {
        writeln!(out, "== refused: {}", Shown(why))?;
    }
    if let Some(dared) = report.dared {
        let came = match dared.result {
            DareResult::Confirmed => "confirmed",
            DareResult::Compared => "not confirmed: what was seen was compared",
        };
        writeln!(out, "== dared {}: {came}", dared.cause)?;
    }
    for (cause, count) in &report.known {
        let times = counted(*count, "time");
        writeln!(
            out,
            "== known cause {cause}: {times} (`lockstep causes {cause}`)"
        )?;
    }
    if let Some(printed) = &report.printed {
        text::printed(&mut out, printed)?;
    }
    for found in &report.divergences {
        let text = divergence::text(&finished.name, report, found, &finished.replay);
        writeln!(out, "\n{text}")?;
    }
    out.flush()
}

/// A status in words.
fn word(status: &'static str) -> &'static str {
    match status {
        "not_run" => "not run",
        "void" => "nothing to run",
        status => status,
    }
}

#[derive(Serialize)]
struct Ended<'a> {
    schema: &'static str,
    command: &'a str,
    outcome: Option<&'a str>,
    status: &'static str,
    reason: Option<&'a str>,
}

fn json_end(report: &CaseReport, finished: &Finished) -> io::Result<()> {
    let mut out = Output::new();
    for command in told(report) {
        let (status, reason) = json::status(&command.status);
        let ended = Ended {
            schema: "lockstep.trace-end/1",
            command: &command.text,
            outcome: command.outcome.as_deref(),
            status,
            reason,
        };
        json::line(&mut out, &ended)?;
    }
    json::printed(&mut out, finished, report)?;
    json::case(&mut out, finished, report)?;
    for found in &report.divergences {
        json::diverged(&mut out, finished, found)?;
    }
    out.flush()
}
