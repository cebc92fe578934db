//! What a command counted, all cases together. Equal runs have equal totals, [`Measured`] apart.
//!
//! The words are defined in `harness/docs/json.md`. It never looks at a subject.

mod compared;
mod measured;

use crate::campaign::shard::Shard;
use crate::campaign::summary::Summary;
use crate::case::{CaseReport, CommandReport, Directive, Repeat, Status};
use crate::causes::{Cause, hazard};
use crate::lockstep::daring::DareResult;
use crate::lockstep::exercised::{RuleCoverage, RuleSet, exercised};
use crate::lockstep::families::{Checked, Family};
use crate::report::Unfinished;
use crate::rules::RuleId;
use crate::version::Version;
pub use compared::Compared;
use lockstep_oracles::opcode::Opcode;
pub(crate) use measured::peak_rss;
pub use measured::{Host, Measured};
use serde::Serialize;
use std::collections::BTreeMap;

/// The version of the totals' JSON.
pub const SCHEMA: &str = "lockstep.totals/1";

/// Totals of a command.
#[derive(Clone, Debug, Serialize)]
pub struct Totals {
    /// [`SCHEMA`]
    pub schema: &'static str,
    /// The engine under test.
    pub subject: String,
    /// Cases run.
    pub cases: u64,
    /// Assertions of scripts.
    pub assertions: Assertions,
    /// Every command of every case, plain actions and modules included, by what came of it.
    pub commands: Commands,
    /// What was compared; flattened into the totals.
    #[serde(flatten)]
    pub compared: Compared,
    /// Divergences.
    pub divergences: Divergences,
    /// Commands that ended exhausted or inconclusive.
    pub inconclusive: u64,
    /// Commands that were not executed.
    pub not_run: u64,
    /// Both kinds of commands by their reason.
    pub undecided_by_reason: BTreeMap<String, u64>,
    /// Opcodes of Wasm 2.0 executed and compared.
    pub opcodes: OpcodeCoverage,
    /// Which rules' checkers compared something.
    pub rules: RuleCoverage,
    /// What was dared, by cause.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dared: BTreeMap<Cause, Dares>,
    /// Cases that the harness itself could not finish: a defect of Lockstep.
    pub internal_errors: u64,
    /// Cases that the machine ended, or refused what they need: nothing is known of the subject.
    pub of_machine: u64,
    /// Cases that cannot be carried out: they are not among `cases`.
    pub bad_input: u64,
    /// Cases that differed under the sampled frame policy and were run again with everything compared.
    #[serde(skip_serializing_if = "is_zero")]
    pub repeated: u64,
    /// Those of them of which nothing differed then.
    #[serde(skip_serializing_if = "is_zero")]
    pub unseen: u64,
    /// Planned cases that were not begun, because a deadline came or the first finding ended the run.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_begun: u64,
    /// The part of a campaign that these are the totals of; none if they are the whole's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The generated cases of a campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Summary>,
    /// The only part that differs between equal runs.
    pub measured: Measured,
    /// Whether it is right that nothing was compared.
    #[serde(skip)]
    pub allow_empty: bool,
    /// Commands that passed and only prepared something: by themselves they compare nothing.
    #[serde(skip)]
    pub(crate) prepared: u64,
    /// Events by opcode.
    #[serde(skip)]
    pub events_by_opcode: Vec<u64>,
    /// Families of rules checked at each opcode.
    #[serde(skip)]
    pub checked: Checked,
    /// Rules that were exercised.
    #[serde(skip)]
    pub(crate) exercised: RuleSet,
    /// The engine under test.
    #[serde(skip)]
    pub(crate) version: Version,
}

/// Assertions by result.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Assertions {
    /// Satisfied by the oracle and both executions.
    pub passed: u64,
    /// Not satisfied by one of them.
    pub failed: u64,
    /// Lockstep cannot execute them.
    pub unsupported: u64,
    /// Cut short or not run, so neither.
    pub undecided: u64,
    /// The same, by directive.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_kind: BTreeMap<Directive, Assertions>,
}

