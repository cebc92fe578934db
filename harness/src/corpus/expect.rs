//! What a corpus case expects of a version, and whether a run met it.

use super::scalars;
use crate::case::CaseReport;
use crate::divergence::{Divergence, Moment};
use crate::ledger::{is_terminal, knows};
use crate::report::counted;
use crate::report::text::verdict;
use crate::rules::RuleId;
use crate::version::Version;
use std::collections::BTreeSet;

/// What a corpus case expects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// What must come of it.
    pub verdict: Verdict,
    /// The rule that diverged when the case was found.
    pub rule: Option<RuleId>,
    /// The kind of moment at which it diverged then.
    pub moment: Option<Moment>,
}

/// What must come of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Subject and oracle agree, and nothing needs the ledger.
    #[default]
    Agreement,
    /// On these versions exactly those of these ledger entries match that the ledger has of the
    /// version, on others there is agreement.
    Known {
        /// The entries' ids, in the order of the alphabet.
        entries: BTreeSet<&'static str>,
        /// The versions of the subject.
        subjects: Vec<String>,
    },
}

impl Expectation {
    /// These ledger entries on the versions that the ledger has them of; agreement if there is none.
    ///
    /// # Errors
    ///
    /// If the ledger has no entry of that id.
    pub fn of_entries(ids: &[String]) -> Result<Expectation, String> {
        let ids = ids.iter().filter(|id| *id != AGREEMENT);
        let entries: BTreeSet<&'static str> =
            ids.map(|id| scalars::entry(id)).collect::<Result<_, _>>()?;
        Ok(Expectation::known(entries))
    }

    fn known(entries: BTreeSet<&'static str>) -> Expectation {
        let of = |subject: &&Version| entries.iter().any(|entry| knows(**subject, entry));
        let subjects = Version::ALL.iter().filter(of);
        let subjects = subjects.map(|subject| subject.number().to_owned());
        let verdict = match entries.is_empty() {
            true => Verdict::Agreement,
            false => Verdict::Known {
                subjects: subjects.collect(),
                entries,
            },
        };
        Expectation {
            verdict,
            ..Expectation::default()
        }
    }

    /// What a run shows once its unexplained divergences are gone: the ledger entries that matched.
    /// What diverged first is kept for reduction.
    pub fn of_report(report: &CaseReport, subject: Version) -> Expectation {
        let mut expected = Expectation::known(report.known.keys().copied().collect());
        if let Verdict::Known { subjects, .. } = &mut expected.verdict {
            // Of others nothing is known yet.
            subjects.retain(|number| number == subject.number());
        }
        match report.divergences.first() {
            Some(found) => expected.found(found),
            None => expected,
        }
    }

    /// The same, with what diverged when the case was found.
    pub fn found(self, divergence: &Divergence) -> Expectation {
        Expectation {
            rule: Some(divergence.rule),
            moment: Some(divergence.moment),
            ..self
        }
    }

    /// The ledger entries that must match on this version.
    pub fn entries(&self, version: Version) -> BTreeSet<&'static str> {
        match &self.verdict {
            Verdict::Known { entries, subjects }
                if subjects.iter().any(|v| v == version.number()) =>
            {
                let entries = entries.iter().copied();
                entries.filter(|entry| knows(version, entry)).collect()
            }
            Verdict::Known { .. } | Verdict::Agreement => BTreeSet::new(),
        }
    }

    /// Whether a run on this version met the expectation.
    ///
    /// # Errors
    ///
    /// One sentence on what is not as expected.
    pub fn judge(&self, report: &CaseReport, subject: Version) -> Result<(), String> {
        if !report.divergences.is_empty() {
            let number = counted(report.divergences.len() as u64, "unexplained divergence");
            return Err(number);
        }
        if verdict(report) == "diverged" {
            return Err("a step did not end as the case says".to_owned());
        }
        let mut wanted = self.entries(subject);
        let mut matched: BTreeSet<&'static str> = report.known.keys().copied().collect();
        if matched.iter().any(|entry| is_terminal(entry)) {
            // What else is seen before the end differs from run to run.
            wanted.retain(|entry| is_terminal(entry));
            matched.retain(|entry| is_terminal(entry));
        }
        if let Some(entry) = wanted.difference(&matched).next() {
            return Err(format!(
                "the ledger entry {entry} should match and does not"
            ));
        }
        match matched.difference(&wanted).next() {
            Some(entry) => Err(format!("the ledger entry {entry} matches unexpectedly")),
            None => Ok(()),
        }
    }
}

