//! What a campaign makes of an ended request: a report, or what is wrong.

use super::earlier::{joined, joined_without_end, located, named};
use super::limits::Limit;
use super::pool::Ran;
use super::process::{Asked, Death, Ended};
use super::protocol::{Cost, Failure, Traits, What};
use crate::case::{CaseReport, CommandReport, Directive, Status};
use crate::divergence::{Divergence, Execution};
use crate::progress::Place;
use crate::report::{Finished, Unfinished};
use crate::rules::RuleId;
use crate::version::Version;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What came of a case.
#[derive(Debug)]
pub enum Outcome {
    /// It ran, or its worker died of it.
    Case(Box<Judged>),
    /// The input is bad; the sentence says which and why.
    BadInput(String),
    /// The campaign stopped first.
    Abandoned,
}

/// A case with a report.
#[derive(Debug, Serialize, Deserialize)]
pub struct Judged {
    /// Which case.
    pub what: What,
    /// What is known of it beforehand.
    pub traits: Traits,
    /// What came of it.
    pub finished: Finished,
    /// What it cost.
    pub cost: Cost,
    /// What came of it before it ended without a report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Box<CaseReport>>,
}

impl Judged {
    /// What came of a case before it ended without a report, as a case of its own.
    pub fn take_earlier(&mut self) -> Option<Judged> {
        let report = self.earlier.take()?;
        Some(Judged {
            what: self.what.clone(),
            traits: self.traits.clone(),
            finished: Finished {
                name: self.finished.name.clone(),
                subject: self.finished.subject,
                result: Ok(*report),
                elapsed: Duration::ZERO,
                replay: self.finished.replay.clone(),
                limit: None,
            },
            cost: Cost::default(),
            earlier: None,
        })
    }
}

impl Outcome {
    /// What came of a job; `replay` is the command that runs it again.
    pub fn of(ran: Ran<What>, mut replay: String) -> Outcome {
        let Ran {
            job: what,
            asked:
                Asked {
                    begun,
                    at,
                    ended,
                    mut earlier,
                    ..
                },
            elapsed,
        } = ran;
        let begun_at_all = begun.is_some();
        let mut traits = begun.unwrap_or_else(|| Traits::named(what.name()));
        let mut limit = None;
        let mut cost = Cost::default();
        let result = match ended {
            Ended::Abandoned => return Outcome::Abandoned,
            Ended::Garbled(why) => Err(Unfinished::Internal(format!(
                "a worker's answer cannot be read: {why}"
            ))),
            Ended::Died(death) if death.by_machine => Err(Unfinished::Machine(
                death.sentence("the machine ended the case, twice"),
            )),
            Ended::Died(death) if begun_at_all => {
                limit = death.limit.map(Limit::name);
                Ok(death.report(&traits.name, at.as_ref(), earlier.take()))
            }
            Ended::Died(death) => Err(Unfinished::Internal(
                death.sentence("the case could not be made"),
            )),
            Ended::Answer(answer) => {
                cost = answer.cost;
                match answer.result {
                    Ok(report) => {
                        replay = report.repeat.replay(&replay);
                        Ok(match (earlier.take(), &at) {
                            (Some(earlier), Some(at)) => joined(*earlier, report, at),
                            (None, Some(at)) if report.is_of_panic() => located(report, at),
                            _ => report,
                        })
                    }
                    Err(Failure::Internal(why)) => Err(Unfinished::Internal(why)),
                    Err(Failure::Machine(why)) => Err(Unfinished::Machine(format!(
                        "the machine refused the case what it needs, twice: {why}"
                    ))),
                    Err(Failure::Input(why)) => return Outcome::BadInput(why),
                }
            }
        };
        let setting = std::mem::take(&mut traits.setting);
        let set = |report| CaseReport { setting, ..report };
        let (result, earlier) = match (result, earlier, &at) {
            (Ok(report), _, _) => (Ok(set(report)), None),
            (Err(why), Some(earlier), Some(at)) => {
                let report = set(joined(*earlier, cut_short(&why), at));
                (Err(why), Some(Box::new(report)))
            }
            (Err(why), _, _) => (Err(why), None),
        };
        Outcome::Case(Box::new(Judged {
            finished: Finished {
                name: traits.name.clone(),
                subject: Version::default(),
                result,
                elapsed,
                replay,
                limit,
            },
            what,
            traits,
            cost,
            earlier,
        }))
    }
}

