//! Asks the store for everything that it lists: instances, modules, and, where nothing runs, frames.

/// Asks for everything that the store lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListItems;

impl ListItems {
    pub(super) fn text(self) -> String {
        "list items".to_owned()
    }
}
