//! A set of PCs: a bit for each where opcodes are, a tree beyond.

use std::collections::BTreeSet;

/// From this PC on a tree holds the PCs: few opcodes of any module lie there, and a bit for each would take
/// much memory for one PC that is not an opcode's.
const FAR: u32 = 1 << 24;
/// Bits of a word.
const BITS: u32 = u64::BITS;

/// PCs of a module, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PcSet {
    /// A bit for each PC before [`FAR`]; no more words than were needed at once.
    words: Vec<u64>,
    far: BTreeSet<u32>,
    len: usize,
}

/// Where a PC's bit is.
#[inline]
fn bit(pc: u32) -> (usize, u64) {
    ((pc / BITS) as usize, 1 << (pc % BITS))
}

impl PcSet {
    /// Whether a PC is in it.
    #[inline]
    pub(crate) fn contains(&self, pc: u32) -> bool {
        let (word, bit) = bit(pc);
        match self.words.get(word) {
            Some(word) => word & bit != 0,
            None => pc >= FAR && self.far.contains(&pc),
        }
    }

    /// Adds a PC; whether it is new.
    pub(crate) fn insert(&mut self, pc: u32) -> bool {
        let new = if pc >= FAR {
            self.far.insert(pc)
        } else {
            let (word, bit) = bit(pc);
            if self.words.len() <= word {
                self.words.resize(word + 1, 0);
            }
            let before = self.words[word];
            self.words[word] = before | bit;
            before & bit == 0
        };
        self.len += usize::from(new);
        new
    }

    /// Takes a PC out; whether it was there.
    pub(crate) fn remove(&mut self, pc: u32) -> bool {
        let there = if pc >= FAR {
            self.far.remove(&pc)
        } else {
            let (word, bit) = bit(pc);
            let word = self.words.get_mut(word);
            word.is_some_and(|word| {
                let before = *word;
                *word = before & !bit;
                before & bit != 0
            })
        };
        self.len -= usize::from(there);
        there
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Each, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let words = self.words.iter().zip(0u32..);
        let near = words.flat_map(|(&word, position)| {
            let rest = std::iter::successors(Some(word), |rest| Some(rest & (rest - 1)));
            let ones = rest.take(word.count_ones() as usize);
            ones.map(move |rest| position * BITS + rest.trailing_zeros())
        });
        near.chain(self.far.iter().copied())
    }
}

impl FromIterator<u32> for PcSet {
    fn from_iter<I: IntoIterator<Item = u32>>(pcs: I) -> PcSet {
        let mut set = PcSet::default();
        for pc in pcs {
            set.insert(pc);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_set(edits in prop::collection::vec(
            (any::<bool>(), prop_oneof![0..200u32, FAR - 2..FAR + 2, Just(u32::MAX)]),
            0..80,
        )) {
            let (mut set, mut model) = (PcSet::default(), BTreeSet::new());
            for (add, pc) in edits {
                match add {
                    true => prop_assert_eq!(set.insert(pc), model.insert(pc)),
                    false => prop_assert_eq!(set.remove(pc), model.remove(&pc)),
                }
                prop_assert_eq!(set.contains(pc), add);
                prop_assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
            }
            prop_assert!(set.iter().eq(model.iter().copied()));
            prop_assert_eq!(model.into_iter().collect::<PcSet>().len(), set.len());
        }
    }
}
