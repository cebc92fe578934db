//! Which cases a campaign has, in which order: those with names first, then generated ones in the
//! order of their numbers. A shard has every N-th of them.

use super::protocol::{Request, What, Wishes};
use super::shard::Shard;
use crate::generate;
use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant, SystemTime};

/// A campaign's cases.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Scripts, samples and corpus cases.
    pub named: Vec<What>,
    /// Seed of the generated cases.
    pub seed: u64,
    /// Number of the first generated case: those before it were run already.
    pub first: u64,
    /// How many generated cases there are.
    pub budget: Budget,
    /// The generators whose cases are run; all of them if none is named.
    pub generators: Vec<String>,
    /// Patterns, one of which a generated case's name must match; none selects all. The named cases are
    /// selected already.
    pub names: Vec<Regex>,
    /// What the user decides in place of the cases.
    pub wishes: Wishes,
    /// The part of it that is run.
    pub shard: Shard,
    /// When no case is begun any more.
    pub deadline: Option<SystemTime>,
}

/// How many generated cases there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Budget {
    /// Those with a number below this one.
    Cases(u64),
    /// As many as can be begun in this time, counted from the first.
    Time(Duration),
    /// The one with this number.
    One(u64),
}

impl Default for Budget {
    fn default() -> Budget {
        Budget::Cases(0)
    }
}

/// A case and its place among all cases of the plan, whatever the shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// From 0. Of generated cases that are left out the places stay free.
    pub place: u64,
    /// Which case.
    pub what: What,
}

impl Plan {
    /// How many cases the shard has, if that is known beforehand.
    pub fn length(&self) -> Option<u64> {
        let named = self.named.len() as u64;
        let (first, end) = match self.budget {
            Budget::Time(_) => return None,
            _ if self.is_filtered() => return None,
            _ => self.numbers(),
        };
        let below = |number: u64| self.shard.below(named.saturating_add(number));
        let generated = below(end.max(first)) - below(first);
        Some(self.shard.below(named) + generated)
    }

    /// Whether no shard of it has a case.
    pub fn is_empty(&self) -> bool {
        let (first, end) = self.numbers();
        self.named.is_empty() && first >= end
    }

    /// Whether generated cases are left out for their name.
    fn is_filtered(&self) -> bool {
        !self.generators.is_empty() || !self.names.is_empty()
    }

    /// The numbers of the generated cases: from the first to before the second.
    fn numbers(&self) -> (u64, u64) {
        match self.budget {
            Budget::Cases(count) => (self.first, count),
            Budget::One(number) => (number, number.saturating_add(1)),
            Budget::Time(_) => (self.first, u64::MAX),
        }
    }

    /// The shard's cases, in order, while there is time.
    pub fn cases(&self) -> impl Iterator<Item = Planned> + Send + use<> {
        let shard = self.shard;
        let deadline = self.deadline;
        let named = self.named.clone().into_iter().enumerate();
        let named = named.map(|(place, what)| Planned {
            place: place as u64,
            what,
        });
        let named = named.filter(move |planned| shard.has(planned.place));
        named.chain(self.generated()).take_while(move |_| {
            // A clock that cannot be compared has not passed it.
            deadline.is_none_or(|deadline| SystemTime::now() < deadline)
        })
    }

    fn generated(&self) -> impl Iterator<Item = Planned> + Send + use<> {
        let (first, end) = self.numbers();
        let limit = match self.budget {
            Budget::Time(limit) => Some(limit),
            Budget::Cases(_) | Budget::One(_) => None,
        };
        let mut begun: Option<Instant> = None;
        let in_time = move |_: &u64| match limit {
            None => true,
            Some(limit) => begun.get_or_insert_with(Instant::now).elapsed() < limit,
        };
        let (seed, shard, named) = (self.seed, self.shard, self.named.len() as u64);
        let (generators, names) = (self.generators.clone(), self.names.clone());
        let (filtered, wishes) = (self.is_filtered(), self.wishes.clone());
        let is_wanted = move |number: u64| {
            if !filtered {
                return true;
            }
            // What is no setting is refused before anything runs.
            let case = wishes.generated(seed, number);
            let name = case.map(|case| case.name).unwrap_or_default();
            let generator = generate::generator_of(&name);
            let of_generator = generators.iter().any(|wanted| generator == Some(wanted));
            (generators.is_empty() || of_generator)
                && (names.is_empty() || names.iter().any(|pattern| pattern.is_match(&name)))
        };
        let place = move |number: u64| named.saturating_add(number);
        (first..end)
            .take_while(in_time)
            .filter(move |number| shard.has(place(*number)) && is_wanted(*number))
            .map(move |number| Planned {
                place: place(number),
                what: What::Generated { seed, number },
            })
    }

