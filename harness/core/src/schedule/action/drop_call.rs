//! Drops the future of the call while the handler of an event is pending. Nothing that the program has done is
//! undone; it goes no further, and the store can be used again.

/// Drops the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropCall;

impl DropCall {
    pub(super) fn text(self) -> String {
        "drop call".to_owned()
    }
}
