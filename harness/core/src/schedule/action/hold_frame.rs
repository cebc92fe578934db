//! Keeps a handle to the innermost frame, and asks it again later: at the same moment, when execution was
//! resumed, when the activation is gone.
//!
//! The version with a cursor has no such handle: its cursor borrows the store.

/// Keeps a handle to the innermost frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldFrame;

impl HoldFrame {
    pub(super) fn text(self) -> String {
        "hold frame".to_owned()
    }
}
