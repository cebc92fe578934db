//! Why a subject cannot be set up.

/// The subject cannot be set up at all.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SubjectError {
    message: String,
    of_machine: bool,
}

impl SubjectError {
    pub(crate) fn new(message: impl Into<String>) -> SubjectError {
        SubjectError {
            message: message.into(),
            of_machine: false,
        }
    }

    /// The machine refused what the case needs.
    pub(crate) fn of_machine(what: String) -> SubjectError {
        SubjectError {
            message: what,
            of_machine: true,
        }
    }

    /// Whether the machine refused what the case needs: nothing is known of the subject then.
    pub fn is_of_machine(&self) -> bool {
        self.of_machine
    }
}
