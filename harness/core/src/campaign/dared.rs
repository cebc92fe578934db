//! What comes of a case that dared something: the report of all before it, whether the worker lived or not.

use super::perform::judge_dared;
use super::process::{Asked, Death, Ended};
use super::protocol::{Answer, Cost, Request, What};
use crate::case::{CaseReport, CommandReport, Directive, Status};
use crate::lockstep::daring::{Announced, DareResult, Dared};

/// Makes an answer of how a request ended whose case dared something. What the machine did stays as it is,
/// and so does a defect of Lockstep.
pub(super) fn settle(request: &Request, asked: &mut Asked) {
    let Some(announced) = asked.dared.take() else {
        return;
    };
    let (result, last, cost) = match &mut asked.ended {
        Ended::Died(Death {
            by_machine: false, ..
        }) => (
            DareResult::Confirmed,
            CaseReport::default(),
            Cost::default(),
        ),
        Ended::Answer(answer) => match &mut answer.result {
            Ok(report) => {
                let report = std::mem::take(report);
                (result(&report), report, answer.cost.clone())
            }
            Err(_) => return,
        },
        Ended::Died(_) | Ended::Garbled(_) | Ended::Abandoned => return,
    };
    let name = asked.begun.as_ref().map(|traits| traits.name.clone());
    let mut report = report(name.unwrap_or_default(), *announced, result);
    if last.dared.is_some() {
        report.divergences.extend(last.divergences);
    }
    let judged = match &request.what {
        What::File(path) => judge_dared(path, &request.wishes, &mut report),
        _ => Ok(()),
    };
    asked.ended = Ended::Answer(Box::new(Answer {
        result: judged.map(|()| report),
        cost,
    }));
}

/// What came of it by the worker's own report: without one, the engine panicked where nothing of the case
/// was left.
fn result(report: &CaseReport) -> DareResult {
    let dared = report.dared;
    dared.map_or(DareResult::Confirmed, |dared| dared.result)
}

fn report(name: String, announced: Announced, result: DareResult) -> CaseReport {
    let Announced { cause, .. } = announced;
    CaseReport {
        name,
        commands: vec![CommandReport {
            line: 0,
            kind: Directive::Case,
            text: "the whole case".to_owned(),
            status: Status::NotRun(format!("the case dares {cause}, and ends there")),
            outcome: None,
        }],
        tally: announced.tally,
        divergences: announced.divergences,
        known: announced.known,
        known_examples: announced.known_examples,
        dared: Some(Dared { cause, result }),
        ..CaseReport::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::protocol::{Failure, Wishes};
    use crate::case::Judgement;
    use crate::causes::Cause;
    use crate::lockstep::tally::Tally;
    use std::collections::BTreeMap;

    const CAUSE: Cause = Cause::V128Slot;

    fn settled(ended: Ended) -> Ended {
        let tally = Tally {
            sequence_points: 7,
            ..Tally::default()
        };
        let mut asked = Asked {
            begun: None,
            at: None,
            dared: Some(Box::new(Announced {
                cause: CAUSE,
                tally,
                divergences: Vec::new(),
                known: BTreeMap::from([(Cause::TrapPc, 1)]),
                known_examples: Vec::new(),
            })),
            earlier: None,
            ended,
        };
        let request = Request::of(What::Probe, Wishes::default());
        settle(&request, &mut asked);
        assert!(asked.dared.is_none());
        asked.ended
    }

    fn report_of(ended: Ended) -> CaseReport {
        match settled(ended) {
            Ended::Answer(answer) => answer.result.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn death(by_machine: bool) -> Ended {
        Ended::Died(Death {
            limit: None,
            what: "the process was ended by SIGSEGV".to_owned(),
            stderr: String::new(),
            known: None,
            endless: None,
            by_machine,
        })
    }

    fn answer(result: Result<CaseReport, Failure>) -> Ended {
        Ended::Answer(Box::new(Answer {
            result,
            cost: Cost::default(),
        }))
    }

    fn lived(result: DareResult) -> Ended {
        let cause = CAUSE;
        answer(Ok(CaseReport {
            dared: Some(Dared { cause, result }),
            ..CaseReport::default()
        }))
    }

    #[test]
    fn a_death_confirms_and_what_was_found_before_it_stays() {
        let report = report_of(death(false));
        let (cause, result) = (CAUSE, DareResult::Confirmed);
        assert_eq!(report.dared, Some(Dared { cause, result }));
        assert!(report.divergences.is_empty());
        assert_eq!(report.tally.sequence_points, 7);
        assert_eq!(report.known.len(), 1);
        assert_eq!(report.judgement(), Judgement::Dared);
    }

    #[test]
    fn of_a_worker_that_lives_the_result_is_its_own() {
        for result in [DareResult::Confirmed, DareResult::Compared] {
            let report = report_of(lived(result));
            assert_eq!(report.dared.map(|dared| dared.result), Some(result));
            assert_eq!(report.tally.sequence_points, 7);
        }
    }

    #[test]
    fn a_panic_that_left_no_execution_confirms() {
        let report = report_of(answer(Ok(CaseReport::default())));
        assert_eq!(
            report.dared.map(|dared| dared.result),
            Some(DareResult::Confirmed)
        );
    }

    #[test]
    fn what_the_machine_does_confirms_nothing() {
        assert!(settled(death(true)).is_of_machine());
        let internal = settled(answer(Err(Failure::Internal("why".to_owned()))));
        assert!(matches!(internal, Ended::Answer(answer) if answer.result.is_err()));
    }
}
