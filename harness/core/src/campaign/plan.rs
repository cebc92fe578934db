//! Which cases a campaign has, in which order: those with names first, then generated ones in the
//! order of their numbers.

use super::protocol::{Request, What, Wishes};
use std::time::{Duration, Instant};

/// A campaign's cases.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Scripts, samples and corpus cases.
    pub named: Vec<What>,
    /// Seed of the generated cases.
    pub seed: u64,
    /// How many generated cases there are.
    pub budget: Budget,
    /// What the user decides in place of the cases.
    pub wishes: Wishes,
}

/// How many generated cases there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// This many, from number 0.
    Cases(u64),
    /// As many as can be begun in this time, counted from the first.
    Time(Duration),
    /// The one with this number.
    One(u64),
}

impl Plan {
    /// How many cases there are, if that is known beforehand.
    pub fn length(&self) -> Option<u64> {
        let generated = match self.budget {
            Budget::Cases(count) => count,
            Budget::One(_) => 1,
            Budget::Time(_) => return None,
        };
        Some(self.named.len() as u64 + generated)
    }

    /// The cases, in order.
    pub fn cases(&self) -> impl Iterator<Item = What> + Send + use<> {
        let (first, count) = match self.budget {
            Budget::Cases(count) => (0, count),
            Budget::One(number) => (number, 1),
            Budget::Time(_) => (0, u64::MAX),
        };
        let limit = match self.budget {
            Budget::Time(limit) => Some(limit),
            Budget::Cases(_) | Budget::One(_) => None,
        };
        let seed = self.seed;
        let mut begun: Option<Instant> = None;
        let in_time = move |_: &u64| match limit {
            None => true,
            Some(limit) => begun.get_or_insert_with(Instant::now).elapsed() < limit,
        };
        let numbers = (0..count).map(move |n| first.saturating_add(n));
        let generated = numbers.take_while(in_time);
        let generated = generated.map(move |number| What::Generated { seed, number });
        self.named.clone().into_iter().chain(generated)
    }

    /// A case as a worker is asked for it.
    pub fn request(&self, what: &What) -> Request {
        Request {
            what: what.clone(),
            wishes: self.wishes.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(budget: Budget) -> Vec<u64> {
        let plan = Plan {
            named: vec![What::Probe],
            seed: 7,
            budget,
            wishes: Wishes::default(),
        };
        let mut cases = plan.cases();
        assert_eq!(cases.next(), Some(What::Probe));
        let numbers = cases.map(|what| match what {
            What::Generated { seed: 7, number } => number,
            other => panic!("{other:?}"),
        });
        numbers.take(100).collect()
    }

    #[test]
    fn generated_cases_come_after_the_named_ones() {
        assert_eq!(numbers(Budget::Cases(3)), [0, 1, 2]);
        assert_eq!(numbers(Budget::One(17)), [17]);
        assert!(numbers(Budget::Time(Duration::ZERO)).is_empty());
        let long = numbers(Budget::Time(Duration::from_secs(3600)));
        assert_eq!(long, (0..100).collect::<Vec<_>>());
    }
}
