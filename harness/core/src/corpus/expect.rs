//! What a corpus case expects of a version, and whether a run met it.

use super::CorpusCase;
use crate::case::{CaseReport, Judgement};
use crate::causes::hazard::Dare;
use crate::causes::{Cause, NoCause};
use crate::divergence::{Divergence, Moment};
use crate::lockstep::daring::DareResult;
use crate::report::counted;
use crate::rules::RuleId;
use crate::version::Version;
use std::collections::BTreeSet;

/// What a corpus case expects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// What must come of it.
    pub verdict: Verdict,
    /// Causes that match or not, as the configuration has it: which events are asked for depends on it.
    pub may: BTreeSet<Cause>,
    /// The rule that diverged when the case was found.
    pub rule: Option<RuleId>,
    /// The kind of moment at which it diverged then.
    pub moment: Option<Moment>,
}

/// What must come of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Subject and oracle agree, and no cause is needed.
    #[default]
    Agreement,
    /// On these versions exactly those of these causes match that the version has, on others there is
    /// agreement.
    Known {
        /// The causes.
        causes: BTreeSet<Cause>,
        /// The versions of the subject.
        subjects: Vec<String>,
    },
}

impl Expectation {
    /// These causes on the versions that have them; agreement if there is none.
    ///
    /// # Errors
    ///
    /// If there is no cause of that id.
    pub fn of_causes(ids: &[String]) -> Result<Expectation, NoCause> {
        let ids = ids.iter().filter(|id| *id != AGREEMENT);
        let causes = ids.map(|id| id.parse()).collect::<Result<_, _>>()?;
        Ok(Expectation::known(causes))
    }

    fn known(causes: BTreeSet<Cause>) -> Expectation {
        let of = |subject: &&Version| causes.iter().any(|cause| cause.is_of(**subject));
        let subjects = Version::TABLE.iter().filter(of);
        let subjects = subjects.map(|subject| subject.number());
        let verdict = match causes.is_empty() {
            true => Verdict::Agreement,
            false => Verdict::Known {
                subjects: subjects.collect(),
                causes,
            },
        };
        Expectation {
            verdict,
            ..Expectation::default()
        }
    }

