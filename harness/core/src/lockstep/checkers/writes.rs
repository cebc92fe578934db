//! The checker of writes that the debugger makes through the handle of an entity or an object.
//!
//! That the program then has what was written is seen by everything that is compared from there on.

use super::comparison::Comparison;
use super::difference::Difference;
use crate::lockstep::following::Following;
use crate::rules::RuleId;
use crate::schedule::action::{Action, Write};

impl Comparison {
    /// The write that an action makes here; none where there is nothing to write to, or an exhaustion has
    /// left open what the entities hold.
    pub(crate) fn write_of(&self, following: &Following, action: Action) -> Option<Write> {
        if self.taint.is_tainted() {
            return None;
        }
        let store = &following.machine.store;
        match action {
            Action::WriteField(action) => {
                let handles = self.references.handles.kept().iter().enumerate();
                let objects = handles.filter_map(|(number, kept)| {
                    let addr = kept.identity.object()?;
                    Some((number, addr))
                });
                action.write(store, objects).map(Write::Field)
            }
            action => action.write(store),
        }
    }
}

impl Following {
    /// The subject was asked for a write, which the oracle makes, too: whether it was made that must not be, or
    /// refused.
    pub(crate) fn wrote(&mut self, write: Write, made: Result<(), String>) -> Option<Difference> {
        write.apply(&mut self.machine.store);
        let (expected, shown) = match (made, write.can_be_made()) {
            (Ok(()), true) | (Err(_), false) => return None,
            (Err(error), true) => (format!("{write:?} succeeds"), error),
            (Ok(()), false) => (format!("{write:?} is an error"), "it succeeds".to_owned()),
        };
        Some(Difference::new(RuleId::Write, expected, shown))
    }
}
