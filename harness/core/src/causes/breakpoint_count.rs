//! `BREAKPOINT-COUNT`: a store counts how often each breakpoint was asked for.
//!
//! A breakpoint has a count, by the PC that it is set at. Adding one raises it. Where it is set at
//! another PC than it was asked for, the store remembers that until the removal at the PC asked for;
//! a removal at a PC for which nothing is remembered lowers the count of that very PC. So a
//! breakpoint is still there after its removal if it was asked for twice, or at a PC without code from
//! which it was removed already. Single-step changes no count.

use std::collections::{BTreeMap, HashMap};

/// The counts of one store.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// By module and PC of the breakpoint; none is zero.
    counts: BTreeMap<(u32, u32), u32>,
    /// From module and PC asked for to the PC of the breakpoint, where they differ.
    slipped: HashMap<(u32, u32), u32>,
}

impl Counts {
    /// A breakpoint is asked for at one PC, and set at another or the same.
    pub fn add(&mut self, module: u32, asked: u32, place: u32) {
        if asked != place {
            self.slipped.insert((module, asked), place);
        }
        *self.counts.entry((module, place)).or_default() += 1;
    }

    /// A breakpoint is removed at this PC; that of the breakpoint whose count may be lower now.
    pub fn remove(&mut self, module: u32, asked: u32) -> u32 {
        let place = self.slipped.remove(&(module, asked)).unwrap_or(asked);
        if let Some(count) = self.counts.get_mut(&(module, place)) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&(module, place));
            }
        }
        place
    }

    /// The count of the breakpoint at this PC.
    pub fn of(&self, module: u32, place: u32) -> u32 {
        self.counts.get(&(module, place)).copied().unwrap_or(0)
    }

    /// The store has no such breakpoint any more.
    pub fn forget(&mut self, module: u32, place: u32) {
        self.counts.remove(&(module, place));
    }

    /// Each breakpoint with its count: module, PC, count.
    pub fn each(&self) -> impl Iterator<Item = (u32, u32, u32)> + '_ {
        let counts = self.counts.iter();
        counts.map(|(&(module, pc), &count)| (module, pc, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// A breakpoint that was asked for at 9 is set at 10.
    const ASKED: u32 = 9;
    const PLACE: u32 = 10;

    #[test]
    fn what_was_asked_for_twice_is_there_until_it_is_removed_twice() {
        let mut counts = Counts::default();
        counts.add(0, PLACE, PLACE);
        counts.add(0, PLACE, PLACE);
        assert_eq!((counts.remove(0, PLACE), counts.of(0, PLACE)), (PLACE, 1));
        assert_eq!((counts.remove(0, PLACE), counts.of(0, PLACE)), (PLACE, 0));
        // What is not set is not removed.
        counts.remove(0, PLACE);
        counts.add(0, PLACE, PLACE);
        assert_eq!((counts.of(0, PLACE), counts.of(1, PLACE)), (1, 0));
    }

    #[test]
    fn a_removal_where_it_was_asked_for_counts_once() {
        let mut counts = Counts::default();
        counts.add(0, ASKED, PLACE);
        counts.add(0, ASKED, PLACE);
        assert_eq!(counts.remove(0, ASKED), PLACE);
        assert_eq!(counts.remove(0, ASKED), ASKED, "nothing is remembered");
        assert_eq!(counts.of(0, PLACE), 1);
        assert_eq!((counts.remove(0, PLACE), counts.of(0, PLACE)), (PLACE, 0));
    }

    #[test]
    fn a_removal_where_another_would_have_been_asked_for_does_not_count() {
        let mut counts = Counts::default();
        counts.add(0, PLACE, PLACE);
        counts.remove(0, ASKED);
        assert_eq!(counts.of(0, PLACE), 1);
    }

    proptest! {
        /// Whatever is set by the documentation has a count.
        #[test]
        fn a_breakpoint_that_is_set_is_counted(edits in prop::collection::vec((any::<bool>(), 0..20u32), 0..60)) {
            // Every fifth PC has code; behind the last they stay.
            let place = |pc: u32| if pc > 15 { pc } else { pc.next_multiple_of(5) };
            let mut counts = Counts::default();
            let mut set = BTreeSet::new();
            for (add, pc) in edits {
                if add {
                    counts.add(0, pc, place(pc));
                    set.insert(place(pc));
                } else {
                    counts.remove(0, pc);
                    set.remove(&place(pc));
                }
                prop_assert!(set.iter().all(|&pc| counts.of(0, pc) > 0));
            }
        }
    }
}
