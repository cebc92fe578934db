//! A page: what a run found and compared, as one HTML file that opens from disk, without a network.
//!
//! It is handed finished cases and totals as every reporter is, and judges nothing. What others named can
//! do nothing in it: the template escapes every value, the findings are data that a script puts into the
//! page as text, and the page's own policy lets no other script or style run.

mod coverage;
mod finding;
mod matrix;
mod render;
mod trend;

use super::Finished;
use crate::case::Case;
use crate::corpus;
use crate::divergence::Divergence;
use crate::totals::Totals;
use crate::version::Version;
use crate::whole_file::{self, Temporary};
use finding::Findings;
pub use matrix::MatrixPage;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
pub use trend::{Night, Nights, TrendError};

/// A page under way.
#[derive(Debug)]
pub struct Page {
    directory: PathBuf,
    command: String,
    subject: Version,
    findings: Findings,
    nights: Nights,
}

/// What is known of a case beyond its report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The case file without its modules: configuration, schedule, host and steps.
    pub text: String,
    /// Bytes of its modules.
    pub bytes: u64,
}

/// A program that should show a finding without Lockstep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reproducer {
    /// Its `Cargo.toml`.
    pub manifest: String,
    /// Its `src/main.rs`.
    pub program: String,
}

/// Writes the program that should show a finding of a case, or says why there is none.
pub type Reproduce<'a> = &'a dyn Fn(&Divergence) -> Result<Reproducer, String>;

impl About {
    /// What is known of a case that is a value.
    pub fn of(case: &Case) -> About {
        let bytes = case.modules.iter().map(|module| module.wasm.len() as u64);
        About {
            text: corpus::to_outline(case).unwrap_or_default(),
            bytes: bytes.sum(),
        }
    }
}

impl Page {
    /// A page in a directory, a file a subject; what ran is named by `command`.
    ///
    /// # Errors
    ///
    /// When the directory cannot be made or written.
    pub fn new(
        directory: &Path,
        command: &str,
        subject: Version,
        nights: Nights,
    ) -> io::Result<Page> {
        prepare(directory)?;
        Ok(Page {
            directory: directory.to_owned(),
            command: command.to_owned(),
            subject,
            findings: Findings::default(),
            nights,
        })
    }

    /// Whether a case has something that the page shows in full.
    pub fn wants(&self, finished: &Finished) -> bool {
        finding::is_of(finished)
    }

    /// A case has ended; of one that is a value `reproduce` writes programs.
    pub fn case(
        &mut self,
        finished: &Finished,
        about: Option<About>,
        reproduce: Option<Reproduce<'_>>,
    ) {
        self.findings.add(finished, about, reproduce);
    }

    /// Writes the page: all of it, or nothing of it is there. `index.html` is the same page, or, where the
    /// directory has pages of several subjects, a list of them.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&mut self, totals: &Totals) -> io::Result<()> {
        let findings = std::mem::take(&mut self.findings);
        let text = render::page(&self.command, self.subject, totals, findings, &self.nights)?;
        let id = self.subject.id();
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        };
        let file = format!("{}.html", id.chars().map(plain).collect::<String>());
        put(&self.directory, &file, &text)?;
        let pages = self.pages()?;
        match pages.len() {
            0 | 1 => put(&self.directory, INDEX, &text),
            _ => put(&self.directory, INDEX, &render::index(&pages)?),
        }
    }

    /// The pages of the directory, each a file and its title.
    fn pages(&self) -> io::Result<Vec<(String, String)>> {
        let mut pages = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name == INDEX || !name.ends_with(".html") || !path.is_file() {
                continue;
            }
            let head = fs::read_to_string(&path)?;
            let title = head.split_once("<title>");
            let title = title.and_then(|(_, rest)| rest.split_once("</title>"));
            let title = title.map_or("", |(title, _)| title);
            pages.push((name.into_owned(), title.to_owned()));
        }
        pages.sort();
        Ok(pages)
    }
}

/// Makes a page's directory, if it is not there. What cannot be written is said before anything runs.
fn prepare(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    Temporary::new_in(directory).map(drop)
}

/// Writes a file of a page's directory: all of it, or nothing of it is there.
fn put(directory: &Path, name: &str, text: &str) -> io::Result<()> {
    whole_file::write(&directory.join(name), text.as_bytes())
}

/// What is opened first.
const INDEX: &str = "index.html";

#[cfg(test)]
mod tests;
