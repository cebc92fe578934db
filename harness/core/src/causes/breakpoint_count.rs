//! `BREAKPOINT-COUNT`: a store counts how often each breakpoint was asked for.
//!
//! A breakpoint has a count, by the PC that it is set at. Adding one raises it. Where it is set at
//! another PC than it was asked for, the store remembers that until the removal at the PC asked for;
//! a removal at a PC for which nothing is remembered lowers the count of that very PC. So a
//! breakpoint is still there after its removal if it was asked for twice, or at a PC without code from
//! which it was removed already. Single-step changes no count.

use crate::schedule::pc_set::PcSet;
use std::collections::{BTreeMap, HashMap};

/// The counts of one store.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// The breakpoints with a count, by module.
    counted: Vec<PcSet>,
    /// By module and PC of the breakpoint, how far its count is above one; none is zero.
    more: BTreeMap<(u32, u32), u32>,
    /// From module and PC asked for to the PC of the breakpoint, where they differ.
    slipped: HashMap<(u32, u32), u32>,
}

impl Counts {
    /// A breakpoint is asked for at one PC, and set at another or the same.
    pub fn add(&mut self, module: u32, asked: u32, place: u32) {
        if asked != place {
            self.slipped.insert((module, asked), place);
        }
        let index = module as usize;
        if self.counted.len() <= index {
            self.counted.resize_with(index + 1, PcSet::default);
        }
        if !self.counted[index].insert(place) {
            *self.more.entry((module, place)).or_default() += 1;
        }
    }

    /// A breakpoint is removed at this PC; that of the breakpoint whose count may be lower now.
    pub fn remove(&mut self, module: u32, asked: u32) -> u32 {
        let place = self.place_of(module, asked);
        if place != asked {
            self.slipped.remove(&(module, asked));
        }
        match self.more.get_mut(&(module, place)) {
            Some(1) => {
                self.more.remove(&(module, place));
            }
            Some(more) => *more -= 1,
            None => self.take_out(module, place),
        }
        place
    }

    /// Which breakpoint's count a removal at this PC lowers.
    pub fn place_of(&self, module: u32, asked: u32) -> u32 {
        let slipped = match self.slipped.is_empty() {
            true => None,
            false => self.slipped.get(&(module, asked)),
        };
        slipped.copied().unwrap_or(asked)
    }

    /// The count of the breakpoint at this PC.
    pub fn of(&self, module: u32, place: u32) -> u32 {
        let counted = self.counted.get(module as usize);
        match counted.is_some_and(|counted| counted.contains(place)) {
            true => 1 + self.more(module, place),
            false => 0,
        }
    }

    /// The store has no such breakpoint any more.
    pub fn forget(&mut self, module: u32, place: u32) {
        self.more.remove(&(module, place));
        self.take_out(module, place);
    }

    fn take_out(&mut self, module: u32, place: u32) {
        if let Some(counted) = self.counted.get_mut(module as usize) {
            counted.remove(place);
        }
    }

    fn more(&self, module: u32, place: u32) -> u32 {
        self.more.get(&(module, place)).copied().unwrap_or(0)
    }

    /// Each breakpoint with its count: module, PC, count.
    pub fn each(&self) -> impl Iterator<Item = (u32, u32, u32)> + '_ {
        let modules = self.counted.iter().zip(0u32..);
        let counted = modules.flat_map(|(pcs, module)| pcs.iter().map(move |pc| (module, pc)));
        counted.map(|(module, pc)| (module, pc, 1 + self.more(module, pc)))
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
