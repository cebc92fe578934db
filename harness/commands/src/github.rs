//! What GitHub Actions shows of a run: an annotation for each finding, and a summary of the step.
//!
//! Source: *Workflow commands for GitHub Actions*, `::error` and `GITHUB_STEP_SUMMARY`.

use super::markdown;
use clap::ValueEnum;
use lockstep_core::case::{CaseReport, Status};
use lockstep_core::conclusion::Conclusion;
use lockstep_core::report::findings::Findings;
use lockstep_core::report::shown::{Shown, say};
use lockstep_core::report::{Finished, Reporter, grouped};
use lockstep_core::totals::Totals;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Whether GitHub Actions is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// Where it runs the program: GITHUB_ACTIONS says so
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl When {
    /// Whether it is told here.
    pub(super) fn is_wanted(self) -> bool {
        match self {
            When::Auto => std::env::var_os("GITHUB_ACTIONS").is_some_and(|runs| runs == "true"),
            When::Always => true,
            When::Never => false,
        }
    }
}

/// Where the summary of the step goes, if there is one.
pub(super) fn summary() -> Option<PathBuf> {
    let path = std::env::var_os("GITHUB_STEP_SUMMARY")?;
    (!path.is_empty()).then(|| path.into())
}

/// Annotates what another reporter reports.
pub(super) struct Annotations<W> {
    inner: Box<dyn Reporter>,
    /// Where commands go: the runner reads standard error, too.
    out: W,
    /// Where the summary is appended.
    summary: Option<PathBuf>,
    /// Which findings are annotated: those that are shown.
    findings: Findings,
    /// Rows of the summary's table.
    rows: String,
}

impl<W: Write> Annotations<W> {
    /// Annotates at most so many findings of a kind.
    pub(super) fn new(
        inner: Box<dyn Reporter>,
        out: W,
        summary: Option<PathBuf>,
        most: Option<u64>,
    ) -> Annotations<W> {
        Annotations {
            inner,
            out,
            summary,
            findings: Findings::at_most(most),
            rows: String::new(),
        }
    }

    /// Writes an annotation. That it cannot be written is no reason to stop.
    fn error(&mut self, title: &str, what: &str) {
        let (title, what) = (property(&format!("Lockstep: {title}")), data(what));
        let _ = writeln!(self.out, "::error title={title}::{what}");
    }

    fn row(&mut self, what: &str, finished: &Finished) {
        let (case, replay) = (&finished.name, &finished.replay);
        let [case, replay] = [case, replay].map(|text| cell(text));
        // Writing to a string does not fail.
        let _ = writeln!(
            self.rows,
            "| {} | {case} | {replay} |",
            markdown::said(what)
        );
    }

    fn findings(&mut self, finished: &Finished, report: &CaseReport) {
        for found in &report.divergences {
            if self.findings.admits(found) {
                let (rule, name) = (found.rule.id(), &finished.name);
                let (expected, observed) = (&found.expected, &found.observed);
                let what = format!("{name}: expected {expected}; observed {observed}");
                self.error(rule, &what);
                self.row(rule, finished);
            }
        }
        for command in &report.commands {
            let Status::Failed(why) = &command.status else {
                continue;
            };
            if self.findings.admits_not_met(command.kind) {
                let what = format!("{}, line {}: {why}", finished.name, command.line);
                self.error("expectation not met", &what);
                self.row("expectation not met", finished);
            }
        }
    }

    fn append(&self, path: &Path, totals: &Totals) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(self.text(totals).as_bytes())
    }

    /// The summary of the step.
    fn text(&self, totals: &Totals) -> String {
        let mut text = format!(
            "## Lockstep: {}\n\n**{}**\n",
            markdown::said(&totals.subject),
            markdown::said(&Conclusion::of(totals).to_string())
        );
        let compared = &totals.compared;
        let rows = [
            ("cases", totals.cases),
            ("events", compared.sequence_points),
            ("frames", compared.frames),
            ("values", compared.values),
            ("unexplained", totals.divergences.unexplained),
            ("of known causes", totals.divergences.known),
        ];
        text.push_str("\n| compared | |\n| --- | ---: |\n");
        for (what, number) in rows {
            let _ = writeln!(text, "| {what} | {} |", grouped(number));
        }
        if !self.rows.is_empty() {
            text.push_str("\n| finding | case | again |\n| --- | --- | --- |\n");
            text.push_str(&self.rows);
        }
        text
    }
}

