//! What totals come to: PASS, or FAIL and why. The last line of a report and the exit code are made of
//! the same conclusion, so that neither contradicts the other.

use crate::campaign::interrupt::SIGNALS;
use crate::report::{counted, grouped};
use crate::totals::Totals;
use std::fmt;

/// Why a command does not pass, the more important reasons first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Divergences that no known cause explains
    Unexplained,
    /// An assertion, an expectation or another command does not hold
    Failed,
    /// More of a campaign's cases are inconclusive than chance explains
    Inconclusive,
    /// Cases that cannot be carried out
    BadInput,
    /// Cases that Lockstep itself could not finish
    Internal,
    /// Cases that the machine ended
    Machine,
    /// A signal ended the campaign
    Interrupted(&'static str),
    /// There was nothing to compare, and nobody said that there may be nothing
    Nothing,
}

/// What totals come to.
#[derive(Clone, Debug)]
pub struct Conclusion<'a> {
    totals: &'a Totals,
    /// Why it does not pass; empty if it does.
    pub reasons: Vec<Reason>,
}

impl<'a> Conclusion<'a> {
    /// The conclusion of totals.
    pub fn of(totals: &'a Totals) -> Conclusion<'a> {
        let campaign = totals.campaign.as_ref();
        let inconclusive = campaign.is_some_and(|campaign| campaign.is_inconclusive());
        let signal = campaign.and_then(|campaign| campaign.interrupted);
        let all = [
            (totals.divergences.unexplained > 0, Reason::Unexplained),
            (totals.commands.failed > 0, Reason::Failed),
            (inconclusive, Reason::Inconclusive),
            (totals.bad_input > 0, Reason::BadInput),
            (totals.internal_errors > 0, Reason::Internal),
            (totals.of_machine > 0, Reason::Machine),
            (
                signal.is_some(),
                Reason::Interrupted(signal.unwrap_or_default()),
            ),
        ];
        let there = all.into_iter().filter(|(there, _)| *there);
        let mut reasons: Vec<Reason> = there.map(|(_, reason)| reason).collect();
        // A shard may have no case at all: only the whole is judged.
        let judged = totals.shard.is_none() && !totals.allow_empty;
        if reasons.is_empty() && judged && totals.compared_nothing() {
            reasons.push(Reason::Nothing);
        }
        Conclusion { totals, reasons }
    }

    /// The most important reason; none if it passes.
    pub fn reason(&self) -> Option<Reason> {
        self.reasons.first().copied()
    }

    /// What there is to say of a reason.
    pub fn sentence(&self, reason: Reason) -> String {
        let totals = self.totals;
        match reason {
            Reason::Unexplained => {
                let found = counted(totals.divergences.unexplained, "unexplained divergence");
                let rules: Vec<&str> = totals.divergences.by_rule.keys().map(|r| r.id()).collect();
                let more = match rules.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let named = rules.iter().take(NAMED).copied().collect::<Vec<_>>();
                format!("{found} ({}{more})", named.join(", "))
            }
            Reason::Failed => {
                let failed = counted(totals.commands.failed, "command");
                format!("{failed} failed")
            }
            Reason::Inconclusive => {
                let campaign = totals.campaign.as_ref();
                let (some, all) = campaign.map_or((0, 0), |c| (c.inconclusive(), c.cases));
                format!(
                    "{} of {} inconclusive, more than chance explains",
                    grouped(some),
                    counted(all, "generated case"),
                )
            }
            Reason::BadInput => format!("{} with bad input", counted(totals.bad_input, "case")),
            Reason::Internal => {
                let cases = counted(totals.internal_errors, "case");
                format!("Lockstep itself could not finish {cases}")
            }
            Reason::Machine => {
                let cases = counted(totals.of_machine, "case");
                format!("the machine ended {cases}, whose end is not known")
            }
            Reason::Interrupted(signal) => {
                format!(
                    "interrupted by {signal} after {}",
                    counted(totals.cases, "case")
                )
            }
            Reason::Nothing => nothing(totals),
        }
    }
}

/// Rules that the line names.
const NAMED: usize = 2;

/// Why nothing was compared, and what to do if that is right.
fn nothing(totals: &Totals) -> String {
    // What passed can only be what was instantiated.
    let idle = totals.commands.passed > 0;
    let undecided = totals.commands.inconclusive > 0;
    let why = match totals.cases {
        1 if undecided => "the only case is inconclusive".to_owned(),
        cases if undecided => format!("none of {} came so far", counted(cases, "case")),
        1 if idle => "the only case executes nothing and shows nothing".to_owned(),
        cases if idle => format!(
            "none of {} executes or shows anything",
            counted(cases, "case")
        ),
        0 => "no case was run".to_owned(),
        1 => "the only case could not be run".to_owned(),
        cases => format!("none of {} could be run", counted(cases, "case")),
    };
    format!("nothing was compared: {why}")
}

impl fmt::Display for Conclusion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let totals = self.totals;
        let shard = match totals.shard {
            Some(shard) => format!("shard {shard}: "),
            None => String::new(),
        };
        if self.reasons.is_empty() {
            let cases = counted(totals.cases, "case");
            write!(f, "PASS: {shard}{cases}, no unexplained divergence")?;
            if totals.divergences.known > 0 {
                write!(f, ", {} known", grouped(totals.divergences.known))?;
            }
            return match totals.not_begun {
                0 => Ok(()),
                left => write!(f, "; {} not begun", counted(left, "case")),
            };
        }
        let sentences: Vec<String> = self.reasons.iter().map(|r| self.sentence(*r)).collect();
        write!(f, "FAIL: {shard}{}", sentences.join("; "))
    }
}

