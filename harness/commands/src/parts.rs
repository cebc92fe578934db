//! The calls of a user's module, in parts: each in a fresh instance, as long as none ends the process or
//! needs too many events.
//!
//! Where a call ends its worker, or the engine panics and leaves nothing to go on with, the calls before it are
//! run again alone, so that what they came to is known; then those after it go on. Where a limit cuts calls that
//! were chosen here, the others go on as well: one endless loop must not hide the rest of a module. After another
//! divergence nothing is continued, nor where the user chose the calls and one was cut: their order and their
//! state are then the user's.

use super::OwnFault;
use super::campaign::Campaign;
use lockstep_core::campaign::interrupt::Interrupt;
use lockstep_core::campaign::outcome::{Judged, Outcome};
use lockstep_core::campaign::pool::Ran;
use lockstep_core::campaign::process::Ended;
use lockstep_core::campaign::protocol::{Calls, What};
use lockstep_core::case::{CaseReport, Status};
use lockstep_core::check::Plan;
use std::ops::Range;

/// The calls of a module, and where they are reported.
pub(super) struct Parts<'a> {
    /// What workers are asked for.
    pub(super) request: Calls,
    /// What is called.
    pub(super) plan: &'a Plan,
    /// How it is reported.
    pub(super) campaign: &'a Campaign<'a>,
    /// What ends it early.
    pub(super) interrupt: &'a Interrupt,
}

/// What is still to be done, the last first.
enum Due {
    /// Make these calls in a fresh instance.
    Calls(Range<usize>),
    /// Report this.
    Report(Box<Judged>),
}

/// What came of a part.
enum Came {
    /// The worker is gone, or nothing is left to go on with in it: this call, or the instantiation, took it along.
    Died(Option<usize>),
    /// It ended, or there is nothing to tell from.
    Ended,
}

impl Parts<'_> {
    /// Makes the calls; the exit code.
    pub(super) fn run(&self) -> anyhow::Result<u8> {
        let pool = self.campaign.pool();
        let mut session = self.campaign.begin()?;
        let mut worker = None;
        let mut due = vec![Due::Calls(0..self.plan.calls())];
        while let Some(next) = due.pop() {
            let part = match next {
                Due::Report(judged) => {
                    session.outcome(Outcome::Case(judged))?;
                    continue;
                }
                Due::Calls(_) if self.interrupt.stops() => continue,
                Due::Calls(part) => part,
            };
            let what = What::Calls(Box::new(Calls {
                part: (part.start, part.end),
                ..self.request.clone()
            }));
            let request = self.campaign.plan.request(&what);
            let ran = pool.one(&mut worker, what, &request, self.interrupt);
            let ran = ran.map_err(OwnFault::Start)?;
            let came = came(&ran, &part);
            let replay = (self.campaign.replay)(&ran.job);
            let mut judged = match Outcome::of(ran, replay) {
                Outcome::Case(judged) => judged,
                other => {
                    session.outcome(other)?;
                    continue;
                }
            };
            match came {
                Came::Died(Some(call)) => {
                    self.name(&mut judged, call);
                    if call + 1 < part.end {
                        due.push(Due::Calls(call + 1..part.end));
                    }
                    due.push(Due::Report(judged));
                    if call > part.start {
                        due.push(Due::Calls(part.start..call));
                    }
                }
                Came::Died(None) => session.outcome(Outcome::Case(judged))?,
                Came::Ended => {
                    if let Some(rest) = self.rest(&mut judged, part) {
                        due.push(Due::Calls(rest));
                    }
                    session.outcome(Outcome::Case(judged))?;
                }
            }
        }
        session.end(self.interrupt)
    }

    /// Has the report of a worker's death name the call.
    fn name(&self, judged: &mut Judged, call: usize) {
        let text = self.plan.call(call);
        if let Ok(report) = &mut judged.finished.result
            && let (Some(command), Some(text)) = (report.commands.first_mut(), text)
        {
            command.text = text;
        }
    }

    /// The calls after those that a limit cut, if they go on; the report then ends before them.
    fn rest(&self, judged: &mut Judged, part: Range<usize>) -> Option<Range<usize>> {
        let report = judged.finished.result.as_mut().ok()?;
        let next = resume(report).filter(|_| self.plan.automatic)?;
        report.commands.truncate(next);
        let rest = part.start + next - 1..part.end;
        (!rest.is_empty()).then_some(rest)
    }
}

/// What came of a part.
fn came(ran: &Ran<What>, part: &Range<usize>) -> Came {
    let at = match &ran.asked.ended {
        // Then the report has each call, and says which has no end.
        Ended::Died(death) if death.endless.is_some() => return Came::Ended,
        Ended::Died(_) => ran.asked.at.as_ref(),
        _ => match ran.asked.in_the_middle() {
            Some(at) => Some(at),
            None => return Came::Ended,
        },
    };
    // The first command is the module's. What comes behind the last call belongs to it.
    let call = at.and_then(|at| at.command.checked_sub(1));
    let call = call.map(|call| part.start + call);
    Came::Died(call.and_then(|call| part.clone().rfind(|&last| last <= call)))
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
