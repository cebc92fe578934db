//! JSON for programs: one object a line, each with its schema and version. See `harness/docs/json.md`.
//!
//! It holds no time and no path of the machine outside the totals' `measured`.

use super::findings::Findings;
use super::text::{Undecided, undecided};
use super::{Finished, Reporter, Unfinished, divergence};
use crate::case::{CaseReport, CommandReport, Directive, Judgement, Printed, Status};
use crate::causes::Cause;
use crate::divergence::{Divergence, StateRow};
use crate::lockstep::daring::Dared;
use crate::totals::{Assertions, Compared, Totals};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes one object as one line.
///
/// # Errors
///
/// When it cannot be written.
pub fn line(out: &mut impl Write, object: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, object)?;
    out.write_all(b"\n")
}

/// Writes a divergence as one line.
///
/// # Errors
///
/// When it cannot be written.
pub fn diverged(out: &mut impl Write, finished: &Finished, found: &Divergence) -> io::Result<()> {
    line(out, &Diverged::of(finished, found))
}

/// Writes what a program for WASI printed as one line, if the case is one.
///
/// # Errors
///
/// When it cannot be written.
pub fn printed(out: &mut impl Write, finished: &Finished, report: &CaseReport) -> io::Result<()> {
    let Some(printed) = &report.printed else {
        return Ok(());
    };
    let program = Program {
        schema: "lockstep.program/1",
        case: &finished.name,
        printed,
    };
    line(out, &program)
}

#[derive(Serialize)]
struct Program<'a> {
    schema: &'static str,
    case: &'a str,
    #[serde(flatten)]
    printed: &'a Printed,
}

/// Writes JSON lines.
#[derive(Debug)]
pub struct JsonReporter<W> {
    out: W,
    /// Whether every invocation gets an object.
    invocations: bool,
    /// Whether examples of known divergences are written.
    show_known: bool,
    /// Which of them.
    known: Findings,
    /// Which divergences are written.
    findings: Findings,
}

impl<W: Write> JsonReporter<W> {
    /// A reporter of scripts: an object each.
    pub fn of_scripts(out: W, show_known: bool) -> JsonReporter<W> {
        JsonReporter {
            out,
            invocations: false,
            show_known,
            known: Findings::default(),
            findings: Findings::default(),
        }
    }

    /// The same, with at most so many examples of each kind of divergence.
    pub fn at_most(mut self, most: Option<u64>) -> JsonReporter<W> {
        self.known = Findings::at_most(most);
        self.findings = Findings::at_most(most);
        self
    }

    /// A reporter of a user's module: an object an invocation, too.
    pub fn of_invocations(out: W, show_known: bool) -> JsonReporter<W> {
        JsonReporter {
            invocations: true,
            ..JsonReporter::of_scripts(out, show_known)
        }
    }

    fn report(&mut self, finished: &Finished, report: &CaseReport) -> io::Result<()> {
        if self.invocations {
            for command in &report.commands {
                line(&mut self.out, &Invocation::of(&finished.name, command))?;
            }
        }
        printed(&mut self.out, finished, report)?;
        line(&mut self.out, &Case::of(finished, report))?;
        for found in &report.divergences {
            if self.findings.admits(found) {
                line(&mut self.out, &Diverged::of(finished, found))?;
            }
        }
        for found in &report.known_examples {
            if self.show_known && self.known.admits(found) {
                line(&mut self.out, &Diverged::of(finished, found))?;
            }
        }
        Ok(())
    }
}

impl<W: Write> Reporter for JsonReporter<W> {
    fn case(&mut self, finished: &Finished) -> io::Result<()> {
        match &finished.result {
            Ok(report) => self.report(finished, report)?,
            Err(unfinished) => line(
                &mut self.out,
                &NoReport {
                    schema: match unfinished {
                        Unfinished::Internal(_) => "lockstep.internal-error/1",
                        Unfinished::Machine(_) => "lockstep.machine/1",
                    },
                    case: &finished.name,
                    message: unfinished.to_string(),
                },
            )?,
        }
        self.out.flush()
    }

    fn end(&mut self, totals: &Totals) -> io::Result<()> {
        line(&mut self.out, totals)?;
        self.out.flush()
    }
}

#[derive(Serialize)]
struct NoReport<'a> {
    schema: &'static str,
    case: &'a str,
    message: String,
}

#[derive(Serialize)]
struct Invocation<'a> {
    schema: &'static str,
    case: &'a str,
    kind: Directive,
    invocation: &'a str,
    status: &'static str,
    reason: Option<&'a str>,
    outcome: Option<&'a str>,
}

