//! Divergences of one execution: each rule is reported once, known ones are counted by entry.

use crate::divergence::Divergence;
use crate::rules::RuleId;
use std::collections::{BTreeMap, BTreeSet};

/// What was found in one execution of one case.
#[derive(Debug, Default)]
pub struct Findings {
    /// The first divergence of each rule that the ledger does not explain, in order of discovery.
    pub unexplained: Vec<Divergence>,
    /// Matches by ledger entry.
    pub known: BTreeMap<&'static str, u64>,
    /// The first match of each ledger entry, as evidence.
    pub known_examples: Vec<Divergence>,
    /// How often a rule was seen not to hold, repetitions of one that was reported included.
    pub noticed: u64,
    /// The first divergence that a terminal entry may explain; nothing after it counts.
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
        if let Some(entry) = divergence.known {
            self.count_known(entry);
            self.known_examples.push(divergence);
            return;
        }
        self.noticed += 1;
        if self.reported.insert(divergence.rule) {
            self.unexplained.push(divergence);
        }
    }

    /// Sets a divergence aside until the case knows whether a terminal entry explains it.
    pub fn suspect(&mut self, divergence: Divergence) {
        self.suspected.get_or_insert(divergence);
    }

    /// Decides on what was set aside: it is this entry's, or unexplained.
    pub fn decide(&mut self, entry: Option<&'static str>) {
        if let Some(mut divergence) = self.suspected.take() {
            divergence.known = entry;
            self.add(divergence);
        }
    }

    /// Counts a further match of a ledger entry.
    pub fn count_known(&mut self, entry: &'static str) {
        *self.known.entry(entry).or_insert(0) += 1;
    }
}
