//! What a collection moves twice behind a host function that host code called: those that the schedule asks for
//! are left out (`HOST-ROOT`), and those of the program's own allocations end the execution where they show
//! (`HOST-MOVED`).

use super::Following;
use crate::causes::{Cause, Known, host_root};
use crate::rules::RuleId;

/// What the program has allocated behind such a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HostRoots {
    /// Nothing was made where roots are visited twice.
    #[default]
    Sound,
    /// Roots are visited twice; so many objects had been made before.
    Twice(usize),
    /// An object was made then, and may have been after a collection.
    Moved,
}

impl Following {
    /// The cause that forbids a collection while roots are visited twice.
    pub(crate) fn host_root(&self) -> Option<Known> {
        let known = self.setting.moves_twice(Cause::HostRoot)?;
        host_root::are_visited_twice(&self.machine).then_some(known)
    }

    /// A function was invoked: it may be one behind which roots are visited twice.
    pub(crate) fn note_host_roots(&mut self) {
        if self.setting.moves_twice(Cause::HostMoved).is_some()
            && self.host_roots == HostRoots::Sound
            && host_root::are_visited_twice(&self.machine)
        {
            self.host_roots = HostRoots::Twice(self.machine.store.heap().num_made());
        }
    }

    /// An invocation has ended: what it made was made.
    pub(crate) fn settle_host_roots(&mut self) {
        if self.may_have_moved_twice() {
            self.host_roots = HostRoots::Moved;
        } else if !host_root::are_visited_twice(&self.machine) {
            self.host_roots = HostRoots::Sound;
        }
    }

    fn may_have_moved_twice(&self) -> bool {
        match self.host_roots {
            HostRoots::Sound => false,
            HostRoots::Twice(before) => self.machine.store.heap().num_made() > before,
            HostRoots::Moved => true,
        }
    }

    /// The cause that explains a difference once objects may have been moved twice.
    pub(crate) fn explain_moved_twice(&self, rule: RuleId) -> Option<Known> {
        let known = self.setting.moves_twice(Cause::HostMoved)?;
        let may = known.cause().row().rules.contains(&rule);
        (may && self.may_have_moved_twice()).then_some(known)
    }
}