/// Commands by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Commands {
    /// [`Status::Passed`]
    pub passed: u64,
    /// [`Status::Failed`]
    pub failed: u64,
    /// [`Status::Unsupported`]
    pub unsupported: u64,
    /// [`Status::Exhausted`]
    pub exhausted: u64,
    /// [`Status::Inconclusive`]
    pub inconclusive: u64,
    /// [`Status::NotRun`]
    pub not_run: u64,
    /// [`Status::Void`]
    pub void: u64,
}

/// Divergences by explanation.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Divergences {
    /// Without an explanation: one a rule, execution and case.
    pub unexplained: u64,
    /// Explained by a known cause.
    pub known: u64,
    /// The known ones by cause.
    pub by_cause: BTreeMap<Cause, u64>,
    /// The unexplained ones by rule.
    pub by_rule: BTreeMap<RuleId, u64>,
}

/// How often a hazard was dared, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dares {
    /// Cases that dared it.
    pub dared: u64,
    /// Those in which the process died, the engine panicked, or something else was seen than should be.
    pub confirmed: u64,
    /// Those in which what was seen was compared, as always.
    pub compared: u64,
    /// Whether it was never confirmed, and dared so often that it should have been
    /// ([`hazard::dares_to_tell`]): the subject may no longer have it.
    pub gone: bool,
}

impl Dares {
    fn count(&mut self, cause: Cause, result: DareResult) {
        self.dared += 1;
        match result {
            DareResult::Confirmed => self.confirmed += 1,
            DareResult::Compared => self.compared += 1,
        }
        self.gone = self.confirmed == 0 && self.dared >= hazard::dares_to_tell(cause);
    }
}

/// How much of the instruction set was at a matched event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OpcodeCoverage {
    /// Opcodes of Wasm 2.0.
    pub wasm_2_0: usize,
    /// Those of them that were at a matched event at least once.
    pub covered: usize,
    /// The same by family of rules.
    pub by_family: BTreeMap<&'static str, FamilyCoverage>,
}

/// At how many opcodes of Wasm 2.0 a family of rules was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FamilyCoverage {
    /// Opcodes at which it was checked.
    pub covered: usize,
    /// Opcodes at which it can be checked.
    pub of: usize,
}

impl FamilyCoverage {
    /// The coverage of each family, in the order of reports.
    pub fn each(checked: &Checked) -> impl Iterator<Item = (Family, FamilyCoverage)> {
        Family::ALL.into_iter().map(|family| {
            let wanted = || wasm_2_0_opcodes().filter(|op| family.applies(*op));
            let coverage = FamilyCoverage {
                covered: wanted().filter(|op| checked.has(family, *op)).count(),
                of: wanted().count(),
            };
            (family, coverage)
        })
    }

