//! Runs a plan. Where a limit of the harness cuts invocations that it chose itself, the others go
//! on in a fresh instance: one endless loop must not hide the rest of a module.
//!
//! It never continues after a divergence, nor where the user chose the invocations: their order
//! and their state are then the user's.

use super::Plan;
use crate::case::{self, CaseReport, Status};
use crate::subject::SubjectError;
use lockstep_spec_tests::script::Script;

/// Runs a plan: one case, or several if it is continued. Each is handed on as soon as it ends.
///
/// # Errors
///
/// When the engine refuses its configuration, or `deliver` fails.
pub fn run<E: From<SubjectError>>(
    plan: &Plan,
    mut deliver: impl FnMut(CaseReport) -> Result<(), E>,
) -> Result<(), E> {
    let mut script = plan.script.clone();
    loop {
        let mut report = case::run(&script, &plan.options)?;
        let next = if plan.automatic {
            resume(&report)
        } else {
            None
        };
        if let Some(next) = next {
            report.commands.truncate(next);
        }
        deliver(report)?;
        match next {
            Some(next) if next < script.commands.len() => script = rest(&script, next),
            _ => return Ok(()),
        }
    }
}

/// The command from which a fresh instance goes on, if the case was cut by a limit.
///
/// A command that was cut while it shared the case's budget with others is tried again alone.
fn resume(report: &CaseReport) -> Option<usize> {
    if !report.divergences.is_empty() {
        return None;
    }
    let cut = |status: &Status| matches!(status, Status::Inconclusive(_) | Status::NotRun(_));
    let at = report
        .commands
        .iter()
        .position(|command| cut(&command.status))?;
    match at {
        // The module itself could not be instantiated: nothing can be called.
        0 => None,
        1 => Some(2),
        at => Some(at),
    }
}

/// The module, and the commands from `next` on.
fn rest(script: &Script, next: usize) -> Script {
    let mut script = script.clone();
    script.commands.drain(1..next);
    script
}
