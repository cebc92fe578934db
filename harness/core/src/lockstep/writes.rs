//! The checker of writes that the debugger makes through an entity's handle.
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
        if self.ended.is_some() || self.is_tainted() {
            return None;
        }
        action.write(&self.machine.store)
    }

    /// The subject was asked for a write: the oracle makes it, too.
    pub fn wrote(&mut self, write: Write, made: Result<(), String>) {
        self.disturb();
        self.recorder.note(RuleId::Write);
        write.apply(&mut self.machine.store);
        if let Err(error) = made {
            let expected = format!("{write:?} succeeds");
            self.report_plain(RuleId::Write, Moment::Action, expected, error);
        }
    }
}
