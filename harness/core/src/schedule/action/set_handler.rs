//! Gives the store a handler, between calls: its first, another in the place of one, or one again after it
//! was cleared or lost. It comes behind what else the debugger does at the moment.

/// Sets a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetHandler;

impl SetHandler {
    pub(super) fn text(self) -> String {
        "set handler".to_owned()
    }
}