impl Reason {
    /// Its word, if it is that of no case alone.
    pub fn of_the_whole(self) -> Option<&'static str> {
        Some(match self {
            Reason::Inconclusive => "too-many-inconclusive",
            Reason::Nothing => "nothing-compared",
            Reason::Interrupted(_) => "interrupted",
            Reason::Unexplained
            | Reason::Failed
            | Reason::BadInput
            | Reason::Internal
            | Reason::Machine => return None,
        })
    }

    /// The number of the signal, if one ended the campaign.
    pub fn signal(self) -> Option<u8> {
        let Reason::Interrupted(name) = self else {
            return None;
        };
        let found = SIGNALS.iter().find(|(_, known)| *known == name);
        found.map(|(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::shard::Shard;
    use crate::campaign::summary::Summary;
    use crate::case::{CaseReport, CommandReport, Directive, Judgement, Status};
    use crate::rules::RuleId;

    /// Totals of one case that was compared.
    fn compared() -> Totals {
        let mut totals = Totals::default();
        totals.add(&instantiated(1));
        totals
    }

    /// A case that instantiates a module, and nothing else, with so many events.
    fn instantiated(events: u64) -> CaseReport {
        let mut report = CaseReport {
            commands: vec![CommandReport {
                line: 1,
                kind: Directive::Module,
                text: String::new(),
                status: Status::Passed,
                outcome: None,
            }],
            ..CaseReport::default()
        };
        report.tally.sequence_points = events;
        report
    }

    fn line(totals: &Totals) -> String {
        Conclusion::of(totals).to_string()
    }

    #[test]
    fn what_was_compared_and_agrees_passes() {
        let mut totals = compared();
        assert_eq!(line(&totals), "PASS: 1 case, no unexplained divergence");
        totals.divergences.known = 2266;
        totals.not_begun = 2;
        assert_eq!(
            line(&totals),
            "PASS: 1 case, no unexplained divergence, 2,266 known; 2 cases not begun"
        );
        assert_eq!(Conclusion::of(&totals).reason(), None);
    }

    #[test]
    fn every_reason_is_said_the_most_important_first() {
        let mut totals = compared();
        let mut campaign = Summary::new(0);
        campaign.interrupted = Some("SIGINT");
        totals.campaign = Some(campaign);
        assert_eq!(line(&totals), "FAIL: interrupted by SIGINT after 1 case");
        assert_eq!(
            Conclusion::of(&totals).reason().and_then(Reason::signal),
            Some(2)
        );
        totals.campaign = None;
        totals.of_machine = 1;
        totals.internal_errors = 1;
        totals.bad_input = 2;
        totals.commands.failed = 1;
        totals.divergences.unexplained = 5;
        for rule in [RuleId::StepLost, RuleId::FramePc, RuleId::Crash] {
            totals.divergences.by_rule.insert(rule, 1);
        }
        assert_eq!(
            line(&totals),
            "FAIL: 5 unexplained divergences (STEP-LOST, FRAME-PC and 1 more); 1 command failed; \
             2 cases with bad input; Lockstep itself could not finish 1 case; the machine ended \
             1 case, whose end is not known"
        );
        assert_eq!(Conclusion::of(&totals).reason(), Some(Reason::Unexplained));
    }

    #[test]
    fn where_nothing_was_compared_nothing_passes() {
        let mut totals = Totals::default();
        let nothing = "FAIL: nothing was compared: no case was run";
        assert_eq!(line(&totals), nothing);
        totals.add(&CaseReport {
            refused: Some("a reason".into()),
            ..CaseReport::default()
        });
        assert_eq!(
            line(&totals),
            "FAIL: nothing was compared: the only case could not be run"
        );
        let mut endless = instantiated(0);
        endless.commands[0].status = Status::Inconclusive("it does not end".to_owned());
        let mut undecided = Totals::default();
        undecided.add(&endless);
        let why = "FAIL: nothing was compared: the only case is inconclusive";
        assert_eq!(line(&undecided), why);
        undecided.add(&endless);
        assert!(line(&undecided).ends_with("none of 2 cases came so far"));
        let mut empty = Totals::default();
        empty.add(&instantiated(0));
        assert_eq!(
            line(&empty),
            "FAIL: nothing was compared: the only case executes nothing and shows nothing"
        );
        empty.add(&instantiated(0));
        assert!(line(&empty).ends_with("none of 2 cases executes or shows anything"));
        empty.add(&instantiated(1));
        assert!(line(&empty).starts_with("PASS: "));
        totals.allow_empty = true;
        assert!(line(&totals).starts_with("PASS: "));
        totals.allow_empty = false;
        totals.shard = "2/5".parse::<Shard>().ok();
        assert!(line(&totals).starts_with("PASS: shard 2/5: 1 case, "));
    }

    #[test]
    fn the_share_of_inconclusive_cases_is_judged_of_the_whole() {
        let mut totals = compared();
        let mut campaign = Summary::new(0);
        campaign.cases = 200;
        campaign.by_verdict = [(Judgement::Inconclusive, 6), (Judgement::Ok, 194)].into();
        totals.campaign = Some(campaign.clone());
        assert_eq!(
            line(&totals),
            "FAIL: 6 of 200 generated cases inconclusive, more than chance explains"
        );
        campaign.of_shard = true;
        totals.campaign = Some(campaign);
        assert_eq!(Conclusion::of(&totals).reason(), None);
    }
}
