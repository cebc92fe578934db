//! Consumers of what cases found: text for people, JSON for programs, a progress bar.
//!
//! They are handed finished cases and totals; they know nothing of who runs them, and how.

pub mod columns;
pub mod contract;
pub mod divergence;
pub mod explain;
pub mod findings;
pub mod json;
pub mod junit;
pub mod opcodes;
pub mod page;
pub mod progress;
pub mod shown;
pub mod summary;
pub mod text;
pub mod trace;
pub mod trail;

use crate::campaign::limits::Limit;
use crate::case::{CaseReport, Judgement};
use crate::totals::Totals;
use crate::version::Version;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::io;
use std::time::Duration;

/// A case that has ended.
#[derive(Debug, Serialize, Deserialize)]
pub struct Finished {
    /// The script's name.
    pub name: String,
    /// The subject.
    pub subject: Version,
    /// What came of it.
    pub result: Result<CaseReport, Unfinished>,
    /// Wall-clock time.
    pub elapsed: Duration,
    /// The command that runs the case again.
    pub replay: String,
    /// The limit of CPU time, wall-clock time or memory that its worker process met.
    #[serde(default, deserialize_with = "limit")]
    pub limit: Option<LimitName>,
}

/// One of [`Limit::NAMES`]; under a name of its own, because serde would read a reference from its input.
pub type LimitName = &'static str;

/// Reads the name of a limit.
fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LimitName>, D::Error> {
    let name = Option::<String>::deserialize(deserializer)?;
    let known = |name: &String| Limit::NAMES.into_iter().find(|known| known == name);
    match &name {
        None => Ok(None),
        Some(name) => known(name)
            .map(Some)
            .ok_or_else(|| D::Error::custom(format!("there is no limit {name}"))),
    }
}

/// Why a case has no report; the sentence says more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Unfinished {
    /// The harness could not finish it, which is a defect of Lockstep
    #[error("{0}")]
    Internal(String),
    /// The machine ended it or refused it what it needs: nothing is known of the subject
    #[error("{0}")]
    Machine(String),
}

impl Unfinished {
    /// What its case comes to.
    pub fn judgement(&self) -> Judgement {
        match self {
            Unfinished::Internal(_) => Judgement::InternalError,
            Unfinished::Machine(_) => Judgement::Machine,
        }
    }
}

impl From<crate::subject::SubjectError> for Unfinished {
    fn from(error: crate::subject::SubjectError) -> Unfinished {
        match error.is_of_machine() {
            true => Unfinished::Machine(error.to_string()),
            false => Unfinished::Internal(error.to_string()),
        }
    }
}

/// Receives cases in order, then the totals.
pub trait Reporter {
    /// A case has ended.
    ///
    /// # Errors
    ///
    /// When the report cannot be written.
    fn case(&mut self, finished: &Finished) -> io::Result<()>;

    /// A case cannot be carried out; the sentence says which and why. A person reads it on standard error.
    ///
    /// # Errors
    ///
    /// When the report cannot be written.
    fn bad_input(&mut self, _why: &str) -> io::Result<()> {
        Ok(())
    }

    /// All cases have ended.
    ///
    /// # Errors
    ///
    /// When the report cannot be written.
    fn end(&mut self, totals: &Totals) -> io::Result<()>;
}

/// Reports nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Reporter for Silent {
    fn case(&mut self, _: &Finished) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, _: &Totals) -> io::Result<()> {
        Ok(())
    }
}

impl<R: Reporter + ?Sized> Reporter for Box<R> {
    fn case(&mut self, finished: &Finished) -> io::Result<()> {
        (**self).case(finished)
    }

    fn bad_input(&mut self, why: &str) -> io::Result<()> {
        (**self).bad_input(why)
    }

    fn end(&mut self, totals: &Totals) -> io::Result<()> {
        (**self).end(totals)
    }
}

/// A number with its thousands apart, for people.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 case`, `2 cases`.
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(12_345_678), "12,345,678");
        assert_eq!(counted(1, "case"), "1 case");
        assert_eq!(counted(0, "case"), "0 cases");
    }
}
