//! `lockstep matrix`: which version has which cause, as the cases show it.

use super::campaign;
use super::output::{self, Output};
use super::subjects::{NotBuilt, Subject, Subjects};
use super::{BAD_INPUT, DIVERGED, Format, OK, OwnFault};
use clap::Args;
use comfy_table::{Table, presets};
use lockstep_core::campaign::interrupt::Interrupt;
use lockstep_core::campaign::outcome::Outcome;
use lockstep_core::campaign::pool::{InTurn, PoolError};
use lockstep_core::campaign::protocol::{Request, What};
use lockstep_core::causes::Cause;
use lockstep_core::causes::hazard::Dare;
use lockstep_core::corpus::{self, CorpusCase};
use lockstep_core::matrix::{Cell, Matrix, Row};
use lockstep_core::report::page::MatrixPage;
use lockstep_core::report::progress::Progress;
use lockstep_core::report::shown::{Shown, say};
use lockstep_core::report::{Reporter, Silent, counted, json};
use lockstep_core::totals::Totals;
use lockstep_core::version::Version;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

/// Which version has which known cause, as the cases of the corpus show it
///
/// Runs each case on each version. A cause is *shown* where it matched in one of its cases, or what it
/// forbids was done and confirmed; *absent* where they ran and it was not; *not applicable* where none could
/// run; and a *new divergence* is one that no cause explains. The table is held against the ledger: where
/// they disagree, the exit code is 1.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  lockstep matrix                                         the corpus, on every version of the table
  lockstep matrix --subjects 42,43,44,45,46,47,48,49,50
  lockstep matrix fuzz/regressions/if-params.toml --subjects 49,path:../wasmtime --markdown
  lockstep matrix --format json | jq '.rows[] | select(.cells[].cell == \"new-divergence\")'")]
pub(super) struct Options {
    /// Case files or directories of them [default: fuzz/regressions]
    #[arg(value_name = "CASE|DIR")]
    paths: Vec<PathBuf>,
    /// The versions: as for --subject
    #[arg(long, value_name = "LIST", default_value = "all")]
    subjects: Subjects,
    /// Write a table in Markdown
    #[arg(long, conflicts_with = "format")]
    markdown: bool,
    #[command(flatten)]
    campaign: campaign::Options,
}

/// The default cases, from the top of the source tree.
const CORPUS: &str = "fuzz/regressions";

/// The cases that could be read, by their files.
type Cases = BTreeMap<PathBuf, CorpusCase>;

pub(super) fn run(options: &Options, format: Format) -> anyhow::Result<u8> {
    let default = [PathBuf::from(CORPUS)];
    let paths = match options.paths.is_empty() {
        true => &default[..],
        false => &options.paths[..],
    };
    let mut cases = Cases::new();
    for path in corpus::discover(paths)? {
        let case = corpus::load(&path)?;
        cases.insert(path, case);
    }
    let page = options.campaign.report.page.of_matrix()?;
    let (subjects, not_built) = options.subjects.that_can_be_built()?;
    let interrupt = Interrupt::install().map_err(OwnFault::Start)?;
    let mut matrix = Matrix::default();
    let mut troubles = 0;
    for subject in &subjects {
        say(&format!(
            "{}: {}",
            subject.version.name(),
            counted(cases.len() as u64, "case")
        ));
        matrix.add_subject(subject.version);
        troubles += options.run_on(subject, &cases, &mut matrix, &interrupt)?;
        if let Some((signal, name)) = interrupt.signal() {
            say(&format!(
                "lockstep: ended by {name}: the table is not complete"
            ));
            options.told(&matrix, &not_built, format, page.as_ref(), false)?;
            return Ok(128 + signal);
        }
    }
    let rows = matrix.rows();
    let entries = rows.iter().flat_map(|row| &row.cells);
    let came = Came {
        versions: subjects.len() as u64,
        compared: entries
            .clone()
            .any(|entry| entry.cell != Cell::NotApplicable),
        disagreeing: entries.filter(|entry| entry.disagrees()).count() as u64,
        troubles,
        not_built: not_built.len() as u64,
    };
    let complete = came.code() == OK || came.disagreeing > 0;
    options.told(&matrix, &not_built, format, page.as_ref(), complete)?;
    let line = came.conclusion();
    if format == Format::Text && !options.markdown {
        let mut out = Output::new();
        let written = writeln!(out, "{line}").and_then(|()| out.flush());
        written.map_err(OwnFault::from)?;
    } else if came.is_empty() {
        // Also said where no person reads the table.
        say(&format!("lockstep: {NOTHING}"));
    }
    Ok(came.code())
}