    /// The coverage of each family, by name.
    pub fn by_name(checked: &Checked) -> BTreeMap<&'static str, FamilyCoverage> {
        let each = FamilyCoverage::each(checked);
        each.map(|(family, coverage)| (family.name(), coverage))
            .collect()
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Assertions {
    /// Counts a case's assertions, without `by_kind`.
    pub fn of(commands: &[CommandReport]) -> Assertions {
        let mut counted = Assertions::default();
        commands
            .iter()
            .filter(|command| is_assertion(command))
            .for_each(|command| counted.count(command));
        counted
    }

    /// All assertions.
    pub fn total(&self) -> u64 {
        self.passed + self.failed + self.unsupported + self.undecided
    }

    fn count(&mut self, command: &CommandReport) {
        match &command.status {
            Status::Passed => self.passed += 1,
            Status::Exhausted if command.kind == Directive::AssertExhaustion => self.passed += 1,
            Status::Failed(_) => self.failed += 1,
            Status::Unsupported(_) => self.unsupported += 1,
            Status::Exhausted | Status::Inconclusive(_) | Status::NotRun(_) | Status::Void(_) => {
                self.undecided += 1
            }
        }
    }
}

/// Whether a command is an assertion.
pub fn is_assertion(command: &CommandReport) -> bool {
    command.kind.is_assertion()
}

impl Commands {
    fn count(&mut self, status: &Status) {
        let counter = match status {
            Status::Passed => &mut self.passed,
            Status::Failed(_) => &mut self.failed,
            Status::Unsupported(_) => &mut self.unsupported,
            Status::Exhausted => &mut self.exhausted,
            Status::Inconclusive(_) => &mut self.inconclusive,
            Status::NotRun(_) => &mut self.not_run,
            Status::Void(_) => &mut self.void,
        };
        *counter += 1;
    }
}

impl Totals {
    /// No case yet, of this subject.
    pub fn of(subject: Version) -> Totals {
        let mut totals = Totals {
            subject: subject.name(),
            version: subject,
            ..Totals::default()
        };
        totals.cover();
        totals
    }
}

impl Default for Totals {
    fn default() -> Totals {
        let mut totals = Totals {
            schema: SCHEMA,
            subject: Version::default().name(),
            cases: 0,
            assertions: Assertions::default(),
            commands: Commands::default(),
            compared: Compared::default(),
            divergences: Divergences::default(),
            inconclusive: 0,
            not_run: 0,
            undecided_by_reason: BTreeMap::new(),
            opcodes: OpcodeCoverage::default(),
            rules: RuleCoverage::default(),
            dared: BTreeMap::new(),
            internal_errors: 0,
            of_machine: 0,
            bad_input: 0,
            repeated: 0,
            unseen: 0,
            not_begun: 0,
            shard: None,
            campaign: None,
            measured: Measured::default(),
            allow_empty: false,
            prepared: 0,
            events_by_opcode: vec![0; Opcode::ALL.len()],
            checked: Checked::default(),
            exercised: RuleSet::default(),
            version: Version::default(),
        };
        totals.cover();
        totals
    }
}

impl Totals {
    /// Adds a case.
    pub fn add(&mut self, report: &CaseReport) {
        self.cases += 1;
        for command in &report.commands {
            self.commands.count(&command.status);
            let passed = matches!(command.status, Status::Passed);
            self.prepared += u64::from(passed && command.kind.prepares());
            if let Some(why) = command.undecided() {
                *self.undecided_by_reason.entry(why.to_owned()).or_insert(0) += 1;
            }
            if is_assertion(command) {
                self.assertions.count(command);
                self.assertions
                    .by_kind
                    .entry(command.kind)
                    .or_default()
                    .count(command);
            }
        }
        self.inconclusive = self.commands.exhausted + self.commands.inconclusive;
        self.not_run = self.commands.not_run;
        self.compared.add(Compared::from(&report.tally));
        for (mine, theirs) in self.events_by_opcode.iter_mut().zip(&report.tally.opcodes) {
            *mine += theirs;
        }
        self.checked.add(&report.tally.checked);
        self.exercised.add(&exercised(&report.tally));
        if self.assertions.passed + self.assertions.failed > 0 {
            self.exercised.note(RuleId::Assertion);
        }
        self.repeated += u64::from(report.repeat != Repeat::Once);
        self.unseen += u64::from(matches!(report.repeat, Repeat::Unseen(_)));
        self.cover();
        self.add_divergences(report);
        if let Some(dared) = report.dared {
            self.dared
                .entry(dared.cause)
                .or_default()
                .count(dared.cause, dared.result);
        }
    }

    /// Adds what came of a case before it ended without a report, which is counted where that is added.
    pub fn add_earlier(&mut self, report: &CaseReport) {
        self.add(report);
        self.cases -= 1;
    }

    fn add_divergences(&mut self, report: &CaseReport) {
        let divergences = &mut self.divergences;
        for divergence in &report.divergences {
            divergences.unexplained += 1;
            *divergences.by_rule.entry(divergence.rule).or_insert(0) += 1;
        }
        for (cause, count) in &report.known {
            divergences.known += count;
            *divergences.by_cause.entry(*cause).or_insert(0) += count;
        }
    }

    /// Adds a case without a report.
    pub fn add_unfinished(&mut self, unfinished: &Unfinished) {
        self.cases += 1;
        match unfinished {
            Unfinished::Internal(_) => self.internal_errors += 1,
            Unfinished::Machine(_) => self.of_machine += 1,
        }
    }

    fn cover(&mut self) {
        let wanted = || wasm_2_0_opcodes();
        self.opcodes = OpcodeCoverage {
            wasm_2_0: wanted().count(),
            covered: wanted().filter(|op| self.events(*op) > 0).count(),
            by_family: FamilyCoverage::by_name(&self.checked),
        };
        self.rules = RuleCoverage::of(&self.exercised, self.version);
        if self.assertions.total() == 0 {
            let why = "no script with assertions was run";
            self.rules.leave_out(RuleId::Assertion, why);
        }
    }

