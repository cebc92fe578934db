//! What a case had come to where it ended in the middle: its worker ended, or the engine panicked, and with it
//! went all that was found before.
//!
//! Cases are deterministic, so another worker executes the same case again and stops before the command at
//! which the first one ended. Nothing is kept for that while a case runs.

use super::interrupt::Interrupt;
use super::pool::Pool;
use super::process::{Asked, Ended, Process};
use super::protocol::{Failure, Request};
use crate::case::{CaseReport, CommandReport, Cuts, Directive, LEFT_OUT, Repeat, Status, worse};
use crate::progress::Place;
use std::io;

/// Workers that are asked at most: each may end at an earlier place than the one before.
const WORKERS: usize = 3;

/// Finds out what came of a case before the place where it ended in the middle. Where nothing came before, or
/// other workers do not get there, nothing is known.
///
/// # Errors
///
/// When no worker can be started.
pub(super) fn find_out(
    pool: &Pool,
    request: &Request,
    asked: &mut Asked,
    interrupt: &Interrupt,
) -> io::Result<()> {
    let mut cuts = asked
        .in_the_middle()
        .and_then(|at| Cuts::default().before(at));
    for _ in 0..WORKERS {
        // Nothing comes before the first command.
        let Some(before) = cuts.filter(|cuts| cuts.instrumented != Some(0)) else {
            break;
        };
        let request = Request {
            cuts: before,
            ..request.clone()
        };
        let mut again = Process::start(&pool.launch)?.ask(&request, &pool.limits, interrupt);
        let Some(at) = again.in_the_middle() else {
            asked.earlier = report(&mut again.ended);
            break;
        };
        if again.ended.is_of_machine() {
            continue;
        }
        // What used up its limit would do so again.
        let is_costly = matches!(&again.ended, Ended::Died(death) if death.limit.is_some());
        cuts = before.before(at).filter(|_| !is_costly);
    }
    Ok(())
}

fn report(ended: &mut Ended) -> Option<Box<CaseReport>> {
    match ended {
        Ended::Answer(answer) => {
            let report = answer.result.as_mut().ok()?;
            Some(Box::new(std::mem::take(report)))
        }
        _ => None,
    }
}

impl Asked {
    /// Where the case ended in the middle, if it did. A cause that is known to end a worker does so at another
    /// place each time.
    pub fn in_the_middle(&self) -> Option<&Place> {
        let is_in_the_middle = match &self.ended {
            Ended::Died(death) => death.known.is_none(),
            Ended::Answer(answer) => match &answer.result {
                Ok(report) => report.is_of_panic(),
                Err(Failure::Internal(_) | Failure::Machine(_)) => true,
                Err(Failure::Input(_)) => false,
            },
            Ended::Garbled(_) | Ended::Abandoned => false,
        };
        let at = self.at.as_ref()?;
        (self.begun.is_some() && is_in_the_middle).then_some(at)
    }
}

/// A place as reports write it.
pub(super) fn named(at: &Place) -> String {
    format!("line {}: {}", at.line, at.text)
}

/// The report of an end in the middle alone, with the place in what it says of the whole case.
pub(super) fn located(mut last: CaseReport, at: &Place) -> CaseReport {
    for found in &mut last.divergences {
        found.command = named(at);
    }
    last
}

/// The report of a case that ended in the middle: `earlier` is of what came before, and `last` says how it
/// ended.
pub(super) fn joined(earlier: CaseReport, last: CaseReport, at: &Place) -> CaseReport {
    let (mut report, mut last) = (earlier, located(last, at));
    let end = last.commands.pop().map(|command| command.status);
    let end = end.unwrap_or_else(|| Status::NotRun(LEFT_OUT.to_owned()));
    let is_step = |command: &&mut CommandReport| command.kind != Directive::Expect;
    let mut commands = report.commands.iter_mut().filter(is_step);
    match commands.nth(at.command) {
        // What an earlier execution found there is more than that this one did not come to its end.
        Some(command) if matches!(command.status, Status::Failed(_)) => {}
        Some(command) => command.status = end,
        None => report.commands.push(CommandReport {
            line: at.line,
            kind: Directive::Case,
            text: at.text.clone(),
            status: end,
            outcome: None,
        }),
    }
    report.divergences.append(&mut last.divergences);
    if report.repeat == Repeat::Once {
        report.repeat = last.repeat;
    }
    report
}

