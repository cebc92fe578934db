//! Handles that the debugger keeps to objects from one event to another: what they hold stays alive,
//! and the same object, whatever was collected or moved in between.
//!
//! What a handle holds cannot be lost by mistake, so only every other object is offered one: whether
//! the program's own references keep an object alive is seen at the rest.

use super::comparison::Comparison;
use super::difference::Difference;
use super::fault::{Fault, IN_ENTITIES};
use super::references::Identity;
use super::references::References;
use crate::causes::{Cause, Known};
use crate::divergence::Moment;
use crate::lockstep::following::Following;
use crate::observe::Objects;
use crate::rules::RuleId;
use crate::seen::{Seen, SeenObject};
use lockstep_oracles::RefType;
use lockstep_oracles::value::{Ref, Value};

/// Handles that are kept at a time.
pub const HANDLES: usize = 8;

/// What a handle holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    pub(crate) identity: Identity,
    /// The object's key where it was last.
    pub(crate) key: u64,
}

/// The objects that handles hold, and those of the last look that are offered one.
#[derive(Debug, Default)]
pub(crate) struct Handles {
    /// To how many more objects a handle is wanted.
    wanted: usize,
    offered: Vec<(Identity, SeenObject)>,
    kept: Vec<Kept>,
    /// The handle that is next to hold another object, when all do hold one.
    next: usize,
}

impl Handles {
    /// What they hold.
    #[inline]
    pub(crate) fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// Whether one holds the object.
    pub(crate) fn hold(&self, identity: Identity) -> bool {
        self.kept.iter().any(|kept| kept.identity == identity)
    }

    /// The subject showed an object, which is this one.
    #[inline]
    pub(crate) fn offer(&mut self, identity: Identity, object: SeenObject) {
        if self.wanted > 0 {
            self.consider(identity, object);
        }
    }

    fn consider(&mut self, identity: Identity, object: SeenObject) {
        let known = self.offered.iter().any(|&(offered, _)| offered == identity);
        if identity.is_even() && !known && !self.hold(identity) {
            self.offered.push((identity, object));
            self.wanted -= 1;
        }
    }

    /// What was offered can no longer be held on to.
    fn withdraw(&mut self) {
        self.wanted += self.offered.len();
        self.offered.clear();
    }

    /// Holds an object with a new handle, or with the one whose turn it is; its number.
    fn keep(&mut self, identity: Identity, key: u64) -> usize {
        let kept = Kept { identity, key };
        if self.kept.len() < HANDLES {
            self.kept.push(kept);
            return self.kept.len() - 1;
        }
        let number = self.next;
        self.kept[number] = kept;
        self.next = (number + 1) % HANDLES;
        number
    }
}

impl References {
    /// From now on handles are kept.
    pub fn keep_handles(&mut self) {
        self.handles.wanted = HANDLES;
    }

    /// Lets every handle go, and keeps none from here on: an exhaustion left open what objects hold.
    pub(crate) fn let_handles_go(&mut self) {
        self.handles = Handles::default();
    }

    /// How many handles are kept.
    #[inline]
    pub fn handles(&self) -> usize {
        self.handles.kept.len()
    }

    /// Whether something has to be done before the subject is looked at anew: objects may have been
    /// moved, or offers are out of date.
    #[inline]
    pub fn follows_handles(&self) -> bool {
        let handles = &self.handles;
        !handles.offered.is_empty() || (!handles.kept.is_empty() && self.is_moving())
    }

    /// What was offered a handle can no longer be held on to.
    pub fn withdraw_handles(&mut self) {
        self.handles.withdraw();
    }

    /// The object of a handle now has this key.
    pub fn located(&mut self, handle: usize, key: u64) {
        if self.is_moving()
            && let Some(kept) = self.handles.kept.get_mut(handle)
        {
            kept.key = key;
        }
    }

    /// Whether there may be an object to hold on to.
    #[inline]
    pub fn wants_handle(&self) -> bool {
        !self.handles.offered.is_empty()
    }

    /// Handles are about to be checked: after a collection one of them may hold on to another object.
    pub fn begin_handles(&mut self, moment: Moment) {
        let handles = &mut self.handles;
        if moment == Moment::Collection && handles.wanted == 0 && handles.offered.is_empty() {
            handles.wanted = 1;
        }
        self.read_again();
    }
}

impl Comparison {
    /// The next object of this look to hold on to, and the number of the handle: what that one held
    /// before is let go.
    pub(crate) fn next_handle(&mut self, following: &Following) -> Option<(usize, SeenObject)> {
        // What a segment holds is made anew by each use (`SEGMENT-OBJECTS`).
        let made_anew = following.setting.cause(Cause::SegmentObjects).is_some();
        loop {
            let handles = &mut self.references.handles;
            let (identity, object) = handles.offered.pop()?;
            let of_segment = identity
                .object()
                .is_some_and(|addr| following.history.is_of_segment(addr));
            if made_anew && of_segment {
                handles.wanted += 1;
                continue;
            }
            return Some((handles.keep(identity, object.key), object));
        }
    }
}

impl Following {
    /// The cause that explains why what a handle holds differs, if one does: it holds what a segment
    /// holds, of which the subject made another since, which the program has changed.
    fn explain_handle(&self, held: Ref) -> Option<Known> {
        let known = self.setting.cause(Cause::SegmentObjects)?;
        let within = self.machine.reachable_from(&[held]);
        let mut made = self.history.segment_objects();
        let made_anew = made.any(|addr| within.object(addr) && self.history.is_made_anew(addr));
        made_anew.then_some(known)
    }
}

impl Comparison {
    /// How what the subject shows for a handle is not the object that it was made for, with what that object
    /// holds now.
    pub(crate) fn check_handle<O: Objects>(
        &mut self,
        following: &Following,
        handle: usize,
        seen: Seen,
        objects: &mut O,
    ) -> Option<Difference> {
        let &Kept { identity, .. } = self.references.handles.kept.get(handle)?;
        let machine = &following.machine;
        let expected = identity.reference(machine);
        let checked = self
            .references
            .check_referent(machine, expected, seen, objects, IN_ENTITIES);
        let fault = checked.err()?;
        let known = following.explain_handle(expected);
        let known = known.or_else(|| following.explain_overwritten(fault));
        let expected = Value::Ref(expected, RefType::ANYREF).to_string();
        let (expected, shown) = match fault {
            Fault::Null | Fault::Kind | Fault::Value => (expected, seen.to_string()),
            fault => fault.tell(expected, self.references.describe(seen)),
        };
        let found = Difference::new(
            RuleId::Kept,
            format!("handle {handle} holds {expected}"),
            format!("handle {handle} holds {shown}"),
        );
        Some(found.explained(known))
    }
}
