//! Bytes of a memory that were written with what events may have changed.

use std::ops::Range;

/// Bytes of a memory: ranges in order, none of which touches the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spans(Vec<Range<u64>>);

impl Spans {
    /// Adds bytes.
    pub(super) fn add(&mut self, mut range: Range<u64>) {
        let first = self.0.partition_point(|span| span.end < range.start);
        let behind = self.0.partition_point(|span| span.start <= range.end);
        for span in &self.0[first..behind] {
            range.start = range.start.min(span.start);
            range.end = range.end.max(span.end);
        }
        self.0.splice(first..behind, [range]);
    }

    /// Whether any of these bytes was added.
    pub(super) fn touch(&self, range: &Range<u64>) -> bool {
        let next = self.0.partition_point(|span| span.end <= range.start);
        self.0.get(next).is_some_and(|span| span.start < range.end)
    }

    /// The ranges, in order.
    pub(super) fn each(&self) -> impl Iterator<Item = &Range<u64>> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spans_that_touch_become_one() {
        let mut spans = Spans::default();
        for range in [8..12, 0..4, 20..24, 4..6] {
            spans.add(range);
        }
        assert_eq!(spans.0, [0..6, 8..12, 20..24]);
        spans.add(5..21);
        assert_eq!((spans.0.len(), spans.0[0].clone()), (1, 0..24));
    }

    proptest! {
        /// A byte is in the spans exactly if it was added.
        #[test]
        fn spans_hold_what_was_added(added in prop::collection::vec((0u64..64, 1u64..9), 0..12)) {
            let mut spans = Spans::default();
            let ranges: Vec<Range<u64>> = added.into_iter().map(|(at, len)| at..at + len).collect();
            ranges.iter().cloned().for_each(|range| spans.add(range));
            for byte in 0..80 {
                let wanted = ranges.iter().any(|range| range.contains(&byte));
                prop_assert_eq!(spans.touch(&(byte..byte + 1)), wanted);
            }
            for pair in spans.0.windows(2) {
                prop_assert!(pair[0].end < pair[1].start);
            }
        }
    }
}