impl<W: Write> Reporter for Annotations<W> {
    fn case(&mut self, finished: &Finished) -> io::Result<()> {
        match &finished.result {
            Ok(report) => self.findings(finished, report),
            Err(unfinished) => {
                let what = format!("{}: {unfinished}", finished.name);
                self.error("no report", &what);
            }
        }
        self.inner.case(finished)
    }

    fn bad_input(&mut self, why: &str) -> io::Result<()> {
        self.error("bad input", why);
        self.inner.bad_input(why)
    }

    fn end(&mut self, totals: &Totals) -> io::Result<()> {
        let conclusion = Conclusion::of(totals);
        for reason in &conclusion.reasons {
            if reason.of_the_whole().is_some() {
                self.error("the whole run", &conclusion.sentence(*reason));
            }
        }
        if let Some(path) = &self.summary
            && let Err(error) = self.append(path, totals)
        {
            say(&format!(
                "lockstep: the step's summary is not written: {error}"
            ));
        }
        self.inner.end(totals)
    }
}

/// A text as a code span in a table, where a bar would end the cell.
fn cell(text: &str) -> String {
    markdown::code(text).replace('|', "\\|")
}

/// A text as the data of a command: what cannot be seen is escaped, and what would end it.
fn data(text: &str) -> String {
    let text = Shown(text).to_string();
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A text as a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_core::divergence::{Divergence, Execution};
    use lockstep_core::report::Silent;
    use lockstep_core::rules::RuleId;
    use lockstep_core::version::Version;
    use std::time::Duration;

    #[test]
    fn a_finding_is_an_annotation_that_its_names_cannot_leave() {
        let at = tempfile::TempDir::new().unwrap();
        let path = at.path().join("summary.md");
        let mut annotations =
            Annotations::new(Box::new(Silent), Vec::new(), Some(path.clone()), None);
        let found = Divergence::at_end(
            RuleId::Values,
            Execution::Instrumented,
            String::new(),
            "returned (i32:5)".to_owned(),
            "100%\n::error::x".to_owned(),
        );
        let finished = Finished {
            name: "a|b\n::warning::`".to_owned(),
            subject: Version::default(),
            result: Ok(CaseReport {
                divergences: vec![found],
                ..CaseReport::default()
            }),
            elapsed: Duration::ZERO,
            replay: "lockstep replay x".to_owned(),
            limit: None,
        };
        annotations.case(&finished).unwrap();
        annotations.bad_input("no\nfile").unwrap();
        let mut totals = Totals::of(Version::default());
        if let Ok(report) = &finished.result {
            totals.add(report);
        }
        annotations.end(&totals).unwrap();
        let text = String::from_utf8(annotations.out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(
            lines[0].starts_with("::error title=Lockstep%3A RESULT-VALUES::a|b"),
            "{text}"
        );
        assert!(lines[0].contains("expected returned (i32:5)") && lines[0].contains("100%25"));
        assert!(
            lines[1].starts_with("::error title=Lockstep%3A bad input::no"),
            "{text}"
        );
        let summary = std::fs::read_to_string(path).unwrap();
        assert!(
            summary.contains("**FAIL: 1 unexplained divergence"),
            "{summary}"
        );
        let rows: Vec<&str> = summary
            .lines()
            .filter(|line| line.contains("RESULT-VALUES |"))
            .collect();
        assert_eq!(rows.len(), 1, "{summary}");
        assert!(
            rows[0].contains(r"a\|b") && rows[0].ends_with("| `lockstep replay x` |"),
            "{summary}"
        );
    }
}