    /// A case as a worker is asked for it.
    pub fn request(&self, what: &What) -> Request {
        Request::of(what.clone(), self.wishes.clone())
    }

    /// The same for every shard of a plan, and different for another plan.
    pub fn fingerprint(&self) -> String {
        let names: Vec<&str> = self.names.iter().map(Regex::as_str).collect();
        let all = (
            &self.named,
            self.seed,
            self.first,
            self.budget,
            (&self.generators, names),
            &self.wishes,
        );
        // A plan is made of texts and numbers alone, which can always be written.
        let text = serde_json::to_vec(&all).unwrap_or_default();
        let digest = Sha256::digest(text);
        digest.iter().take(16).map(|b| format!("{b:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::num::NonZeroU32;

    fn plan(budget: Budget) -> Plan {
        Plan {
            named: vec![What::Probe],
            seed: 7,
            budget,
            ..Plan::default()
        }
    }

    fn numbers(plan: &Plan) -> Vec<u64> {
        let mut cases = plan.cases().map(|planned| planned.what);
        assert_eq!(cases.next(), Some(What::Probe));
        let numbers = cases.map(|what| match what {
            What::Generated { seed: 7, number } => number,
            other => panic!("{other:?}"),
        });
        numbers.take(100).collect()
    }

    #[test]
    fn generated_cases_come_after_the_named_ones() {
        assert_eq!(numbers(&plan(Budget::Cases(3))), [0, 1, 2]);
        assert_eq!(numbers(&plan(Budget::One(17))), [17]);
        assert!(numbers(&plan(Budget::Time(Duration::ZERO))).is_empty());
        let long = numbers(&plan(Budget::Time(Duration::from_secs(3600))));
        assert_eq!(long, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_campaign_is_resumed_at_a_number() {
        let rest = Plan {
            first: 5,
            ..plan(Budget::Cases(8))
        };
        assert_eq!(numbers(&rest), [5, 6, 7]);
        assert_eq!(rest.length(), Some(4));
        let none = Plan {
            named: Vec::new(),
            first: 9,
            ..plan(Budget::Cases(8))
        };
        assert!(none.is_empty() && !rest.is_empty());
        assert_eq!(none.length(), Some(0));
    }

    #[test]
    fn nothing_is_begun_after_the_deadline() {
        let over = Plan {
            deadline: Some(SystemTime::UNIX_EPOCH),
            ..plan(Budget::Cases(3))
        };
        assert_eq!(over.cases().count(), 0);
    }

    #[test]
    fn only_the_cases_of_a_generator_are_run() {
        let all = Plan {
            generators: generate::generators().map(str::to_owned).collect(),
            ..plan(Budget::Cases(12))
        };
        assert_eq!(numbers(&all).len(), 12);
        let one = |name: &str| {
            numbers(&Plan {
                generators: vec![name.to_owned()],
                ..plan(Budget::Cases(12))
            })
        };
        let mut parts: Vec<u64> = generate::generators().flat_map(one).collect();
        parts.sort_unstable();
        assert_eq!(parts, (0..12).collect::<Vec<_>>());
        let named = Plan {
            names: vec![Regex::new("/0x7/1.$").unwrap()],
            ..plan(Budget::Cases(12))
        };
        assert_eq!(numbers(&named), [10, 11]);
    }

    proptest! {
        #[test]
        fn shards_together_are_exactly_the_whole(
            named in 0usize..20,
            first in 0u64..30,
            count in 0u64..60,
            of in 1u32..9,
        ) {
            let whole = Plan {
                named: (0..named).map(|n| What::Sample(n.to_string())).collect(),
                first,
                budget: Budget::Cases(count),
                ..Plan::default()
            };
            let mut parts = Vec::new();
            for shard in Shard::all(NonZeroU32::new(of).unwrap()) {
                let part = Plan { shard, ..whole.clone() };
                let cases: Vec<Planned> = part.cases().collect();
                prop_assert_eq!(part.length(), Some(cases.len() as u64));
                prop_assert_eq!(part.fingerprint(), whole.fingerprint());
                parts.extend(cases);
            }
            parts.sort_by_key(|planned| planned.place);
            prop_assert_eq!(parts, whole.cases().collect::<Vec<_>>());
        }
    }
}
