//! Why a subject cannot be set up.

/// The subject cannot be set up at all.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SubjectError {
    message: String,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    Subject,
    Machine,
    Exhaustion,
}

impl SubjectError {
    /// The engine refuses or fails, in its own words.
    pub fn new(message: impl Into<String>) -> SubjectError {
        SubjectError {
            message: message.into(),
            reason: Reason::Subject,
        }
    }

    /// The machine refused what the case needs.
    pub(crate) fn of_machine(what: String) -> SubjectError {
        SubjectError {
            message: what,
            reason: Reason::Machine,
        }
    }

    /// The subject's heap cannot hold what the case gives it.
    pub fn of_exhaustion(message: impl Into<String>) -> SubjectError {
        SubjectError {
            message: message.into(),
            reason: Reason::Exhaustion,
        }
    }

    /// Whether the subject's heap cannot hold what the case gives it: that is the subject's own.
    pub fn is_of_exhaustion(&self) -> bool {
        self.reason == Reason::Exhaustion
    }

    /// Whether the machine refused what the case needs: nothing is known of the subject then.
    pub fn is_of_machine(&self) -> bool {
        self.reason == Reason::Machine
    }
}
