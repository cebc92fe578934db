//! Which reproducer ran where: a line a report, a table of all.

use super::{Attempt, Topic, document};
use crate::Format;
use crate::output::Output;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What was written so far.
pub(super) struct Summary {
    format: Format,
    /// Whether nothing is run.
    no_run: bool,
    out: Output,
    rows: Vec<Row>,
}

/// A report.
#[derive(Serialize)]
struct Row {
    schema: &'static str,
    name: String,
    title: String,
    report: PathBuf,
    versions: Vec<Cell>,
}

/// What came of a report on a version.
#[derive(Serialize)]
struct Cell {
    version: String,
    /// Whether the version has what is reported.
    due: bool,
    /// `fails`, `refused`, `not run` or `none`.
    state: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<usize>,
}

impl Summary {
    pub(super) fn new(format: Format, no_run: bool) -> Summary {
        Summary {
            format,
            no_run,
            out: Output::new(),
            rows: Vec::new(),
        }
    }

    /// Says what came of a report.
    ///
    /// # Errors
    ///
    /// When it cannot be said.
    pub(super) fn add(
        &mut self,
        topic: &Topic,
        attempts: &[Attempt],
        out: &Path,
    ) -> io::Result<()> {
        let row = Row {
            schema: "lockstep.report/1",
            name: topic.name.clone(),
            title: document::title(topic, attempts),
            report: out.join(&topic.name).join("report.md"),
            versions: attempts.iter().map(cell).collect(),
        };
        match self.format {
            Format::Json => writeln!(self.out, "{}", serde_json::to_string(&row)?)?,
            Format::Text => {
                writeln!(self.out, "{}", row.report.display())?;
                for cell in row.versions.iter().filter(|cell| cell.due) {
                    let Cell {
                        version,
                        state,
                        detail,
                        ..
                    } = cell;
                    writeln!(
                        self.out,
                        "  {version:<7} {state:<8} {}",
                        detail.escape_debug()
                    )?;
                }
            }
        }
        self.out.flush()?;
        self.rows.push(row);
        Ok(())
    }

    /// Says how it ended; whether each version that has what is reported has a reproducer that was seen to
    /// fail, or nothing was to be run and each was written.
    ///
    /// # Errors
    ///
    /// When it cannot be said.
    pub(super) fn end(&mut self) -> io::Result<bool> {
        let cells = self.rows.iter().flat_map(|row| &row.versions);
        let due: Vec<&Cell> = cells.filter(|cell| cell.due).collect();
        let wanted = if self.no_run { "not run" } else { "fails" };
        let good = due.iter().filter(|cell| cell.state == wanted).count();
        if self.format == Format::Text {
            let what = if self.no_run {
                "were written, and not run"
            } else {
                "failed as they must"
            };
            writeln!(self.out, "{good} of {} reproducers {what}", due.len())?;
            self.out.flush()?;
        }
        Ok(good == due.len())
    }

    /// The table.
    pub(super) fn markdown(&self) -> String {
        let mut text =
            "# Reproducers\n\n`fails`: compiled against the published crate, run, and seen to \
                        fail. Lines are those of `main.rs` without the text of modules.\n\n"
                .to_owned();
        let versions = self.rows.first().map_or(&[][..], |row| &row.versions);
        let head: Vec<&str> = versions.iter().map(|cell| cell.version.as_str()).collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "| report | {} | lines |", head.join(" | "));
        let _ = writeln!(text, "| --- |{} ---: |", " --- |".repeat(head.len()));
        for row in &self.rows {
            let cells = row.versions.iter().map(|cell| match cell.due {
                true => cell.state,
                false => "-",
            });
            let cells: Vec<&str> = cells.collect();
            let lines = row.versions.iter().filter_map(|cell| cell.lines).max();
            let lines = lines.map_or_else(|| "-".to_owned(), |lines| lines.to_string());
            let name = &row.name;
            let _ = writeln!(
                text,
                "| [{name}]({name}/report.md) | {} | {lines} |",
                cells.join(" | ")
            );
        }
        text
    }
}

fn cell(attempt: &Attempt) -> Cell {
    let (state, detail) = match &attempt.made {
        Ok(made) => made.words(),
        Err(reason) => ("none", reason.to_string()),
    };
    Cell {
        version: attempt.version.number(),
        due: attempt.made.as_ref().err() != Some(&super::NoReproducer::NotThere),
        state,
        detail,
        lines: attempt.made.as_ref().ok().map(super::Made::lines),
    }
}