/// The report of a case that has no end in the reference interpreter either: `stepped` is of the case stepped
/// beside it, and `earlier` of what came before under the case's own schedule.
pub(super) fn joined_without_end(
    mut stepped: CaseReport,
    earlier: CaseReport,
    at: Option<&Place>,
) -> CaseReport {
    let before = at.map_or(0, |at| at.command);
    let pairs = stepped.commands.iter_mut().zip(&earlier.commands);
    for (command, other) in pairs.take(before) {
        command.status = worse(&command.status, &other.status).clone();
    }
    stepped.tally.add(&earlier.tally);
    CaseReport {
        divergences: earlier.divergences,
        known: earlier.known,
        known_examples: earlier.known_examples,
        repeat: earlier.repeat,
        trail: earlier.trail,
        printed: earlier.printed,
        ..stepped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::limits::Limits;
    use crate::campaign::process::Launch;
    use crate::campaign::protocol::{Answer, Cost, Message, Traits, What, Wishes};
    use crate::case::Judgement;
    use crate::causes::Cause;
    use crate::divergence::{Divergence, Execution};
    use crate::rules::RuleId;
    use std::num::NonZeroUsize;

    fn place(command: usize) -> Place {
        Place {
            execution: Execution::Instrumented,
            command,
            line: 7,
            text: "g()".to_owned(),
        }
    }

    fn not_run(why: &str) -> Status {
        Status::NotRun(why.to_owned())
    }

    fn report(statuses: &[Status], kind: Directive, found: &[RuleId]) -> CaseReport {
        let divergence = |&rule| {
            let (command, text) = ("the whole case".to_owned(), String::new());
            let execution = Execution::Instrumented;
            Divergence::at_end(rule, execution, command, text.clone(), text)
        };
        let command = |status: &Status| CommandReport {
            line: 1,
            kind,
            text: String::new(),
            status: status.clone(),
            outcome: None,
        };
        CaseReport {
            commands: statuses.iter().map(command).collect(),
            divergences: found.iter().map(divergence).collect(),
            ..CaseReport::default()
        }
    }

    /// What came before: one command passes, one fails, the others are left out.
    fn earlier() -> CaseReport {
        let failed = Status::Failed("2".to_owned());
        let statuses = [Status::Passed, failed, not_run(LEFT_OUT), not_run(LEFT_OUT)];
        let mut report = report(&statuses, Directive::AssertReturn, &[RuleId::LocalValue]);
        report.tally.sequence_points = 5;
        report.known.insert(Cause::TrapPc, 2);
        report
    }

    fn last() -> CaseReport {
        report(&[not_run("SIGSEGV")], Directive::Case, &[RuleId::Crash])
    }

    fn statuses(report: &CaseReport) -> Vec<Status> {
        let commands = report.commands.iter();
        commands.map(|command| command.status.clone()).collect()
    }

    #[test]
    fn what_came_before_stays_and_the_end_is_one_more_divergence() {
        let report = joined(earlier(), last(), &place(2));
        let rules: Vec<RuleId> = report.divergences.iter().map(|found| found.rule).collect();
        assert_eq!(rules, [RuleId::LocalValue, RuleId::Crash]);
        assert_eq!(report.divergences[1].command, "line 7: g()");
        assert_eq!(report.tally.sequence_points, 5);
        assert_eq!(report.known.get(&Cause::TrapPc), Some(&2));
        assert_eq!(statuses(&report)[0], Status::Passed);
        assert_eq!(
            statuses(&report)[2..],
            [not_run("SIGSEGV"), not_run(LEFT_OUT)]
        );
    }

    #[test]
    fn what_failed_before_in_another_execution_stays_failed() {
        let report = joined(earlier(), last(), &place(1));
        assert_eq!(statuses(&report), statuses(&earlier()));
    }

    /// Given a case that ended behind its last command, that has an entry of its own.
    #[test]
    fn the_end_of_a_case_is_no_command() {
        let report = joined(earlier(), last(), &place(4));
        assert_eq!(statuses(&report)[..4], statuses(&earlier()));
        assert_eq!(report.commands[4].text, "g()");
        assert_eq!(statuses(&report)[4], not_run("SIGSEGV"));
    }

    /// Given a case that has no end in the reference interpreter either, what was found under its own schedule
    /// is there beside what both did step by step.
    #[test]
    fn what_came_before_a_command_without_an_end_stays() {
        let cut = Status::Inconclusive("no end".to_owned());
        let stepped = [Status::Passed, Status::Passed, cut.clone(), not_run("why")];
        let mut stepped = report(&stepped, Directive::AssertReturn, &[]);
        stepped.tally.sequence_points = 100;
        let report = joined_without_end(stepped, earlier(), Some(&place(2)));
        let failed = Status::Failed("2".to_owned());
        assert_eq!(
            statuses(&report),
            [Status::Passed, failed, cut, not_run("why")]
        );
        assert_eq!(report.tally.sequence_points, 105);
        assert_eq!((report.divergences.len(), report.known.len()), (1, 1));
        assert_eq!(report.judgement(), Judgement::Diverged);
    }

    fn line(message: &Message) -> String {
        format!("echo '{}'", serde_json::to_string(message).unwrap())
    }

    /// What is found out of a case whose worker is this script for a shell: `$x` is the request.
    fn found_out(script: &str) -> Asked {
        let begun = line(&Message::Begun(Traits::named("a")));
        let pool = Pool {
            launch: Launch {
                program: "sh".into(),
                args: vec!["-c".to_owned(), format!("read x; {begun}; {script}")],
            },
            limits: Limits::default(),
            workers: NonZeroUsize::MIN,
        };
        let request = Request::of(What::Probe, Wishes::default());
        let interrupt = Interrupt::default();
        let first = Process::start(&pool.launch).unwrap();
        let mut asked = { first }.ask(&request, &pool.limits, &interrupt);
        find_out(&pool, &request, &mut asked, &interrupt).unwrap();
        asked
    }

    fn dies_at(command: usize) -> String {
        format!("{}; kill -SEGV $$", line(&Message::At(place(command))))
    }

    fn answers() -> String {
        let answer = line(&Message::Done(Box::new(Answer {
            result: Ok(earlier()),
            cost: Cost::default(),
        })));
        format!("{answer} >&0")
    }

    #[test]
    fn another_worker_stops_before_the_command() {
        let (dies, answers) = (dies_at(2), answers());
        let asked = found_out(&format!(
            r#"case $x in *'"instrumented":2,"uninstrumented":2'*) {answers} ;; *) {dies} ;; esac"#
        ));
        assert!(matches!(asked.ended, Ended::Died(_)), "{asked:?}");
        assert_eq!(asked.earlier.unwrap().divergences.len(), 1);
    }

    #[test]
    fn where_that_ends_earlier_it_is_stopped_earlier() {
        let (dies, earlier, answers) = (dies_at(2), dies_at(1), answers());
        let asked = found_out(&format!(
            r#"case $x in *'"instrumented":1'*) {answers} ;; *cuts*) {earlier} ;; *) {dies} ;; esac"#
        ));
        assert!(asked.earlier.is_some());
        // The first place is where the case ended.
        assert_eq!(asked.at.map(|at| at.command), Some(2));
    }

    #[test]
    fn where_no_worker_gets_there_nothing_is_known() {
        assert!(found_out(&dies_at(2)).earlier.is_none());
        // Before the first command there is nothing.
        let answers = answers();
        let dies = dies_at(0);
        let asked = found_out(&format!(
            "case $x in *cuts*) {answers} ;; *) {dies} ;; esac"
        ));
        assert!(asked.earlier.is_none());
    }
}
