//! The checkers of what the debugger does with an exception at its event: it is replaced, or looked at
//! later.

use super::comparison::Comparison;
use super::difference::Difference;
use crate::lockstep::following::Following;
use crate::outcome::SeenException;
use crate::rules::RuleId;
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
    pub(crate) fn other_exception(
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