    /// Matched events at an opcode.
    pub fn events(&self, opcode: Opcode) -> u64 {
        self.events_by_opcode[opcode as usize]
    }

    /// Whether something is wrong with the subject, or too little is known of it: the exit code is
    /// then 1.
    pub fn diverged(&self) -> bool {
        let undecided = self.campaign.as_ref().is_some_and(Summary::is_inconclusive);
        self.divergences.unexplained > 0 || self.commands.failed > 0 || undecided
    }

    /// Whether no case had anything to compare: none was run, or each was refused, unsupported or
    /// inconclusive before its first event, or only instantiated what shows nothing.
    pub fn compared_nothing(&self) -> bool {
        let (commands, compared) = (&self.commands, &self.compared);
        let executed = commands.passed - self.prepared + commands.failed + commands.exhausted;
        let looked = compared.sequence_points + compared.entities + compared.host_calls;
        let found = self.divergences.unexplained + self.divergences.known;
        executed + looked + found == 0 && self.dared.is_empty()
    }
}

/// The opcodes of Wasm 2.0.
pub fn wasm_2_0_opcodes() -> impl Iterator<Item = Opcode> {
    Opcode::ALL.iter().copied().filter(|op| op.in_wasm_2_0())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lockstep::daring::Dared;

    fn report(commands: &[(Directive, Status)]) -> CaseReport {
        let commands = commands.iter().map(|(kind, status)| CommandReport {
            line: 1,
            kind: *kind,
            text: kind.to_string(),
            status: status.clone(),
            outcome: None,
        });
        CaseReport {
            commands: commands.collect(),
            ..CaseReport::default()
        }
    }

    #[test]
    fn an_exhaustion_that_was_asserted_passes_and_is_inconclusive() {
        let mut totals = Totals::default();
        totals.add(&report(&[
            (Directive::AssertExhaustion, Status::Exhausted),
            (Directive::AssertReturn, Status::Exhausted),
        ]));
        assert_eq!(
            (totals.assertions.passed, totals.assertions.undecided),
            (1, 1)
        );
        assert_eq!(totals.inconclusive, 2);
        assert!(!totals.diverged());
    }

    #[test]
    fn an_instantiation_alone_compares_nothing() {
        let module = || {
            [
                (Directive::Module, Status::Passed),
                (Directive::Register, Status::Passed),
            ]
        };
        let mut totals = Totals::default();
        totals.add(&report(&module()));
        assert!(totals.compared_nothing());
        let mut with_entity = report(&module());
        with_entity.tally.entities = 1;
        let others = [
            with_entity,
            report(&[(Directive::Module, Status::Failed("why".to_owned()))]),
            report(&[(Directive::AssertInvalid, Status::Passed)]),
            report(&[(Directive::Invoke, Status::Passed)]),
        ];
        for other in others {
            let mut totals = Totals::default();
            totals.add(&report(&module()));
            totals.add(&other);
            assert!(!totals.compared_nothing(), "{other:?}");
        }
    }

    #[test]
    fn what_was_dared_often_and_never_confirmed_is_gone() {
        use DareResult::{Compared, Confirmed};
        let (mine, other, gone) = (Cause::V128Slot, Cause::UnsetLocal, Cause::TrapSlot);
        let mut totals = Totals::default();
        let few = [(mine, Compared), (other, Compared), (mine, Confirmed)];
        let many = std::iter::repeat_n((gone, Compared), 10);
        for (cause, result) in few.into_iter().chain(many) {
            totals.add(&CaseReport {
                dared: Some(Dared { cause, result }),
                ..CaseReport::default()
            });
        }
        let dares = |dared, confirmed, compared, gone| Dares {
            dared,
            confirmed,
            compared,
            gone,
        };
        assert_eq!(totals.dared[&mine], dares(2, 1, 1, false));
        // Once may be chance.
        assert_eq!(totals.dared[&other], dares(1, 0, 1, false));
        assert_eq!(totals.dared[&gone], dares(10, 0, 10, true));
        assert!(!totals.diverged());
        let json = serde_json::to_value(&totals).unwrap();
        assert_eq!(json["dared"]["TRAP-SLOT"]["gone"], true);
        assert!(
            serde_json::to_value(Totals::default())
                .unwrap()
                .get("dared")
                .is_none()
        );
    }

    #[test]
    fn every_assertion_is_counted_once_and_by_kind() {
        let mut totals = Totals::default();
        let why = || "why".to_owned();
        totals.add(&report(&[
            (Directive::Module, Status::Passed),
            (Directive::AssertReturn, Status::Passed),
            (Directive::AssertReturn, Status::Failed(why())),
            (Directive::AssertTrap, Status::NotRun(why())),
            (Directive::AssertSuspension, Status::Unsupported(why())),
            (Directive::Action, Status::Failed(why())),
        ]));
        let assertions = &totals.assertions;
        assert_eq!(assertions.total(), 4);
        assert_eq!(
            (assertions.passed, assertions.failed, assertions.unsupported),
            (1, 1, 1)
        );
        assert_eq!(assertions.by_kind[&Directive::AssertReturn].total(), 2);
        assert_eq!(totals.commands.failed, 2);
        assert_eq!(totals.not_run, 1);
        assert!(totals.diverged());
    }

    #[test]
    fn opcodes_are_covered_by_matched_events() {
        let mut totals = Totals::default();
        assert_eq!((totals.opcodes.wasm_2_0, totals.opcodes.covered), (437, 0));
        let mut report = report(&[]);
        report.tally.opcodes[Opcode::I32Add as usize] = 3;
        totals.add(&report);
        totals.add(&report);
        assert_eq!(totals.opcodes.covered, 1);
        assert_eq!(totals.events(Opcode::I32Add), 6);
    }

    #[test]
    fn families_are_covered_by_what_was_checked_at_any_time() {
        let mut totals = Totals::default();
        let mut first = report(&[]);
        first.tally.checked.note(Family::Locals, Opcode::I32Add);
        first.tally.checked.note(Family::Trap, Opcode::I32DivS);
        let mut second = report(&[]);
        second.tally.checked.note(Family::Locals, Opcode::I32Add);
        second.tally.checked.note(Family::Locals, Opcode::Nop);
        // Cannot trap: a row that is not wanted is not counted.
        second.tally.checked.note(Family::Trap, Opcode::Nop);
        totals.add(&first);
        totals.add(&second);
        let by_family = &totals.opcodes.by_family;
        let coverage = |covered, of| FamilyCoverage { covered, of };
        assert_eq!(by_family["locals"], coverage(2, 437));
        assert_eq!(by_family["trap"], coverage(1, 71));
        assert_eq!(by_family["host_call"], coverage(0, 2));
    }

    #[test]
    fn rules_are_exercised_by_any_case() {
        let mut totals = Totals::of(Version::V42);
        let count = totals.rules.of;
        assert!(!totals.rules.never.contains(&RuleId::Assertion));
        totals.add(&report(&[(Directive::AssertReturn, Status::Passed)]));
        let mut other = report(&[]);
        other.tally.throws = 1;
        totals.add(&other);
        let rules = &totals.rules;
        assert!(!rules.never.contains(&RuleId::Assertion));
        assert!(!rules.never.contains(&RuleId::ThrowEvent));
        assert!(rules.never.contains(&RuleId::Kept));
        assert_eq!(
            (rules.exercised + rules.never.len(), rules.of),
            (count + 1, count + 1)
        );
    }

    #[test]
    fn json_has_the_keys_that_readers_depend_on() {
        let json = serde_json::to_value(Totals::default()).unwrap();
        for key in [
            "schema",
            "subject",
            "cases",
            "assertions",
            "sequence_points",
            "frames",
            "values",
            "divergences",
            "hazards_avoided",
            "inconclusive",
            "not_run",
            "frames_skipped",
            "entities",
            "entities_skipped",
            "host_calls",
            "rules",
            "measured",
        ] {
            assert!(json.get(key).is_some(), "{key}");
        }
        let by_family = &json["opcodes"]["by_family"];
        for family in Family::ALL {
            for key in ["covered", "of"] {
                assert!(by_family[family.name()][key].is_u64(), "{family:?} {key}");
            }
        }
    }
}
