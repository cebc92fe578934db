//! Visits another store while the program waits: one that is made for it, with a module, a handler and single-step
//! of its own. Activations of both stores are then on the stack, and neither is to see the other's.

/// Visits another store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitStore;

impl VisitStore {
    pub(super) fn text(self) -> String {
        "visit store".to_owned()
    }
}
