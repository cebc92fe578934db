//! Reduction: a diverging case made small while the same rule diverges at the same kind of moment.
//!
//! It changes cases and asks a [`Judge`] about each; how a candidate is run is not its business.
//! The order of candidates depends on the case and the answers alone.

mod arguments;
mod cases;
mod host;
mod module;
mod names;
mod passes;
mod retarget;
mod schedule;
mod search;
mod shrink;
mod size;
#[cfg(test)]
mod tests;
pub mod workers;

pub use size::Size;

use crate::case::{Case, CaseReport};
use crate::causes::Cause;
use crate::divergence::{Divergence, Execution, Moment};
use crate::rules::RuleId;
use search::Search;
use std::io;
use std::time::Instant;

/// What must stay the same while a case shrinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The rule that diverges.
    pub rule: RuleId,
    /// At which kind of moment.
    pub moment: Moment,
    /// In which execution.
    pub execution: Execution,
    /// The cause that explains it.
    pub known: Option<Cause>,
}

impl Signature {
    /// The signature of a divergence.
    pub fn of(divergence: &Divergence) -> Signature {
        Signature {
            rule: divergence.rule,
            moment: divergence.moment,
            execution: divergence.execution,
            known: divergence.known,
        }
    }

    /// The signatures of everything that diverged: what no cause explains first.
    pub fn all(report: &CaseReport) -> Vec<Signature> {
        let diverged = report.divergences.iter().chain(&report.known_examples);
        diverged.map(Signature::of).collect()
    }

    /// Whether a report holds such a divergence.
    pub fn is_in(&self, report: &CaseReport) -> bool {
        let mut diverged = report.divergences.iter().chain(&report.known_examples);
        diverged.any(|divergence| Signature::of(divergence) == *self)
    }
}

/// Says which cases still diverge as they should.
pub trait Judge {
    /// Position of the first case that does.
    ///
    /// # Errors
    ///
    /// When cases can no longer be run at all.
    fn first(&mut self, cases: &[Case]) -> io::Result<Option<usize>>;

    /// How many cases it judges at once.
    fn width(&self) -> usize {
        1
    }
}

impl<F: FnMut(&Case) -> bool> Judge for F {
    fn first(&mut self, cases: &[Case]) -> io::Result<Option<usize>> {
        Ok(cases.iter().position(self))
    }
}

/// When a reduction ends although it could go on.
#[derive(Clone, Copy)]
pub struct Limits<'l> {
    /// At this time.
    pub until: Option<Instant>,
    /// As soon as this is true.
    pub interrupted: &'l dyn Fn() -> bool,
}

impl Limits<'_> {
    /// At this time, and not before.
    pub fn at(until: Instant) -> Limits<'static> {
        Limits {
            until: Some(until),
            interrupted: &|| false,
        }
    }

    fn reached(&self) -> bool {
        let late = self.until.is_some_and(|until| Instant::now() >= until);
        late || (self.interrupted)()
    }
}

/// How far a reduction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The pass that is at work.
    pub pass: &'static str,
    /// Candidates tried.
    pub candidates: u64,
    /// Size of the smallest case so far.
    pub size: Size,
}

/// Is told how a reduction goes.
pub trait Progress {
    /// A candidate was tried.
    fn tried(&mut self, _status: &Status) {}

    /// A smaller case was found.
    ///
    /// # Errors
    ///
    /// When it cannot be kept; the reduction then ends.
    fn smaller(&mut self, _case: &Case, _status: &Status) -> io::Result<()> {
        Ok(())
    }
}

/// Nobody is told.
impl Progress for () {}

/// What came of a reduction.
#[derive(Clone, Debug)]
pub struct Reduced {
    /// The smallest case found.
    pub case: Case,
    /// Size of the case that it was made of.
    pub before: Size,
    /// Its size.
    pub after: Size,
    /// Candidates tried.
    pub candidates: u64,
    /// Whether no pass finds a smaller one; otherwise a limit was reached.
    pub complete: bool,
}

/// Why a case cannot be reduced.
#[derive(Debug, thiserror::Error)]
pub enum ReduceError {
    /// It does not diverge as it should.
    #[error("the case does not diverge as it did, so there is nothing to keep while it shrinks")]
    Agrees,
    /// Candidates cannot be run, or the smallest case cannot be kept.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Shrinks a case while `judge` says that it still diverges.
///
/// # Errors
///
/// When the case itself does not diverge, candidates cannot be run, or `progress` cannot keep a
/// smaller case.
pub fn reduce(
    case: &Case,
    judge: &mut dyn Judge,
    limits: &Limits<'_>,
    progress: &mut dyn Progress,
) -> Result<Reduced, ReduceError> {
    if judge.first(std::slice::from_ref(case))?.is_none() {
        return Err(ReduceError::Agrees);
    }
    let before = Size::of(case);
    let mut search = Search::new(case, judge, limits, progress);
    let complete = search.run()?;
    search.restore_events(case.max_events)?;
    Ok(Reduced {
        before,
        after: search.size,
        candidates: search.candidates,
        complete,
        case: search.case,
    })
}
