//! What was left out, counted by the cause that forbids it.

use super::{Cause, Known};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// Reads, looks and collections left out, by cause.
///
/// It holds a count for each cause there is, so that counting allocates nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut([u64; Cause::ALL.len()]);

impl Default for LeftOut {
    fn default() -> LeftOut {
        LeftOut([0; Cause::ALL.len()])
    }
}

impl LeftOut {
    /// Counts what was left out for a cause of the subject.
    #[inline]
    pub fn count(&mut self, known: Known, number: u64) {
        self.0[known.cause() as usize] += number;
    }

    /// How much was left out for this cause.
    pub fn of(&self, cause: Cause) -> u64 {
        self.0[cause as usize]
    }

    /// All of it.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The causes for which something was left out, in the table's order.
    pub fn each(&self) -> impl Iterator<Item = (Cause, u64)> {
        let all = Cause::ALL.iter().copied().zip(self.0);
        all.filter(|(_, count)| *count > 0)
    }

    /// Adds another execution's counts.
    pub fn add(&mut self, other: &LeftOut) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }
}

impl Serialize for LeftOut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.each())
    }
}

impl<'de> Deserialize<'de> for LeftOut {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LeftOut, D::Error> {
        let counts = BTreeMap::<Cause, u64>::deserialize(deserializer)?;
        let mut left_out = LeftOut::default();
        for (cause, count) in counts {
            left_out.0[cause as usize] = count;
        }
        Ok(left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes::Causes;
    use crate::version::Version;

    #[test]
    fn counts_are_written_by_cause_and_read_again() {
        let known = Causes::of(Version::V42).get(Cause::V128Slot).unwrap();
        let mut left_out = LeftOut::default();
        left_out.count(known, 2);
        left_out.count(known, 3);
        assert_eq!((left_out.of(Cause::V128Slot), left_out.total()), (5, 5));
        let json = serde_json::to_string(&left_out).unwrap();
        assert_eq!(json, r#"{"V128-SLOT":5}"#);
        assert_eq!(serde_json::from_str::<LeftOut>(&json).unwrap(), left_out);
    }
}
