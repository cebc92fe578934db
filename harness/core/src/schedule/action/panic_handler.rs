//! Panics in the handler of an event, after its edits. Nothing that the program has done is undone; the call
//! goes no further, and the store can be used again.

/// Panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PanicHandler;

impl PanicHandler {
    pub(super) fn text(self) -> String {
        "panic handler".to_owned()
    }
}
