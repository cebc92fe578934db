//! What a case comes to, in a word.

use super::{CaseReport, Status};
use crate::causes::Cause;

/// What a case comes to. It writes itself as its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// What a cause forbids was done on purpose, and the case ended there.
    Dared,
    /// Something differs that no cause explains.
    Diverged,
    /// A known cause ended an execution.
    Explained,
    /// A command was cut short, for another reason than a known cause.
    Inconclusive,
    /// Lockstep could not finish the case: a defect of its own.
    InternalError,
    /// The machine ended it, or refused it what it needs: nothing is known of the subject.
    Machine,
    /// Nothing differs, and something else comes of it than the script or case expects.
    NotMet,
    /// Everything agrees.
    Ok,
    /// The engine refused the configuration, as it must.
    Refused,
    /// A command needs what the subject or Lockstep lacks.
    Unsupported,
}

impl Judgement {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Judgement::Dared => "dared",
            Judgement::Diverged => "diverged",
            Judgement::InternalError => "internal-error",
            Judgement::Refused => "refused",
            Judgement::Explained => "explained",
            Judgement::Unsupported => "unsupported",
            Judgement::Inconclusive => "inconclusive",
            Judgement::Machine => "machine",
            Judgement::NotMet => "not-met",
            Judgement::Ok => "ok",
        }
    }
}

impl std::fmt::Display for Judgement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl CaseReport {
    /// What it comes to.
    pub fn judgement(&self) -> Judgement {
        let failed = self.count(|status| matches!(status, Status::Failed(_))) > 0;
        let unsupported = self.count(|status| matches!(status, Status::Unsupported(_))) > 0;
        if !self.divergences.is_empty() {
            Judgement::Diverged
        } else if failed {
            Judgement::NotMet
        } else if self.dared.is_some() {
            Judgement::Dared
        } else if self.refused.is_some() {
            Judgement::Refused
        } else if self.known.keys().any(|cause: &Cause| cause.ends()) {
            // What was not executed has its reason in the ledger.
            Judgement::Explained
        } else if unsupported {
            // What was not run for it has its reason.
            Judgement::Unsupported
        } else if self
            .commands
            .iter()
            .any(|command| command.undecided().is_some())
        {
            Judgement::Inconclusive
        } else {
            Judgement::Ok
        }
    }
}
