//! A deterministic part of a plan: every N-th case, by its place. All parts together are exactly the whole.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

/// Part `number` of `of`, counted from 1. It writes and reads itself as `2/5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Shard {
    of: NonZeroU32,
    /// From 0.
    position: u32,
}

/// The text is not a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write K/N, a part and the number of parts, for example 2/5")]
pub struct NoShard;

impl Shard {
    /// All of it.
    pub const WHOLE: Shard = Shard {
        of: NonZeroU32::MIN,
        position: 0,
    };

    /// Which part, from 1.
    pub fn number(self) -> u32 {
        self.position + 1
    }

    /// How many parts there are.
    pub fn of(self) -> u32 {
        self.of.get()
    }

    /// Whether it is the only part.
    pub fn is_whole(self) -> bool {
        self == Shard::WHOLE
    }

    /// Every part of as many.
    pub fn all(of: NonZeroU32) -> impl Iterator<Item = Shard> {
        (0..of.get()).map(move |position| Shard { of, position })
    }

    /// Whether the case at this place of the plan, from 0, is in this part.
    pub fn has(self, place: u64) -> bool {
        place % u64::from(self.of.get()) == u64::from(self.position)
    }

    /// How many of the places below this one are in this part.
    pub fn below(self, place: u64) -> u64 {
        let (of, position) = (u64::from(self.of.get()), u64::from(self.position));
        place / of + u64::from(place % of > position)
    }
}

impl Default for Shard {
    fn default() -> Shard {
        Shard::WHOLE
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number(), self.of)
    }
}

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Shard, NoShard> {
        let (number, of) = text.split_once('/').ok_or(NoShard)?;
        let number: NonZeroU32 = number.parse().map_err(|_| NoShard)?;
        let of: NonZeroU32 = of.parse().map_err(|_| NoShard)?;
        let shard = Shard {
            of,
            position: number.get() - 1,
        };
        (number <= of).then_some(shard).ok_or(NoShard)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> String {
        shard.to_string()
    }
}

impl TryFrom<String> for Shard {
    type Error = NoShard;

    fn try_from(text: String) -> Result<Shard, NoShard> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_shard_reads_itself_as_it_writes_itself() {
        let shard: Shard = "2/5".parse().unwrap();
        assert_eq!((shard.number(), shard.of()), (2, 5));
        assert_eq!(serde_json::to_string(&shard).unwrap(), "\"2/5\"");
        assert_eq!("1/1".parse(), Ok(Shard::WHOLE));
        for wrong in ["", "2", "0/5", "6/5", "1/0", "-1/5", "1/5/9", "a/b"] {
            assert_eq!(wrong.parse::<Shard>(), Err(NoShard), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_place_is_in_exactly_one_part(of in 1u32..50, place in any::<u64>()) {
            let of = NonZeroU32::new(of).unwrap();
            prop_assert_eq!(Shard::all(of).filter(|shard| shard.has(place)).count(), 1);
        }

        #[test]
        fn the_places_below_are_counted(of in 1u32..20, place in 0u64..200) {
            let of = NonZeroU32::new(of).unwrap();
            for shard in Shard::all(of) {
                let counted = (0..place).filter(|place| shard.has(*place)).count();
                prop_assert_eq!(shard.below(place), counted as u64);
            }
            let all: u64 = Shard::all(of).map(|shard| shard.below(place)).sum();
            prop_assert_eq!(all, place);
        }
    }
}