impl<'a> Invocation<'a> {
    fn of(case: &'a str, command: &'a CommandReport) -> Invocation<'a> {
        let (status, reason) = status(&command.status);
        Invocation {
            schema: "lockstep.invocation/1",
            case,
            kind: command.kind,
            invocation: &command.text,
            status,
            reason,
            outcome: command.outcome.as_deref(),
        }
    }
}

/// A status as a word, and its reason.
pub fn status(status: &Status) -> (&'static str, Option<&str>) {
    match status {
        Status::Passed => ("passed", None),
        Status::Failed(why) => ("failed", Some(why)),
        Status::Exhausted => ("exhausted", None),
        Status::Inconclusive(why) => ("inconclusive", Some(why)),
        Status::NotRun(why) => ("not_run", Some(why)),
        Status::Void(why) => ("void", Some(why)),
        Status::Unsupported(why) => ("unsupported", Some(why)),
    }
}

/// Writes what came of a case.
///
/// # Errors
///
/// When it cannot be written.
pub fn case(out: &mut impl Write, finished: &Finished, report: &CaseReport) -> io::Result<()> {
    line(out, &Case::of(finished, report))
}

#[derive(Serialize)]
struct Case<'a> {
    schema: &'static str,
    subject: String,
    case: &'a str,
    verdict: Judgement,
    assertions: Assertions,
    #[serde(flatten)]
    compared: Compared,
    unexplained: u64,
    known: &'a BTreeMap<Cause, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dared: Option<Dared>,
    failed: Vec<Trouble<'a>>,
    unsupported: Vec<Trouble<'a>>,
    undecided: Vec<Undecided>,
}

#[derive(Serialize)]
struct Trouble<'a> {
    line: u32,
    kind: Directive,
    command: &'a str,
    reason: &'a str,
}

impl<'a> Case<'a> {
    fn of(finished: &'a Finished, report: &'a CaseReport) -> Case<'a> {
        let troubles = |wanted: &str| -> Vec<Trouble<'a>> {
            let commands = report.commands.iter();
            commands
                .filter_map(|command| match status(&command.status) {
                    (word, Some(reason)) if word == wanted => Some(Trouble {
                        line: command.line,
                        kind: command.kind,
                        command: &command.text,
                        reason,
                    }),
                    _ => None,
                })
                .collect()
        };
        Case {
            schema: "lockstep.case/1",
            subject: finished.subject.name(),
            case: &finished.name,
            verdict: report.judgement(),
            assertions: Assertions::of(&report.commands),
            compared: Compared::from(&report.tally),
            unexplained: report.divergences.len() as u64,
            known: &report.known,
            refused: report.refused.as_deref(),
            limit: finished.limit,
            dared: report.dared,
            failed: troubles("failed"),
            unsupported: troubles("unsupported"),
            undecided: undecided(report),
        }
    }
}

#[derive(Serialize)]
struct Diverged<'a> {
    schema: &'static str,
    subject: String,
    case: &'a str,
    rule: &'static str,
    strength: &'static str,
    promise: &'static str,
    source: &'static str,
    known: Option<Cause>,
    execution: &'static str,
    command: &'a str,
    moment: &'static str,
    event: u64,
    frame: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    setting: &'a str,
    expected: &'a str,
    observed: &'a str,
    site: Option<Place<'a>>,
    state: Vec<Row<'a>>,
    replay: &'a str,
}

#[derive(Serialize)]
struct Place<'a> {
    function: u32,
    pc: u32,
    opcode: &'a str,
    listing: Vec<&'a str>,
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    row: &'a StateRow,
    differs: bool,
}

/// Under which frame policy it was seen, if the case was run with two.
fn frames(finished: &Finished) -> Option<String> {
    finished.result.as_ref().ok()?.repeat.text()
}

impl<'a> Diverged<'a> {
    fn of(finished: &'a Finished, found: &'a Divergence) -> Diverged<'a> {
        let rule = found.rule.rule();
        Diverged {
            schema: "lockstep.divergence/1",
            subject: finished.subject.name(),
            case: &finished.name,
            rule: rule.id,
            strength: rule.strength.name(),
            promise: rule.promise,
            source: rule.source,
            known: found.known,
            execution: found.execution.name(),
            command: divergence::command(found),
            moment: found.moment.name(),
            event: found.event,
            frame: found.frame,
            frames: frames(finished),
            setting: finished
                .result
                .as_ref()
                .map_or("", |report| &report.setting),
            expected: &found.expected,
            observed: &found.observed,
            site: found.site.as_ref().map(|site| Place {
                function: site.func.0,
                pc: site.pc.0,
                opcode: &site.opcode,
                listing: site.listing.lines().collect(),
            }),
            state: found
                .state
                .iter()
                .map(|row| Row {
                    row,
                    differs: row.differs(),
                })
                .collect(),
            replay: &finished.replay,
        }
    }
}
