//! Exceptions that the debugger holds, replaces or takes.

use super::Driver;
use crate::causes::Cause;
use crate::divergence::Moment;
use crate::rules::RuleId;
use crate::schedule::action::replace_exception::ReplaceException;
use lockstep_oracles::address::{ExnAddr, TagAddr};
use lockstep_oracles::value::Value;

impl Driver {
    /// The exception of the event that was just matched.
    pub fn thrown(&self) -> Option<ExnAddr> {
        self.following
            .invocation
            .thrown()
            .filter(|_| self.ended.is_none())
    }

    /// The exception that takes the place of the one that was just thrown: its tag and payload. Of another
    /// tag only where the event says nothing of who catches it.
    pub fn replacement(
        &self,
        action: ReplaceException,
        searched: bool,
    ) -> Option<(TagAddr, Vec<Value>)> {
        let (thrown, _) = self.following.machine.exception(self.thrown()?);
        let action = match searched {
            true => ReplaceException { tag: 0 },
            false => action,
        };
        action.other(&self.following.machine.store, thrown)
    }

    /// Nothing is pending where a call has ended, be it with an exception, which was taken. Of what a call leaves
    /// pending that was dropped at the event of an exception no document says anything.
    pub fn check_nothing_pending(&mut self, pending: bool) {
        let left = self.following.invocation.has_left_pending();
        if !pending || left || self.ended.is_some() {
            return;
        }
        let expected = "nothing is pending behind the call".to_owned();
        let shown = "an exception is pending".to_owned();
        self.report_plain(RuleId::ThrowEvent, Moment::End, expected, shown);
    }

    /// Whether the debugger may take the exception that was just thrown and put none in its place: where its
    /// handler is known already, a cause may forbid that. Then it is done only if it is dared.
    pub fn may_take_exception(&mut self, caught: Option<bool>) -> bool {
        if self.thrown().is_none() {
            return false;
        }
        let known = self.following.setting.cause(Cause::TakenException);
        self.may(known.filter(|_| caught == Some(true)))
    }
}
