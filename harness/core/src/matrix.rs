//! Which version has which cause, as cases show it: causes by versions, held against the ledger.

use crate::case::{CaseReport, Judgement};
use crate::causes::Cause;
use crate::corpus::Expectation;
use crate::lockstep::daring::DareResult;
use crate::version::Version;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What the cases of a cause came to on a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// In one of them at least the cause matched, or what it forbids was confirmed.
    Shown,
    /// They ran, and it did not.
    Absent,
    /// None of them could be run there.
    NotApplicable,
    /// It did not, and something differs that no cause explains.
    New,
}

impl Cell {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Cell::Shown => "shown",
            Cell::Absent => "absent",
            Cell::NotApplicable => "not applicable",
            Cell::New => "new divergence",
        }
    }
}

/// What a case came to on a version, as far as the matrix asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Came {
    shown: BTreeSet<Cause>,
    diverged: bool,
    ran: bool,
}

impl Came {
    fn of(report: &CaseReport) -> Came {
        let mut shown: BTreeSet<Cause> = report.known.keys().copied().collect();
        let confirmed = report
            .dared
            .filter(|dared| dared.result == DareResult::Confirmed);
        shown.extend(confirmed.map(|dared| dared.cause));
        let not_run = matches!(
            report.judgement(),
            Judgement::Refused | Judgement::Unsupported
        );
        Came {
            ran: !not_run || !shown.is_empty(),
            diverged: !report.divergences.is_empty(),
            shown,
        }
    }
}

/// A case and what it came to on each version that ran it.
#[derive(Clone, Debug, Default)]
struct Case {
    /// Causes that it expects on some version.
    expected: BTreeSet<Cause>,
    came: BTreeMap<Version, Came>,
}

/// What cases came to on versions.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    subjects: Vec<Version>,
    cases: BTreeMap<String, Case>,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The cause.
    pub cause: Cause,
    /// Its cases.
    pub cases: Vec<String>,
    /// One a version, in the order in which they were added.
    pub cells: Vec<Entry>,
}

/// A cell of the table and what the ledger says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The version.
    pub subject: Version,
    /// What the engine did.
    pub cell: Cell,
    /// Whether the ledger says that the version has the cause.
    pub ledger: bool,
}

impl Entry {
    /// Whether the engine does otherwise than the ledger says.
    pub fn disagrees(&self) -> bool {
        match self.cell {
            Cell::Shown | Cell::NotApplicable => false,
            Cell::Absent => self.ledger,
            Cell::New => true,
        }
    }
}

impl Matrix {
    /// Adds a version; what is added next came of it.
    pub fn add_subject(&mut self, subject: Version) {
        if !self.subjects.contains(&subject) {
            self.subjects.push(subject);
        }
    }

    /// Adds what came of a case.
    pub fn add(
        &mut self,
        subject: Version,
        case: &str,
        expected: &Expectation,
        dared: Option<Cause>,
        report: &CaseReport,
    ) {
        let case = self.cases.entry(case.to_owned()).or_default();
        case.expected.extend(expected.all_causes());
        case.expected.extend(dared);
        case.came.insert(subject, Came::of(report));
    }

    /// The versions, in the order in which they were added.
    pub fn subjects(&self) -> &[Version] {
        &self.subjects
    }

    /// A row for every cause that a case expects or shows, in the ledger's order.
    pub fn rows(&self) -> Vec<Row> {
        let all = Cause::ALL.iter().copied();
        all.filter_map(|cause| self.row(cause)).collect()
    }

    /// The causes of the ledger that no case expects or shows.
    pub fn without_case(&self) -> Vec<Cause> {
        let all = Cause::ALL.iter().copied();
        all.filter(|&cause| self.row(cause).is_none()).collect()
    }

