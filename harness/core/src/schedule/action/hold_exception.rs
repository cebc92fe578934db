//! Keeps an owned handle to the exception that an event tells of, and looks at it later: what it holds, when
//! the exception was caught or has left the program, when garbage was collected, when the program has ended.

/// Keeps a handle to the exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldException;

impl HoldException {
    pub(super) fn text(self) -> String {
        "hold exception".to_owned()
    }
}
