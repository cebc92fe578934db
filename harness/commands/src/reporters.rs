//! How a campaign is reported: the options, and what they make of a report for people or programs.

use super::github::{self, Annotations};
use super::output;
use super::page;
use super::subjects::NotBuilt;
use anyhow::anyhow;
use clap::Args;
use lockstep_core::report::findings::EXAMPLES;
use lockstep_core::report::junit::Junit;
use lockstep_core::report::text::Detail;
use lockstep_core::report::{Reporter, Silent};
use lockstep_core::totals::Totals;
use lockstep_core::version::Version;
use std::path::{Path, PathBuf};

/// Options of how a campaign is reported.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Options {
    /// Also write a JUnit report to this file
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    #[command(flatten)]
    pub(super) page: page::Options,
    /// Also write annotations and a summary of the step for GitHub Actions
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        num_args = 0..=1,
        require_equals = true,
        default_value_t,
        default_missing_value = "always"
    )]
    github: github::When,
    /// Print where the CPU time went
    #[arg(long)]
    pub(super) timings: bool,
    /// Print how often each opcode was executed and compared
    #[arg(long)]
    pub(super) opcodes: bool,
    /// Print examples of each known cause, as many as --max-findings says
    #[arg(long)]
    pub(super) show_known: bool,
    /// Show and save at most so many unexplained divergences of one rule, moment and opcode, show as many
    /// unmet expectations of a kind of command, and count the others; or `all` [default: 3]
    #[arg(long, value_name = "N", value_parser = examples)]
    max_findings: Option<Examples>,
    /// Let a run pass in which nothing was compared
    #[arg(long)]
    pub(super) allow_empty: bool,
    /// Print what is wrong and the last line alone
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    /// Print for each case the causes that matched and how it is run again
    #[arg(long, short)]
    verbose: bool,
}

/// How many examples of a kind are shown: none for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Examples(Option<u64>);

fn examples(text: &str) -> Result<Examples, String> {
    match text {
        "all" => Ok(Examples(None)),
        _ => text
            .parse()
            .map(|number| Examples(Some(number)))
            .map_err(|_| "write a number, or `all`".to_owned()),
    }
}

impl Options {
    /// Whether something is written beside what is printed.
    pub(super) fn writes_files(&self) -> bool {
        self.junit.is_some() || self.page.is_wanted()
    }

    /// A reporter that also writes what is wanted beside its report: for GitHub, and for JUnit.
    ///
    /// # Errors
    ///
    /// When a file cannot be written at all.
    pub(super) fn beside(
        &self,
        mut reporter: Box<dyn Reporter>,
        subject: Version,
        several: bool,
    ) -> anyhow::Result<Box<dyn Reporter>> {
        if self.github.is_wanted() {
            let (out, summary) = (std::io::stderr(), github::summary());
            reporter = Box::new(Annotations::new(reporter, out, summary, self.most()));
        }
        let Some(path) = &self.junit else {
            return Ok(reporter);
        };
        let path = match several {
            true => of_subject(path, subject),
            false => path.clone(),
        };
        let junit = Junit::new(reporter, &path, subject)
            .map_err(|error| anyhow!("cannot write {}: {error}", path.display()))?;
        Ok(Box::new(junit))
    }

    /// Reports one of several subjects that is left out where programs look: its JUnit report is not that of an
    /// earlier run. Of a checkout that is not built nobody knows the version.
    ///
    /// # Errors
    ///
    /// When a file cannot be written at all.
    pub(super) fn left_out(&self, missing: &NotBuilt) -> anyhow::Result<()> {
        let Some(subject) = missing.version else {
            return Ok(());
        };
        let mut reporter = self.beside(Box::new(Silent), subject, true)?;
        let mut totals = Totals::of(subject);
        totals.bad_input = 1;
        let told = reporter.bad_input(&missing.to_string());
        if let Err(error) = told.and_then(|()| reporter.end(&totals)) {
            output::lost("the report", &error);
        }
        Ok(())
    }

    /// How many examples of a kind are shown.
    pub(super) fn most(&self) -> Option<u64> {
        self.max_findings.map_or(Some(EXAMPLES), |most| most.0)
    }

    /// Whether only what is wrong is printed, and the last line.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// How much is printed.
    pub(super) fn detail(&self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Quiet,
            (_, true) => Detail::Verbose,
            _ => Detail::Normal,
        }
    }
}

/// The path, with the subject in the file's name: where a command reports several.
fn of_subject(path: &Path, subject: Version) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut name = format!("{stem}-{}", subject.id());
    if let Some(extension) = path.extension() {
        name.push('.');
        name.push_str(&extension.to_string_lossy());
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_that_is_left_out_is_in_its_junit_report() {
        let at = tempfile::TempDir::new().unwrap();
        let options = Options {
            junit: Some(at.path().join("j.xml")),
            ..Options::default()
        };
        let missing = NotBuilt {
            subject: "48".to_owned(),
            name: Version::V48.name(),
            version: Some(Version::V48),
            reason: "cargo ended".to_owned(),
        };
        std::fs::write(at.path().join("j-48.xml"), "of an earlier run").unwrap();
        options.left_out(&missing).unwrap();
        let xml = std::fs::read_to_string(at.path().join("j-48.xml")).unwrap();
        assert!(xml.contains("48 is left out: cargo ended"), "{xml}");
        assert!(xml.contains("errors=\"1\""), "{xml}");
    }

    #[test]
    fn how_many_findings_are_shown() {
        assert_eq!(examples("all"), Ok(Examples(None)));
        assert_eq!(examples("0"), Ok(Examples(Some(0))));
        assert!(examples("some").is_err());
        assert_eq!(Options::default().most(), Some(EXAMPLES));
    }
}