    /// What a run shows once its unexplained divergences are gone: the causes that matched.
    /// What diverged first is kept for reduction.
    pub fn of_report(report: &CaseReport, subject: Version) -> Expectation {
        let mut expected = Expectation::known(report.known.keys().copied().collect());
        if let Verdict::Known { subjects, .. } = &mut expected.verdict {
            // Of others nothing is known yet.
            subjects.retain(|number| *number == subject.of_table().number());
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

    /// The causes that must match on some version, or may.
    pub fn all_causes(&self) -> BTreeSet<Cause> {
        match &self.verdict {
            Verdict::Known { causes, .. } => causes | &self.may,
            Verdict::Agreement => self.may.clone(),
        }
    }

    /// The causes that must match on this version.
    pub fn causes(&self, version: Version) -> BTreeSet<Cause> {
        match &self.verdict {
            Verdict::Known { causes, subjects }
                if subjects.contains(&version.of_table().number()) =>
            {
                let causes = causes.iter().copied();
                causes.filter(|cause| cause.is_of(version)).collect()
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
        if report.judgement() == Judgement::NotMet {
            return Err("a step did not end as the case says".to_owned());
        }
        let mut wanted = self.causes(subject);
        let mut matched: BTreeSet<Cause> = report.known.keys().copied().collect();
        if subject.of_table().release() != subject.release() {
            // No case file speaks for it: of the causes that this one names, any may match that it has.
            wanted = self.all_causes();
            wanted.retain(|cause| matched.contains(cause) && cause.is_of(subject));
        }
        if report.dared.is_some() {
            // The case ends with the dare: what is behind it is not seen.
            wanted.retain(|cause| matched.contains(cause));
        }
        if matched.iter().any(|cause| cause.ends()) {
            // What else is seen before the end differs from run to run.
            wanted.retain(|cause| cause.ends());
            matched.retain(|cause| cause.ends());
        }
        // Causes that may match are those that the version has.
        matched.retain(|cause| {
            wanted.contains(cause) || !self.may.contains(cause) || !cause.is_of(subject)
        });
        if let Some(cause) = wanted.difference(&matched).next() {
            return Err(format!("the cause {cause} should match and does not"));
        }
        match matched.difference(&wanted).next() {
            Some(cause) => Err(format!("the cause {cause} matches unexpectedly")),
            None => Ok(()),
        }
    }
}

impl CorpusCase {
    /// Whether a run in a worker, where hazards are dared, met what the case expects: the one that it names
    /// must be confirmed on the versions that have it.
    ///
    /// # Errors
    ///
    /// One sentence on what is not as expected.
    pub fn judge(&self, report: &CaseReport, subject: Version) -> Result<(), String> {
        self.expect.judge(report, subject)?;
        let Some(Dare::Cause(cause)) = self.case.schedule.dare else {
            return Ok(());
        };
        match report.dared.map(|dared| dared.result) {
            _ if !cause.is_of(subject) => Ok(()),
            Some(DareResult::Confirmed) => Ok(()),
            Some(DareResult::Compared) => {
                Err(format!("the cause {cause} is dared and not confirmed"))
            }
            None => Err(format!(
                "the case does not meet the cause {cause}, which it dares"
            )),
        }
    }
}

/// The word for [`Verdict::Agreement`].
pub(super) const AGREEMENT: &str = "agreement";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lockstep::daring::Dared;

    const MINE: Version = Version::V42;

    fn matched(causes: &[Cause]) -> CaseReport {
        let mut report = CaseReport::default();
        report.known.extend(causes.iter().map(|&cause| (cause, 1)));
        report
    }

    fn known(causes: &[Cause]) -> Expectation {
        Expectation::known(causes.iter().copied().collect())
    }

    #[test]
    fn beside_the_table_any_of_the_causes_may_match_that_the_version_has() {
        let beside: Version = "49".parse().unwrap();
        let expected = known(&[Cause::HostActivation, Cause::TrapPc]);
        assert_eq!(expected.judge(&matched(&[]), beside), Ok(()));
        let of_it = matched(&[Cause::HostActivation]);
        assert_eq!(expected.judge(&of_it, beside), Ok(()));
        for other in [Cause::TrapPc, Cause::IfParams] {
            assert!(expected.judge(&matched(&[other]), beside).is_err());
        }
        let checkout = Version::V48.as_local();
        assert!(expected.judge(&matched(&[]), checkout).is_err());
    }

    #[test]
    fn exactly_the_expected_entries_must_match() {
        let agreement = Expectation::default();
        let trap_pc = known(&[Cause::TrapPc]);
        assert_eq!(agreement.judge(&matched(&[]), MINE), Ok(()));
        assert_eq!(trap_pc.judge(&matched(&[Cause::TrapPc]), MINE), Ok(()));
        for (expected, report) in [
            (&agreement, matched(&[Cause::TrapPc])),
            (&trap_pc, matched(&[])),
            (&trap_pc, matched(&[Cause::TrapPc, Cause::TrapStack])),
        ] {
            assert!(expected.judge(&report, MINE).is_err(), "{expected:?}");
        }
    }

    #[test]
    fn beside_a_cause_that_ends_the_others_may_match_or_not() {
        let both = known(&[Cause::TrapPc, Cause::PulleyRegisters]);
        assert_eq!(
            both.judge(&matched(&[Cause::PulleyRegisters]), MINE),
            Ok(())
        );
        assert!(both.judge(&matched(&[Cause::TrapPc]), MINE).is_err());
        let other = known(&[Cause::TrapPc]);
        assert!(
            other
                .judge(&matched(&[Cause::PulleyRegisters]), MINE)
                .is_err()
        );
    }

    #[test]
    fn a_cause_that_may_match_needs_not_but_must_be_one_of_the_version() {
        let may = Expectation {
            may: [Cause::TrapPc, Cause::TryCallee].into(),
            ..Expectation::default()
        };
        for report in [matched(&[]), matched(&[Cause::TrapPc, Cause::TryCallee])] {
            assert_eq!(may.judge(&report, MINE), Ok(()));
        }
        let another = matched(&[Cause::TryCallee, Cause::TrapStack]);
        assert!(may.judge(&another, MINE).is_err());
        assert!(!Cause::TrapPc.is_of(Version::V48));
        let of_another = matched(&[Cause::TrapPc]);
        assert!(may.judge(&of_another, Version::V48).is_err());
    }

    fn daring(result: Option<DareResult>) -> CaseReport {
        let cause = Cause::V128Slot;
        CaseReport {
            dared: result.map(|result| Dared { cause, result }),
            ..CaseReport::default()
        }
    }

    #[test]
    fn what_a_case_dares_must_be_confirmed_where_it_is_known() {
        let mut case = CorpusCase {
            case: crate::case::Case::of_module("dares", Vec::new()),
            expect: known(&[Cause::TrapPc]),
            path: std::path::PathBuf::new(),
        };
        case.case.schedule.dare = Some(Dare::Cause(Cause::V128Slot));
        let judged = |result, subject| case.judge(&daring(result), subject);
        assert_eq!(judged(Some(DareResult::Confirmed), MINE), Ok(()));
        assert!(judged(Some(DareResult::Compared), MINE).is_err());
        assert!(judged(None, MINE).is_err());
        case.expect = Expectation::default();
        assert_eq!(case.judge(&daring(None), Version::V48), Ok(()));
    }

    #[test]
    fn other_versions_must_agree() {
        let verdict = Verdict::Known {
            causes: [Cause::TrapPc].into(),
            subjects: vec![Version::V48.number()],
        };
        let expected = Expectation {
            verdict,
            ..Expectation::default()
        };
        // Nor has the version that is named the cause.
        assert!(expected.causes(Version::V48).is_empty());
        assert!(expected.judge(&matched(&[Cause::TrapPc]), MINE).is_err());
        assert_eq!(expected.judge(&matched(&[]), MINE), Ok(()));
    }

    #[test]
    fn a_step_that_fails_is_no_agreement() {
        use crate::case::{CommandReport, Directive, Status};
        let mut report = matched(&[]);
        report.commands.push(CommandReport {
            line: 1,
            kind: Directive::Action,
            text: String::new(),
            status: Status::Failed("it returns 2".to_owned()),
            outcome: None,
        });
        assert!(Expectation::default().judge(&report, MINE).is_err());
    }

    #[test]
    fn only_causes_of_the_table_can_be_expected() {
        assert!(Expectation::of_causes(&["W42".to_owned()]).is_err());
        let agreement = Expectation::of_causes(&[AGREEMENT.to_owned()]);
        assert_eq!(agreement, Ok(Expectation::default()));
    }
}
