//! A case that differs under the sampled frame policy is run again with everything compared at every
//! event, so that what is reported is the first event that differs. Cases are deterministic: what is seen
//! the first time is there the second time, unless reading it is what makes it so.

use super::{CaseOptions, CaseReport};
use crate::lockstep::policy::FramePolicy;
use crate::subject::SubjectError;
use serde::{Deserialize, Serialize};

/// Under which frame policy what is reported of a case was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// Under the case's own: it was run once.
    #[default]
    Once,
    /// Under [`FramePolicy::All`]: it was seen under [`FramePolicy::Sampled`] first.
    Seen,
    /// Under [`FramePolicy::Sampled`] alone. What came of the run with everything compared.
    Unseen(String),
}

impl Repeat {
    /// The policy under which it was seen, if the case was run with two.
    pub fn policy(&self) -> Option<FramePolicy> {
        match self {
            Repeat::Once => None,
            Repeat::Seen => Some(FramePolicy::All),
            Repeat::Unseen(_) => Some(FramePolicy::Sampled),
        }
    }

    /// The same for people.
    pub fn text(&self) -> Option<String> {
        let (all, sampled) = (FramePolicy::All, FramePolicy::Sampled);
        match self {
            Repeat::Once => None,
            Repeat::Seen => Some(format!("{all}; first seen with {sampled}")),
            Repeat::Unseen(why) => Some(format!("{sampled} only; run again with {all}, {why}")),
        }
    }

    /// The command that runs a case again, with the policy under which it was seen.
    pub fn replay(&self, command: &str) -> String {
        let policy = self.policy();
        match policy.filter(|_| !command.contains(" --frames ")) {
            None => command.to_owned(),
            Some(policy) => match command.split_once(" -- ") {
                Some((before, behind)) => format!("{before} --frames {policy} -- {behind}"),
                None => format!("{command} --frames {policy}"),
            },
        }
    }
}

/// What is reported of a case of which `first` came; `again` runs it with other options.
pub(super) fn repeated(
    first: CaseReport,
    options: &CaseOptions,
    again: impl FnOnce(&CaseOptions) -> Result<CaseReport, SubjectError>,
) -> CaseReport {
    let sampled = options.settings.frames == FramePolicy::Sampled;
    // Where something was dared nobody knows what of the process is left whole.
    if !sampled || first.divergences.is_empty() || first.dared.is_some() {
        return first;
    }
    let mut options = options.clone();
    options.settings.frames = FramePolicy::All;
    options.schedule.dare = None;
    let why = match again(&options) {
        Ok(report) if !report.divergences.is_empty() => {
            return CaseReport {
                repeat: Repeat::Seen,
                ..report
            };
        }
        Ok(report) => match report
            .commands
            .iter()
            .find_map(|command| command.undecided())
        {
            Some(undecided) => format!("nothing differed before it ended: {undecided}"),
            None => "nothing differed".to_owned(),
        },
        Err(error) => format!("it could not be finished: {error}"),
    };
    CaseReport {
        repeat: Repeat::Unseen(why),
        ..first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{CommandReport, Directive, Status};
    use crate::divergence::{Divergence, Execution};
    use crate::rules::RuleId;

    fn differing(observed: &str) -> CaseReport {
        let divergence = Divergence::at_end(
            RuleId::LocalValue,
            Execution::Instrumented,
            "line 1".to_owned(),
            "i32:1".to_owned(),
            observed.to_owned(),
        );
        CaseReport {
            divergences: vec![divergence],
            ..CaseReport::default()
        }
    }

    fn never(_: &CaseOptions) -> Result<CaseReport, SubjectError> {
        panic!("it is not run again")
    }

    #[test]
    fn a_case_that_differs_is_run_again_with_everything_compared() {
        let report = repeated(differing("late"), &CaseOptions::default(), |options| {
            assert_eq!(options.settings.frames, FramePolicy::All);
            Ok(differing("first"))
        });
        assert_eq!(report.divergences[0].observed, "first");
        assert_eq!(report.repeat, Repeat::Seen);
        let text = report.repeat.text().unwrap();
        assert_eq!(text, "all; first seen with sampled");
    }

    #[test]
    fn what_is_not_seen_again_is_reported_as_it_was_seen() {
        let report = repeated(differing("once"), &CaseOptions::default(), |_| {
            Ok(CaseReport::default())
        });
        assert_eq!(report.divergences[0].observed, "once");
        assert_eq!(
            report.repeat.text().unwrap(),
            "sampled only; run again with all, nothing differed"
        );
        let cut = |_: &CaseOptions| {
            let mut report = CaseReport::default();
            report.commands.push(CommandReport {
                line: 1,
                kind: Directive::Action,
                text: "run()".to_owned(),
                status: Status::Inconclusive("the case reached its limit".to_owned()),
                outcome: None,
            });
            Ok(report)
        };
        let report = repeated(differing("once"), &CaseOptions::default(), cut);
        assert!(
            matches!(&report.repeat, Repeat::Unseen(why) if why.ends_with(": the case reached its limit"))
        );
    }

    #[test]
    fn a_case_that_agrees_or_compares_all_anyway_is_run_once() {
        let report = repeated(CaseReport::default(), &CaseOptions::default(), never);
        assert_eq!(report.repeat, Repeat::Once);
        let mut options = CaseOptions::default();
        options.settings.frames = FramePolicy::All;
        let report = repeated(differing("first"), &options, never);
        assert_eq!(
            (report.repeat.clone(), report.repeat.text()),
            (Repeat::Once, None)
        );
    }

    #[test]
    fn the_replay_command_has_the_policy() {
        let seen = |command| Repeat::Seen.replay(command);
        assert_eq!(
            seen("lockstep run a.toml"),
            "lockstep run a.toml --frames all"
        );
        assert_eq!(
            seen("lockstep check a.wasm -- b"),
            "lockstep check a.wasm --frames all -- b"
        );
        let asked = "lockstep run a.toml --frames sampled";
        assert_eq!(seen(asked), asked);
        assert_eq!(Repeat::Once.replay("lockstep run"), "lockstep run");
        let unseen = Repeat::Unseen(String::new());
        assert_eq!(
            unseen.replay("lockstep run"),
            "lockstep run --frames sampled"
        );
    }
}
