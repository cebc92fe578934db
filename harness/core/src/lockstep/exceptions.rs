//! The checkers of what the debugger does with an exception at its event: it is replaced, or looked at
//! later.

use super::comparison::Comparison;
use super::difference::Difference;
use super::driver::Driver;
use super::following::Following;
use crate::causes::Cause;
use crate::outcome::SeenException;
use crate::rules::RuleId;
use crate::schedule::action::replace_exception::ReplaceException;
use lockstep_oracles::address::{ExnAddr, TagAddr};
use lockstep_oracles::machine::Stop;
use lockstep_oracles::value::Value;

impl Following {
    /// The debugger put this exception in the place of the one that was thrown.
    pub fn replaced(&mut self, tag: TagAddr, payload: &[Value]) {
        let Ok(exn) = self.machine.alloc_exception(tag, payload) else {
            return;
        };
        let Some(Stop::Throw { caught, .. }) = self.machine.rethrow(exn) else {
            return;
        };
        self.invocation.replace_thrown(exn, caught);
    }
}

impl Comparison {
    /// An exception that is shown at this place is not the one that was thrown.
    pub(super) fn other_exception(
        &mut self,
        following: &Following,
        (rule, place): (RuleId, &str),
        exn: ExnAddr,
        seen: &SeenException,
    ) -> Difference {
        let known = self.explain_exception(following, exn, seen);
        let expected = format!("{place} {}", following.describe_exception(exn));
        Difference::new(rule, expected, format!("{place} {seen}")).explained(known)
    }
}

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

    /// Whether the debugger may take the exception that was just thrown and put none in its place: where its
    /// handler is known already, a cause may forbid that. Then it is done only if it is dared.
    pub fn may_take_exception(&mut self, caught: Option<bool>) -> bool {
        if self.thrown().is_none() {
            return false;
        }
        let known = self.following.setting.cause(Cause::TakenException);
        let Some(known) = known.filter(|_| caught == Some(true)) else {
            return true;
        };
        let dares = self.dares(known);
        if !dares {
            self.recorder.leave_out(known, 1);
        }
        dares
    }
}
