//! Binary search for the first place that answers otherwise than the first.

use serde::{Deserialize, Serialize};

/// What a case came to at a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "came", content = "what")]
pub(super) enum Came {
    /// It differs: causes that matched, or rules that did not hold.
    Differs(String),
    /// It agrees.
    Agrees,
    /// It cannot be run there; why.
    Unknown(String),
}

impl Came {
    /// Whether it differs, if that is known.
    fn differs(&self) -> Option<bool> {
        match self {
            Came::Differs(_) => Some(true),
            Came::Agrees => Some(false),
            Came::Unknown(_) => None,
        }
    }
}

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The case changes between these two places, and nothing between them can be run.
    Between {
        /// The last that answers as the first.
        before: usize,
        /// The first known that answers otherwise.
        after: usize,
    },
    /// The first and the last place answer alike.
    Same,
    /// The case cannot be run at the first or the last place.
    Unknown(usize),
}

/// Searches `places` places, at least two, and asks each at most once.
///
/// # Errors
///
/// The first of `ask`.
pub(super) fn search<E>(
    places: usize,
    mut ask: impl FnMut(usize) -> Result<Came, E>,
) -> Result<Found, E> {
    let (mut before, mut after) = (0, places - 1);
    let Some(first) = ask(before)?.differs() else {
        return Ok(Found::Unknown(before));
    };
    let Some(last) = ask(after)?.differs() else {
        return Ok(Found::Unknown(after));
    };
    if first == last {
        return Ok(Found::Same);
    }
    let mut unknown = vec![false; places];
    loop {
        let open = (before + 1..after).filter(|&place| !unknown[place]);
        let middle = before + (after - before) / 2;
        // The nearest to the middle that may be known.
        let Some(place) = open.min_by_key(|place| place.abs_diff(middle)) else {
            return Ok(Found::Between { before, after });
        };
        match ask(place)?.differs() {
            None => unknown[place] = true,
            Some(differs) if differs == first => before = place,
            Some(_) => after = place,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `d` differs, `a` agrees, `?` cannot be run. What was found, and how often was asked.
    fn searched(places: &str) -> (Found, usize) {
        let places: Vec<char> = places.chars().collect();
        let mut asked = Vec::new();
        let found = search(places.len(), |place| {
            assert!(!asked.contains(&place), "{place} is asked twice");
            asked.push(place);
            Ok::<Came, ()>(match places[place] {
                'd' => Came::Differs("CAUSE".to_owned()),
                'a' => Came::Agrees,
                _ => Came::Unknown("it is not built".to_owned()),
            })
        });
        (found.unwrap(), asked.len())
    }

    #[test]
    fn the_change_is_found_wherever_it_is() {
        for places in 2..40_usize {
            for change in 1..places {
                for (first, then) in [("a", "d"), ("d", "a")] {
                    let text = first.repeat(change) + &then.repeat(places - change);
                    let (found, asked) = searched(&text);
                    let expected = Found::Between {
                        before: change - 1,
                        after: change,
                    };
                    assert_eq!(found, expected, "{text}");
                    let bound = places.ilog2() as usize + 3;
                    assert!(asked <= bound, "{text}: {asked} asked");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_run_is_left_out() {
        assert_eq!(
            searched("dd?aa").0,
            Found::Between {
                before: 1,
                after: 3
            }
        );
        assert_eq!(
            searched("d????a").0,
            Found::Between {
                before: 0,
                after: 5
            }
        );
        assert_eq!(searched("?a").0, Found::Unknown(0));
        assert_eq!(searched("aa?").0, Found::Unknown(2));
        assert_eq!(searched("aaa").0, Found::Same);
    }
}