/// That a table shows nothing.
const NOTHING: &str =
    "no case here shows whether a version has a cause, so that nothing was held against the ledger";

/// What a matrix came to.
struct Came {
    /// Versions that ran.
    versions: u64,
    /// Whether a case showed of a cause whether a version has it.
    compared: bool,
    /// Places in which the ledger and the engine disagree.
    disagreeing: u64,
    /// Cases without a report.
    troubles: u64,
    /// Versions that could not be run.
    not_built: u64,
}

impl Came {
    /// Whether the ledger is right.
    fn conclusion(&self) -> String {
        let versions = counted(self.versions, "version");
        if self.disagreeing > 0 {
            let places = counted(self.disagreeing, "place");
            return format!("FAIL: the ledger and {versions} disagree in {places}");
        }
        if self.troubles > 0 {
            return format!("FAIL: {} without a report", counted(self.troubles, "case"));
        }
        if self.not_built > 0 {
            let missing = counted(self.not_built, "version");
            let missing = format!("FAIL: {missing} without a program");
            return match self.compared {
                true => format!("{missing}; the ledger agrees with {versions}"),
                false => missing,
            };
        }
        match self.is_empty() {
            false => format!("PASS: the ledger agrees with {versions}"),
            true => format!("FAIL: {NOTHING}"),
        }
    }

    /// Whether nothing is wrong but that nothing was shown.
    fn is_empty(&self) -> bool {
        !self.compared && self.troubles == 0 && self.not_built == 0
    }

    fn code(&self) -> u8 {
        match (self.disagreeing, self.troubles, self.not_built) {
            (1.., _, _) => DIVERGED,
            (0, 0, 0) if self.compared => OK,
            _ => BAD_INPUT,
        }
    }
}

impl Options {
    /// Tells of the matrix, on the terminal and in the page.
    fn told(
        &self,
        matrix: &Matrix,
        not_built: &[NotBuilt],
        format: Format,
        page: Option<&MatrixPage>,
        complete: bool,
    ) -> Result<(), OwnFault> {
        write(matrix, not_built, self, format)?;
        if let Some(Err(error)) = page.map(|page| page.write(matrix, complete)) {
            output::lost("the page", &error);
        }
        Ok(())
    }

    /// Runs the cases on a version; how many of them have no report.
    fn run_on(
        &self,
        subject: &Subject,
        cases: &Cases,
        matrix: &mut Matrix,
        interrupt: &Interrupt,
    ) -> anyhow::Result<u64> {
        let wishes = self.campaign.wishes(subject.version, 0);
        // The table comes at the end.
        let mut progress = Progress::of_campaign(Silent, Some(cases.len() as u64));
        let mut troubles = 0;
        let ended = self.campaign.pool(subject).run(
            cases.keys().cloned().map(What::File),
            |what: &What| Request::of(what.clone(), wishes.clone()),
            interrupt,
            &mut InTurn(|ran| {
                let judged = match Outcome::of(ran, String::new()) {
                    Outcome::Case(judged) => judged,
                    Outcome::BadInput(why) => {
                        troubles += 1;
                        say(&format!("lockstep: {}", Shown(&why)));
                        return Ok(());
                    }
                    Outcome::Abandoned => return Ok(()),
                };
                progress.case(&judged.finished)?;
                let What::File(path) = &judged.what else {
                    return Ok(());
                };
                match (&judged.finished.result, cases.get(path)) {
                    (Ok(report), Some(case)) => matrix.add(
                        subject.version,
                        &case.case.name,
                        &case.expect,
                        dared(case),
                        report,
                    ),
                    (Err(unfinished), _) => {
                        troubles += 1;
                        let said = format!("{}: {unfinished}", path.display());
                        say(&format!("lockstep: {}", Shown(&said)));
                    }
                    (Ok(_), None) => {}
                }
                Ok(())
            }),
        );
        ended.map_err(|error| match error {
            PoolError::Start(error) => OwnFault::Start(error),
            PoolError::Deliver(error) => OwnFault::Write(error),
        })?;
        progress
            .end(&Totals::of(subject.version))
            .map_err(OwnFault::from)?;
        Ok(troubles)
    }
}

