//! `--html` and `--trend`: a page beside what a command prints.

use super::quoted;
use anyhow::anyhow;
use clap::Args;
use lockstep_core::report::page::{MatrixPage, Nights, Page};
use lockstep_core::version::Version;
use std::env;
use std::io;
use std::path::{Path, PathBuf};

/// Options of commands that can write a page.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Options {
    /// Also write a page into this directory, index.html and one a subject: findings, coverage, hazards;
    /// of a matrix, its table
    #[arg(long, value_name = "DIR")]
    html: Option<PathBuf>,
    /// Show in the page how earlier runs went: a directory of what --format json wrote, a file a night
    #[arg(long, value_name = "DIR", requires = "html")]
    trend: Option<PathBuf>,
}

impl Options {
    /// Whether a page is wanted.
    pub(super) fn is_wanted(&self) -> bool {
        self.html.is_some()
    }

    /// The page about a subject, if one is wanted.
    pub(super) fn page(&self, subject: Version) -> anyhow::Result<Option<Page>> {
        let Some(directory) = &self.html else {
            return Ok(None);
        };
        let nights = match &self.trend {
            Some(trend) => Nights::read(trend)?,
            None => Nights::default(),
        };
        let page = Page::new(directory, &command_line(), subject, nights);
        Ok(Some(page.map_err(|error| refused(directory, &error))?))
    }

    /// The page of a matrix, if one is wanted.
    pub(super) fn of_matrix(&self) -> anyhow::Result<Option<MatrixPage>> {
        let Some(directory) = &self.html else {
            return Ok(None);
        };
        let page = MatrixPage::new(directory, &command_line());
        Ok(Some(page.map_err(|error| refused(directory, &error))?))
    }
}

fn refused(directory: &Path, error: &io::Error) -> anyhow::Error {
    let directory = directory.display();
    anyhow!("cannot write a page into {directory}: {error}")
}

/// The command line, as a shell takes it.
fn command_line() -> String {
    let words = env::args_os().skip(1);
    let words = words.map(|word| quoted(&word.to_string_lossy()));
    let words: Vec<String> = std::iter::once("lockstep".to_owned())
        .chain(words)
        .collect();
    words.join(" ")
}
