//! Takes the pending exception at its event and puts another in its place, of the same tag or, where the
//! stack was not searched for a handler yet, of any: "The debugger can inject its own exception or overwrite
//! this exception if desired" (`DebugEvent::Exception`). The other is thrown where the first was.

use super::{number, smaller};
use lockstep_oracles::address::TagAddr;
use lockstep_oracles::store::Store;
use lockstep_oracles::value::Value;

/// Replaces the exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplaceException {
    /// Which of the store's tags the other has, from 1 and counted round and round; 0 is the same.
    pub tag: u64,
}

impl ReplaceException {
    pub(super) fn text(self) -> String {
        format!("replace exception {}", self.tag)
    }

    pub(super) fn read(words: &[&str]) -> Option<ReplaceException> {
        let [tag] = words else { return None };
        Some(ReplaceException { tag: number(tag)? })
    }

    pub(super) fn reduced(self) -> Vec<ReplaceException> {
        let tags = smaller(self.tag).into_iter();
        tags.map(|tag| ReplaceException { tag }).collect()
    }

    /// The other exception's tag and payload: zeros and nulls; none where a value can be neither.
    pub fn other(self, store: &Store, thrown: TagAddr) -> Option<(TagAddr, Vec<Value>)> {
        let tags = store.num_tags() as u64;
        let tag = match self.tag.checked_sub(1) {
            None => thrown,
            Some(nth) => TagAddr(nth.checked_rem(tags)? as u32),
        };
        let types = &store.tag_type(tag).params;
        let payload: Vec<Value> = types.iter().map(|&ty| Value::zero(ty)).collect();
        let mut fit = payload.iter().zip(types);
        fit.all(|(&value, &ty)| store.has_type(value, ty))
            .then_some((tag, payload))
    }
}
