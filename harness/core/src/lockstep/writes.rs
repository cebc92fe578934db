//! The checker of writes that the debugger makes through the handle of an entity or an object.
//!
//! That the program then has what was written is seen by everything that is compared from there on.

use super::driver::Driver;
use crate::divergence::Moment;
use crate::rules::RuleId;
use crate::schedule::action::{Action, Write};

impl Driver {
    /// The write that an action makes here; none where there is nothing to write to, or an exhaustion has
    /// left open what the entities hold.
    pub fn write_of(&self, action: Action) -> Option<Write> {
        if self.ended.is_some() || self.comparison.taint.is_tainted() {
            return None;
        }
        let store = &self.following.machine.store;
        match action {
            Action::WriteField(action) => {
                let handles = self.comparison.references.handles.kept().iter().enumerate();
                let objects = handles.filter_map(|(number, kept)| {
                    let addr = kept.identity.object()?;
                    Some((number, addr))
                });
                action.write(store, objects).map(Write::Field)
            }
            action => action.write(store),
        }
    }

    /// The subject was asked for a write: the oracle makes it, too.
    pub fn wrote(&mut self, write: Write, made: Result<(), String>) {
        self.comparison.budget.disturb();
        self.recorder.note(RuleId::Write);
        write.apply(&mut self.following.machine.store);
        let (expected, shown) = match (made, write.can_be_made()) {
            (Ok(()), true) | (Err(_), false) => return,
            (Err(error), true) => (format!("{write:?} succeeds"), error),
            (Ok(()), false) => (format!("{write:?} is an error"), "it succeeds".to_owned()),
        };
        self.report_plain(RuleId::Write, Moment::Action, expected, shown);
    }
}