/// The last of a case without a report: nothing is known of the command that it was at.
fn cut_short(why: &Unfinished) -> CaseReport {
    let why = match why {
        Unfinished::Internal(_) => "Lockstep could not finish it",
        Unfinished::Machine(_) => "the machine ended the case here",
    };
    CaseReport {
        commands: vec![whole(Status::NotRun(why.to_owned()))],
        ..CaseReport::default()
    }
}

/// The only command of a case of which nothing else is known.
fn whole(status: Status) -> CommandReport {
    CommandReport {
        line: 0,
        kind: Directive::Case,
        text: "the whole case".to_owned(),
        status,
        outcome: None,
    }
}

impl Death {
    fn rule(&self) -> RuleId {
        match self.limit {
            None => RuleId::Crash,
            Some(Limit::Cpu | Limit::CpuInAll | Limit::Wall | Limit::Compiling) => RuleId::Hang,
            Some(Limit::Memory) => RuleId::MemoryLimit,
        }
    }

    fn sentence(&self, what: &str) -> String {
        let stderr = settled(&self.stderr);
        if stderr.is_empty() {
            format!("{what}: {}", self.what)
        } else {
            format!("{what}: {}; standard error ends: {stderr}", self.what)
        }
    }

    /// A case that took its worker with it, where it was about to execute a command or was executing it: one
    /// divergence, behind what came earlier.
    fn report(
        mut self,
        name: &str,
        at: Option<&Place>,
        earlier: Option<Box<CaseReport>>,
    ) -> CaseReport {
        if let (None, Some(stepped)) = (self.known, self.endless.take()) {
            let report = without_end(*stepped, name);
            return match earlier {
                Some(earlier) => joined_without_end(report, *earlier, at),
                None => report,
            };
        }
        let report = self.last(name, at);
        match (earlier, at) {
            (Some(earlier), Some(at)) => joined(*earlier, report, at),
            _ => report,
        }
    }

    /// The death alone: one divergence and nothing compared.
    fn last(self, name: &str, at: Option<&Place>) -> CaseReport {
        let mut report = CaseReport {
            name: name.to_owned(),
            ..CaseReport::default()
        };
        // How a known death came about differs from run to run.
        let status = match self.known {
            Some(cause) => Status::NotRun(format!("a known cause ends this case ({cause})")),
            None => Status::NotRun(self.what.clone()),
        };
        report.commands.push(whole(status));
        if let Some(cause) = self.known {
            report.known.insert(cause, 1);
            return report;
        }
        let stderr = settled(&self.stderr);
        let said = if stderr.is_empty() {
            String::new()
        } else {
            format!("; standard error ends: {stderr}")
        };
        // Before the first command it is the execution that comes first.
        let execution = at.map_or(Execution::Instrumented, |at| at.execution);
        let command = at.map_or("the whole case".to_owned(), named);
        report.divergences.push(Divergence::at_end(
            self.rule(),
            execution,
            command,
            "the case ends and the process goes on".to_owned(),
            format!("{}{said}", self.what),
        ));
        report
    }
}

/// A case without an end, neither under its own schedule nor in the reference interpreter: what was compared
/// is what both had done, step by step, when it was given up. Which causes match under its own schedule is not
/// known.
fn without_end(stepped: CaseReport, name: &str) -> CaseReport {
    let mut report = CaseReport {
        name: name.to_owned(),
        commands: stepped.commands,
        tally: stepped.tally,
        two_way: stepped.two_way,
        ..CaseReport::default()
    };
    for command in &mut report.commands {
        if let Status::Inconclusive(why) = &mut command.status {
            *why = format!("it does not end, nor does it in the reference interpreter: {why}");
        }
    }
    report
}

/// Standard error without what differs between equal runs: numbers of threads, and addresses.
fn settled(stderr: &str) -> String {
    let mut text = String::new();
    let mut rest = stderr.trim();
    while let Some(at) = rest.find("0x") {
        let (before, number) = rest.split_at(at + 2);
        let digits = number.len()
            - number
                .trim_start_matches(|c: char| c.is_ascii_hexdigit())
                .len();
        text.push_str(before);
        text.push_str(if digits >= 8 {
            "…"
        } else {
            &number[..digits]
        });
        rest = &number[digits..];
    }
    text.push_str(rest);
    let lines = text.lines().map(without_thread_number);
    lines.collect::<Vec<_>>().join(" / ")
}

