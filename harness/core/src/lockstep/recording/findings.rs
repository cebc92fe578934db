//! Divergences of one execution: each rule is reported once, known ones are counted by cause.

use crate::causes::{Cause, Known};
use crate::divergence::Divergence;
use crate::rules::RuleId;
use std::collections::{BTreeMap, BTreeSet};

/// What was found in one execution of one case.
#[derive(Debug, Default)]
pub struct Findings {
    /// The first divergence of each rule that no cause explains, in order of discovery.
    pub unexplained: Vec<Divergence>,
    /// Matches by cause.
    pub known: BTreeMap<Cause, u64>,
    /// The first match of each cause, as evidence.
    pub known_examples: Vec<Divergence>,
    /// How often a rule was seen not to hold, repetitions of one that was reported included.
    pub noticed: u64,
    /// The first divergence that a cause that ends the execution may explain; nothing after it counts.
    pub suspected: Option<Divergence>,
    reported: BTreeSet<RuleId>,
}

impl Findings {
    /// Whether an unexplained divergence of `rule` would be the first.
    pub fn is_news(&self, rule: RuleId) -> bool {
        !self.reported.contains(&rule)
    }

    /// Records a divergence; a second one of the same rule is dropped, a known one is counted.
    pub fn add(&mut self, divergence: Divergence) {
        if let Some(cause) = divergence.known {
            self.count(cause);
            self.known_examples.push(divergence);
            return;
        }
        self.noticed += 1;
        if self.reported.insert(divergence.rule) {
            self.unexplained.push(divergence);
        }
    }

    /// Sets a divergence aside until the case knows whether a cause explains it.
    pub fn suspect(&mut self, divergence: Divergence) {
        self.suspected.get_or_insert(divergence);
    }

    /// Decides on what was set aside: it is this cause's, or unexplained.
    pub fn decide(&mut self, known: Option<Known>) {
        if let Some(mut divergence) = self.suspected.take() {
            divergence.known = known.map(Known::cause);
            self.add(divergence);
        }
    }

    /// Whether the cause matched before.
    pub fn has_known(&self, known: Known) -> bool {
        self.known.contains_key(&known.cause())
    }

    /// Counts a further match of a cause.
    pub fn count_known(&mut self, known: Known) {
        self.count(known.cause());
    }

    /// Adds what was found in another store.
    pub fn join(&mut self, other: Findings) {
        for found in other.unexplained {
            self.add(found);
        }
        let is_new = |found: &Divergence| {
            found
                .known
                .is_some_and(|cause| !self.known.contains_key(&cause))
        };
        let mut examples = other.known_examples;
        examples.retain(is_new);
        self.known_examples.append(&mut examples);
        for (cause, count) in other.known {
            *self.known.entry(cause).or_insert(0) += count;
        }
        if let Some(suspected) = other.suspected {
            self.suspect(suspected);
        }
    }

    fn count(&mut self, cause: Cause) {
        *self.known.entry(cause).or_insert(0) += 1;
    }
}
