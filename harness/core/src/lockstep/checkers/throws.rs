//! Exceptions: how one is shown, and what explains that another is.

use super::comparison::Comparison;
use super::difference::Difference;
use crate::causes::{Cause, Known};
use crate::lockstep::following::Following;
use crate::outcome::SeenException;
use crate::rules::RuleId;
use crate::seen::Seen;
use lockstep_oracles::RefType;
use lockstep_oracles::address::ExnAddr;
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::value::{Ref, Value};

/// An event that tells of a thrown exception.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenThrow {
    /// The exception.
    pub exception: SeenException,
    /// Whether this activation catches it, where the event says so.
    pub caught: Option<bool>,
    /// Whether the store says that an exception is pending, as it must.
    pub pending: bool,
}

impl std::fmt::Display for SeenThrow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let how = match self.caught {
            Some(true) => "a caught ",
            Some(false) => "an uncaught ",
            None => "an ",
        };
        write!(f, "an event of {how}{}", self.exception)?;
        match self.pending {
            true => Ok(()),
            false => f.write_str(", and none is pending"),
        }
    }
}

impl Comparison {
    /// The cause that explains why the subject's exception is not the oracle's, if all that differs is of
    /// it.
    pub(crate) fn explain_exception(
        &mut self,
        following: &Following,
        exn: ExnAddr,
        seen: &SeenException,
    ) -> Option<Known> {
        let (tag, payload) = following.machine.exception(exn);
        let same = seen
            .tag
            .map_or(self.references.unbound, |shown| shown == tag);
        if !same {
            return None;
        }
        self.explain_stale_payload(following, &payload, &seen.payload)
            .or_else(|| self.explain_values(following, &payload, &seen.payload))
            .or_else(|| {
                if !self.values_agree(following, &payload, &seen.payload) {
                    return None;
                }
                // All that differs is that it is where another object was.
                let reference = Value::Ref(Ref::Exn(exn), RefType::EXNREF);
                let fault = self.value_fault(following, reference, seen.reference)?;
                self.explain_identity(following, fault)
            })
    }

    /// The cause by which references of a payload show where their objects were before the throw made room
    /// for the exception (`COLLECT-SLOT`), if nothing else differs.
    fn explain_stale_payload(
        &mut self,
        following: &Following,
        expected: &[Value],
        seen: &[Seen],
    ) -> Option<Known> {
        let known = following.setting.cause(Cause::CollectSlot)?;
        let moves = self.references.is_moving();
        let makes = following
            .machine
            .current_op()
            .is_some_and(Opcode::makes_object);
        if !(moves && makes && expected.len() == seen.len()) {
            return None;
        }
        let mut pairs = expected.iter().zip(seen);
        pairs
            .all(|(&value, &seen)| {
                matches!(value, Value::Ref(..)) || self.value_agrees(following, value, seen)
            })
            .then_some(known)
    }

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

impl Following {
    pub(crate) fn describe_exception(&self, exn: ExnAddr) -> String {
        let (tag, payload) = self.machine.exception(exn);
        let payload: Vec<String> = payload.iter().map(Value::to_string).collect();
        format!("exception of tag {tag} ({})", payload.join(", "))
    }
}