    fn row(&self, cause: Cause) -> Option<Row> {
        let concerned = |case: &&Case| {
            case.expected.contains(&cause)
                || case.came.values().any(|came| came.shown.contains(&cause))
        };
        let named = self.cases.iter().filter(|(_, case)| concerned(case));
        let (names, cases): (Vec<&String>, Vec<&Case>) = named.unzip();
        if cases.is_empty() {
            return None;
        }
        let entry = |&subject: &Version| Entry {
            subject,
            cell: cell(cause, subject, &cases),
            ledger: cause.is_of(subject),
        };
        Some(Row {
            cause,
            cases: names.into_iter().cloned().collect(),
            cells: self.subjects.iter().map(entry).collect(),
        })
    }
}

fn cell(cause: Cause, subject: Version, cases: &[&Case]) -> Cell {
    let came: Vec<&Came> = cases
        .iter()
        .filter_map(|case| case.came.get(&subject))
        .collect();
    if came.iter().any(|came| came.shown.contains(&cause)) {
        Cell::Shown
    } else if came.iter().any(|came| came.diverged) {
        Cell::New
    } else if came.iter().any(|came| came.ran) {
        Cell::Absent
    } else {
        Cell::NotApplicable
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::divergence::{Divergence, Execution};
    use crate::lockstep::daring::Dared;
    use crate::rules::RuleId;

    fn expecting(cause: Cause) -> Expectation {
        Expectation::of_causes(&[cause.id().to_owned()]).unwrap()
    }

    fn showing(cause: Cause) -> CaseReport {
        CaseReport {
            known: BTreeMap::from([(cause, 1)]),
            ..CaseReport::default()
        }
    }

    fn diverging() -> CaseReport {
        CaseReport {
            divergences: vec![Divergence::at_end(
                RuleId::Crash,
                Execution::Instrumented,
                String::new(),
                String::new(),
                String::new(),
            )],
            ..CaseReport::default()
        }
    }

    fn cells(matrix: &Matrix, cause: Cause) -> Vec<(Cell, bool)> {
        let rows = matrix.rows();
        let row = rows.iter().find(|row| row.cause == cause).unwrap();
        let cells = row.cells.iter();
        cells.map(|entry| (entry.cell, entry.disagrees())).collect()
    }

    /// A cause of 42 alone: shown there, gone where the ledger does not have it.
    #[test]
    fn what_the_engine_does_is_held_against_the_ledger() {
        let cause = Cause::TrapPc;
        assert!(cause.is_of(Version::V42) && !cause.is_of(Version::V48));
        let mut matrix = Matrix::default();
        for subject in Version::TABLE {
            matrix.add_subject(*subject);
        }
        let expected = expecting(cause);
        matrix.add(Version::V42, "a", &expected, None, &showing(cause));
        matrix.add(Version::V48, "a", &expected, None, &CaseReport::default());
        let known = [
            (Cell::Shown, false),
            (Cell::Absent, false),
            (Cell::NotApplicable, false),
        ];
        assert_eq!(cells(&matrix, cause), known);
        assert!(matrix.without_case().contains(&Cause::ALL[1]));

        // The ledger says that it is there, and that it is not.
        matrix.add(Version::V42, "a", &expected, None, &CaseReport::default());
        matrix.add(Version::V50, "a", &expected, None, &diverging());
        let wrong = [
            (Cell::Absent, true),
            (Cell::Absent, false),
            (Cell::New, true),
        ];
        assert_eq!(cells(&matrix, cause), wrong);

        // One case that shows it is enough.
        matrix.add(Version::V42, "b", &expected, None, &showing(cause));
        assert_eq!(cells(&matrix, cause)[0], (Cell::Shown, false));
    }

    #[test]
    fn what_is_confirmed_is_shown() {
        let cause = Cause::V128Slot;
        let dared = |result| CaseReport {
            dared: Some(Dared { cause, result }),
            ..CaseReport::default()
        };
        let mut matrix = Matrix::default();
        matrix.add_subject(Version::V42);
        let agrees = Expectation::default();
        for (result, cell) in [
            (DareResult::Confirmed, Cell::Shown),
            (DareResult::Compared, Cell::Absent),
        ] {
            matrix.add(Version::V42, "a", &agrees, Some(cause), &dared(result));
            assert_eq!(cells(&matrix, cause)[0].0, cell);
        }
    }
}
