//! Why a subject cannot be set up.

/// The subject cannot be set up at all.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SubjectError(pub(super) String);

impl SubjectError {
    pub(crate) fn new(message: impl Into<String>) -> SubjectError {
        SubjectError(message.into())
    }
}
