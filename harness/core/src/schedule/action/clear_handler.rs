//! Clears the store's handler, between calls: no event comes until one is set again. At the start it means
//! that none is set. It comes behind what else the debugger does at the moment.

/// Clears the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClearHandler;

impl ClearHandler {
    pub(super) fn text(self) -> String {
        "clear handler".to_owned()
    }
}