/// The cause that a case dares.
fn dared(case: &CorpusCase) -> Option<Cause> {
    match case.case.schedule.dare {
        Some(Dare::Cause(cause)) => Some(cause),
        _ => None,
    }
}

#[derive(Serialize)]
struct Told<'a> {
    schema: &'static str,
    subjects: &'a [Version],
    rows: &'a [Row],
    without_case: Vec<Cause>,
    not_built: &'a [NotBuilt],
}

fn write(
    matrix: &Matrix,
    not_built: &[NotBuilt],
    options: &Options,
    format: Format,
) -> io::Result<()> {
    let mut out = Output::new();
    let rows = matrix.rows();
    let without_case = matrix.without_case();
    if format == Format::Json {
        let told = Told {
            schema: "lockstep.matrix/1",
            subjects: matrix.subjects(),
            rows: &rows,
            without_case,
            not_built,
        };
        json::line(&mut out, &told)?;
        return out.flush();
    }
    let mut table = Table::new();
    table.load_style(match options.markdown {
        true => presets::ASCII_MARKDOWN,
        false => presets::NOTHING,
    });
    let numbers = matrix.subjects().iter().map(|subject| subject.to_string());
    table.set_header(std::iter::once("cause".to_owned()).chain(numbers));
    for row in &rows {
        let cells = row.cells.iter().map(|entry| {
            let mark = if entry.disagrees() { " !" } else { "" };
            format!("{}{mark}", entry.cell.word())
        });
        table.add_row(std::iter::once(row.cause.to_string()).chain(cells));
    }
    let quiet = options.campaign.report.is_quiet();
    if !quiet {
        writeln!(out, "{}", table.trim_fmt())?;
    }
    for row in &rows {
        for entry in row.cells.iter().filter(|entry| entry.disagrees()) {
            let ledger = if entry.ledger { "" } else { "not " };
            writeln!(
                out,
                "\n{} on {}: {}, and by the ledger it is {ledger}there; its cases: {}",
                row.cause,
                entry.subject,
                entry.cell.word(),
                Shown(&row.cases.join(", "))
            )?;
        }
    }
    if !without_case.is_empty() && !quiet {
        let names: Vec<&str> = without_case.iter().map(|cause| cause.id()).collect();
        writeln!(out, "\nNo case here shows {}.", names.join(", "))?;
    }
    for NotBuilt {
        subject, reason, ..
    } in not_built
    {
        let said = format!("{subject} is not in the table: {reason}");
        writeln!(out, "\n{}", Shown(&said))?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(compared: bool, disagreeing: u64, troubles: u64, not_built: u64) -> (String, u8) {
        let came = Came {
            versions: 2,
            compared,
            disagreeing,
            troubles,
            not_built,
        };
        (came.conclusion(), came.code())
    }

    #[test]
    fn a_table_that_shows_nothing_does_not_pass() {
        let (line, code) = came(false, 0, 0, 0);
        assert_eq!(line, format!("FAIL: {NOTHING}"));
        assert_eq!(code, BAD_INPUT);
        let (line, code) = came(true, 0, 0, 0);
        assert_eq!(line, "PASS: the ledger agrees with 2 versions");
        assert_eq!(code, OK);
    }

    #[test]
    fn a_version_that_is_not_there_fails_the_others_unless_they_disagree() {
        let missing = "FAIL: 1 version without a program";
        let agrees = format!("{missing}; the ledger agrees with 2 versions");
        assert_eq!(came(true, 0, 0, 1), (agrees, BAD_INPUT));
        assert_eq!(came(false, 0, 0, 1), (missing.to_owned(), BAD_INPUT));
        let (line, code) = came(true, 3, 1, 1);
        assert!(
            line.starts_with("FAIL: the ledger and 2 versions disagree in 3 places"),
            "{line}"
        );
        assert_eq!(code, DIVERGED);
        assert_eq!(
            came(true, 0, 2, 0),
            ("FAIL: 2 cases without a report".to_owned(), BAD_INPUT)
        );
    }
}