/// `thread 'main' (1234) panicked` without its number.
fn without_thread_number(line: &str) -> String {
    let number = line.strip_prefix("thread '").and_then(|rest| {
        let (name, rest) = rest.split_once("' (")?;
        let (digits, rest) = rest.split_once(')')?;
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| format!("thread '{name}'{rest}"))
    });
    number.unwrap_or_else(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::protocol::Answer;
    use crate::case::Judgement;
    use crate::causes::Cause;
    use crate::totals::Totals;

    fn died(begun: Option<Traits>, limit: Option<Limit>) -> Outcome {
        ended_by(begun, death(limit))
    }

    fn death(limit: Option<Limit>) -> Death {
        Death {
            limit,
            what: "the process was ended by SIGABRT".to_owned(),
            known: None,
            endless: None,
            by_machine: false,
            stderr: "thread 'main' (77) panicked at a.rs:1\nat 0x7ffff7dd1234, 0x1f\n".to_owned(),
        }
    }

    fn ended_by(begun: Option<Traits>, death: Death) -> Outcome {
        let replay = "lockstep run --seed 0x1 --case 2".to_owned();
        Outcome::of(ran(begun, Ended::Died(death)), replay)
    }

    fn ran(begun: Option<Traits>, ended: Ended) -> Ran<What> {
        Ran {
            job: What::Generated { seed: 1, number: 2 },
            asked: Asked {
                begun,
                at: Some(Place {
                    execution: Execution::Uninstrumented,
                    command: 2,
                    line: 1,
                    text: "action run()".to_owned(),
                }),
                dared: None,
                earlier: None,
                ended,
            },
            elapsed: Duration::ZERO,
        }
    }

    fn finished(outcome: Outcome) -> Finished {
        match outcome {
            Outcome::Case(judged) => judged.finished,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_death_is_a_divergence_of_the_rule_that_its_cause_breaks() {
        let rules = [
            (None, RuleId::Crash),
            (Some(Limit::Cpu), RuleId::Hang),
            (Some(Limit::Wall), RuleId::Hang),
            (Some(Limit::Memory), RuleId::MemoryLimit),
        ];
        for (limit, rule) in rules {
            let ended = finished(died(Some(Traits::named("a")), limit));
            let report = ended.result.unwrap();
            let found = &report.divergences[0];
            assert_eq!(found.rule, rule);
            assert_eq!(found.execution, Execution::Uninstrumented);
            assert_eq!(found.command, "line 1: action run()");
            assert_eq!(ended.limit, limit.map(Limit::name));
        }
    }

    #[test]
    fn evidence_holds_nothing_that_differs_between_equal_runs() {
        let ended = finished(died(Some(Traits::named("a")), None));
        let report = ended.result.unwrap();
        assert_eq!(
            report.divergences[0].observed,
            "the process was ended by SIGABRT; standard error ends: \
             thread 'main' panicked at a.rs:1 / at 0x…, 0x1f"
        );
    }

    /// Given a case that met a limit of time and has no end beside the reference interpreter either, when it is
    /// reported, then it is inconclusive, and what both did until then counts.
    #[test]
    fn what_a_case_without_end_did_before_is_kept() {
        let command = |text: &str, status| CommandReport {
            line: 1,
            kind: Directive::Invoke,
            text: text.to_owned(),
            status,
            outcome: None,
        };
        let mut stepped = CaseReport {
            commands: vec![
                command("one", Status::Passed),
                command("two", Status::Inconclusive("the limit".to_owned())),
                command("three", Status::NotRun("the case had ended".to_owned())),
            ],
            ..CaseReport::default()
        };
        stepped.tally.sequence_points = 7;
        stepped.known.insert(Cause::IfParams, 1);
        let death = Death {
            endless: Some(Box::new(stepped)),
            ..death(Some(Limit::Cpu))
        };
        let ended = finished(ended_by(Some(Traits::named("a")), death));
        let report = ended.result.unwrap();
        assert_eq!(report.judgement(), Judgement::Inconclusive);
        assert_eq!(
            (report.name.as_str(), report.tally.sequence_points),
            ("a", 7)
        );
        assert!(report.divergences.is_empty() && report.known.is_empty());
        let why = "it does not end, nor does it in the reference interpreter: the limit";
        assert_eq!(report.commands[0].status, Status::Passed);
        assert_eq!(
            report.commands[1].status,
            Status::Inconclusive(why.to_owned())
        );
        let mut totals = Totals::default();
        totals.add(&report);
        assert!(!totals.compared_nothing());
    }

    /// A case that ended in the middle of its third command; the first passed and the second differs.
    fn ended_in_the_middle(ended: Ended) -> Judged {
        let command = |status| CommandReport {
            line: 1,
            kind: Directive::AssertReturn,
            text: String::new(),
            status,
            outcome: None,
        };
        let left_out = || command(Status::NotRun("left out".to_owned()));
        let failed = Status::Failed("diverged, see the report".to_owned());
        let mut earlier = CaseReport {
            commands: vec![command(Status::Passed), command(failed), left_out()],
            divergences: vec![Divergence::at_end(
                RuleId::Values,
                Execution::Instrumented,
                "line 1: f()".to_owned(),
                "i32:1".to_owned(),
                "i32:2".to_owned(),
            )],
            ..CaseReport::default()
        };
        earlier.tally.sequence_points = 7;
        let mut ran = ran(Some(Traits::named("a")), ended);
        ran.asked.earlier = Some(Box::new(earlier));
        match Outcome::of(ran, "lockstep replay a.toml".to_owned()) {
            Outcome::Case(judged) => *judged,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_came_before_a_death_is_counted() {
        let judged = ended_in_the_middle(Ended::Died(death(None)));
        assert!(judged.earlier.is_none());
        let report = judged.finished.result.unwrap();
        let mut totals = Totals::default();
        totals.add(&report);
        assert_eq!(totals.compared.sequence_points, 7);
        assert_eq!(totals.divergences.unexplained, 2);
        assert_eq!((totals.assertions.passed, totals.assertions.failed), (1, 1));
        assert_eq!(totals.assertions.undecided, 1);
    }

    /// Given a case that the machine ends, what came before is told apart from it, and the case is counted once.
    #[test]
    fn what_came_before_the_machine_ended_a_case_is_told_apart() {
        let killed = Death {
            by_machine: true,
            ..death(None)
        };
        let mut judged = ended_in_the_middle(Ended::Died(killed));
        let earlier = judged.take_earlier().unwrap();
        let Err(unfinished) = &judged.finished.result else {
            panic!("{judged:?}")
        };
        assert_eq!(unfinished.judgement(), Judgement::Machine);
        let report = earlier.finished.result.unwrap();
        assert_eq!(report.divergences.len(), 1);
        let why = "the machine ended the case here";
        assert_eq!(report.commands[2].status, Status::NotRun(why.to_owned()));
        let mut totals = Totals::default();
        totals.add_earlier(&report);
        totals.add_unfinished(unfinished);
        assert_eq!((totals.cases, totals.of_machine), (1, 1));
        assert_eq!(totals.divergences.unexplained, 1);
    }

    #[test]
    fn a_panic_that_leaves_nothing_is_said_where_it_came() {
        let panic = || CaseReport {
            commands: vec![whole(Status::NotRun("the engine panicked".to_owned()))],
            divergences: vec![Divergence::at_end(
                RuleId::Panic,
                Execution::Instrumented,
                "the whole case".to_owned(),
                "no panic".to_owned(),
                "the engine panicked".to_owned(),
            )],
            ..CaseReport::default()
        };
        let answer = || {
            Ended::Answer(Box::new(Answer {
                result: Ok(panic()),
                cost: Cost::default(),
            }))
        };
        let report = ended_in_the_middle(answer()).finished.result.unwrap();
        let found = report.divergences.iter();
        let found: Vec<_> = found.map(|d| (d.rule, d.command.as_str())).collect();
        let place = "line 1: action run()";
        assert_eq!(
            found,
            [(RuleId::Values, "line 1: f()"), (RuleId::Panic, place)]
        );
        // Nothing before it is known.
        let alone = Outcome::of(ran(Some(Traits::named("a")), answer()), String::new());
        let report = finished(alone).result.unwrap();
        assert_eq!(report.divergences[0].command, place);
    }

    #[test]
    fn a_death_before_the_subject_ran_is_a_defect_of_lockstep() {
        let ended = finished(died(None, None));
        let Err(Unfinished::Internal(why)) = ended.result else {
            panic!("{ended:?}")
        };
        assert!(why.starts_with("the case could not be made: "), "{why}");
    }
}
