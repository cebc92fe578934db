//! `lockstep matrix`: which version has which cause, as the cases show it.

use super::campaign;
use super::output::{self, Output};
use super::subjects::{Subject, Subjects};
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
use lockstep_core::matrix::{Matrix, Row};
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
    #[arg(long)]
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
    let subjects = options.subjects.found()?;
    let interrupt = Interrupt::install().map_err(OwnFault::Start)?;
    let mut matrix = Matrix::default();
    let mut troubles = 0;
    for subject in &subjects {
        say(&format!(
            "{}: {} cases",
            subject.version.name(),
            cases.len()
        ));
        matrix.add_subject(subject.version);
        troubles += options.run_on(subject, &cases, &mut matrix, &interrupt)?;
        if let Some((signal, name)) = interrupt.signal() {
            say(&format!(
                "lockstep: ended by {name}: the table is not complete"
            ));
            options.told(&matrix, format, page.as_ref(), false)?;
            return Ok(128 + signal);
        }
    }
    options.told(&matrix, format, page.as_ref(), true)?;
    let rows = matrix.rows();
    let entries = rows.iter().flat_map(|row| &row.cells);
    let disagreeing = entries.filter(|entry| entry.disagrees()).count() as u64;
    if format == Format::Text && !options.markdown {
        let mut out = Output::new();
        let line = conclusion(disagreeing, troubles, subjects.len() as u64);
        let written = writeln!(out, "{line}").and_then(|()| out.flush());
        written.map_err(OwnFault::from)?;
    }
    Ok(match disagreeing {
        1.. => DIVERGED,
        0 if troubles > 0 => BAD_INPUT,
        0 => OK,
    })
}

/// Whether the ledger is right.
fn conclusion(disagreeing: u64, troubles: u64, subjects: u64) -> String {
    let versions = counted(subjects, "version");
    match (disagreeing, troubles) {
        (0, 0) => format!("PASS: the ledger agrees with {versions}"),
        (0, troubles) => format!("FAIL: {} without a report", counted(troubles, "case")),
        (disagreeing, _) => format!(
            "FAIL: the ledger and {versions} disagree in {}",
            counted(disagreeing, "place")
        ),
    }
}

impl Options {
    /// Tells of the matrix, on the terminal and in the page.
    fn told(
        &self,
        matrix: &Matrix,
        format: Format,
        page: Option<&MatrixPage>,
        complete: bool,
    ) -> Result<(), OwnFault> {
        write(matrix, self, format)?;
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
}

fn write(matrix: &Matrix, options: &Options, format: Format) -> io::Result<()> {
    let mut out = Output::new();
    let rows = matrix.rows();
    let without_case = matrix.without_case();
    if format == Format::Json {
        let told = Told {
            schema: "lockstep.matrix/1",
            subjects: matrix.subjects(),
            rows: &rows,
            without_case,
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
    out.flush()
}
