//! Nights: the totals of earlier runs, read from a directory of what `--format json` wrote.

use crate::report::{grouped, shown::Shown};
use serde::Serialize;
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};

/// A directory that holds no trend.
#[derive(Debug, thiserror::Error)]
pub enum TrendError {
    /// It, or a file in it, cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// There are no totals in it.
    #[error("{} holds no totals: no *.json or *.jsonl with a line of schema lockstep.totals/1", path.display())]
    Nothing {
        /// The directory.
        path: PathBuf,
    },
}

/// Totals of one run on one subject.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Night {
    /// The file, without its extension.
    pub name: String,
    /// The engine under test.
    pub subject: String,
    /// Cases run.
    pub cases: u64,
    /// Matched events.
    pub events: u64,
    /// Unexplained divergences.
    pub unexplained: u64,
    /// Matches of known causes.
    pub known: u64,
    /// Commands that ended exhausted or inconclusive.
    pub inconclusive: u64,
    /// Wall-clock time, in seconds.
    pub seconds: f64,
}

/// Every night, in the order of the files' names.
#[derive(Clone, Debug, Default)]
pub struct Nights(Vec<Night>);

impl Nights {
    /// Reads the files of a directory; a line that is no totals is passed over, as is what is no JSON.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or there are no totals in it.
    pub fn read(directory: &Path) -> Result<Nights, TrendError> {
        let unread = |path: &Path| {
            let path = path.to_owned();
            move |source| TrendError::Read { path, source }
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(unread(directory))? {
            let path = entry.map_err(unread(directory))?.path();
            let is_json = |extension: &std::ffi::OsStr| extension == "json" || extension == "jsonl";
            if path.is_file() && path.extension().is_some_and(is_json) {
                files.push(path);
            }
        }
        files.sort();
        let mut nights = Vec::new();
        for path in files {
            let text = std::fs::read(&path).map_err(unread(&path))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let lines = text.split(|&byte| byte == b'\n');
            let totals = lines.filter_map(|line| Night::of(&name, line));
            nights.extend(totals);
        }
        match nights.is_empty() {
            true => Err(TrendError::Nothing {
                path: directory.to_owned(),
            }),
            false => Ok(Nights(nights)),
        }
    }

    /// The nights of a subject, then tonight.
    pub(super) fn rows(&self, tonight: Night) -> Vec<Row> {
        let of = |night: &&Night| night.subject == tonight.subject;
        let mut nights: Vec<Night> = self.0.iter().filter(of).cloned().collect();
        if nights.is_empty() {
            return Vec::new();
        }
        nights.push(tonight);
        let most = |of: fn(&Night) -> u64| nights.iter().map(of).max().unwrap_or(0).max(1);
        let (cases, unexplained) = (most(|night| night.cases), most(|night| night.unexplained));
        let row = |night: &Night| Row {
            cases_part: part(night.cases, cases),
            unexplained_part: part(night.unexplained, unexplained),
            cases: grouped(night.cases),
            events: grouped(night.events),
            unexplained: grouped(night.unexplained),
            known: grouped(night.known),
            inconclusive: grouped(night.inconclusive),
            seconds: format!("{:.0}", night.seconds),
            clean: night.unexplained == 0,
            name: Shown(&night.name).to_string(),
        };
        nights.iter().map(row).collect()
    }
}

/// A part of a hundred, at least one of what is not nothing.
fn part(of: u64, most: u64) -> u64 {
    match of {
        0 => 0,
        of => (u128::from(of) * 100 / u128::from(most)).max(1) as u64,
    }
}

/// A night as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    name: String,
    cases: String,
    cases_part: u64,
    events: String,
    unexplained: String,
    unexplained_part: u64,
    known: String,
    inconclusive: String,
    seconds: String,
    clean: bool,
}

impl Night {
    fn of(name: &str, line: &[u8]) -> Option<Night> {
        let totals: Value = serde_json::from_slice(line).ok()?;
        if totals.get("schema")?.as_str()? != crate::totals::SCHEMA {
            return None;
        }
        let number = |path: &str| totals.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        Some(Night {
            name: name.to_owned(),
            subject: totals.get("subject")?.as_str()?.to_owned(),
            cases: number("/cases"),
            events: number("/sequence_points"),
            unexplained: number("/divergences/unexplained"),
            known: number("/divergences/known"),
            inconclusive: number("/inconclusive"),
            seconds: totals
                .pointer("/measured/elapsed_seconds")
                .and_then(Value::as_f64)
                .unwrap_or(0.0),
        })
    }
}