/// The word for [`Verdict::Agreement`].
pub(super) const AGREEMENT: &str = "agreement";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger;

    const MINE: Version = Version::Wasmtime42;

    fn matched(entries: &[&'static str]) -> CaseReport {
        let mut report = CaseReport::default();
        report.known.extend(entries.iter().map(|&entry| (entry, 1)));
        report
    }

    fn known(entries: &[&str]) -> Expectation {
        let ids: Vec<String> = entries.iter().map(|&id| id.to_owned()).collect();
        Expectation::of_entries(&ids).unwrap()
    }

    #[test]
    fn exactly_the_expected_entries_must_match() {
        let agreement = Expectation::default();
        let trap_pc = known(&[ledger::TRAP_PC]);
        assert_eq!(agreement.judge(&matched(&[]), MINE), Ok(()));
        assert_eq!(trap_pc.judge(&matched(&[ledger::TRAP_PC]), MINE), Ok(()));
        for (expected, report) in [
            (&agreement, matched(&[ledger::TRAP_PC])),
            (&trap_pc, matched(&[])),
            (&trap_pc, matched(&[ledger::TRAP_PC, ledger::TRAP_STACK])),
        ] {
            assert!(expected.judge(&report, MINE).is_err(), "{expected:?}");
        }
    }

    #[test]
    fn beside_a_terminal_entry_the_others_may_match_or_not() {
        let both = known(&[ledger::TRAP_PC, ledger::PULLEY_REGISTERS]);
        assert_eq!(
            both.judge(&matched(&[ledger::PULLEY_REGISTERS]), MINE),
            Ok(())
        );
        assert!(both.judge(&matched(&[ledger::TRAP_PC]), MINE).is_err());
        let other = known(&[ledger::TRAP_PC]);
        assert!(
            other
                .judge(&matched(&[ledger::PULLEY_REGISTERS]), MINE)
                .is_err()
        );
    }

    #[test]
    fn other_versions_must_agree() {
        let verdict = Verdict::Known {
            entries: [ledger::TRAP_PC].into(),
            subjects: vec![Version::Wasmtime48.number().to_owned()],
        };
        let expected = Expectation {
            verdict,
            ..Expectation::default()
        };
        // Nor does the ledger have the entry of the version that is named.
        assert!(expected.entries(Version::Wasmtime48).is_empty());
        assert!(expected.judge(&matched(&[ledger::TRAP_PC]), MINE).is_err());
        assert_eq!(expected.judge(&matched(&[]), MINE), Ok(()));
    }

    #[test]
    fn a_step_that_fails_is_no_agreement() {
        use crate::case::{CommandReport, Status};
        let mut report = matched(&[]);
        report.commands.push(CommandReport {
            line: 1,
            kind: "action",
            text: String::new(),
            status: Status::Failed("it returns 2".to_owned()),
            outcome: None,
        });
        assert!(Expectation::default().judge(&report, MINE).is_err());
    }

    #[test]
    fn only_entries_of_the_ledger_can_be_expected() {
        assert!(Expectation::of_entries(&["W42".to_owned()]).is_err());
        let agreement = Expectation::of_entries(&[AGREEMENT.to_owned()]);
        assert_eq!(agreement, Ok(Expectation::default()));
    }
}
