//! What a campaign's generated cases were, and what they reached. It only counts.

use super::outcome::Judged;
use crate::case::{CaseReport, CommandReport, Judgement};
use crate::lockstep::families::Checked;
use crate::totals::FamilyCoverage;
use lockstep_oracles::opcode::Opcode;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The share of cases that may be inconclusive.
pub const INCONCLUSIVE_SHARE: f64 = 0.005;
/// How probable it may be, at most, that as many cases are inconclusive by chance as are too many.
pub const BY_CHANCE: f64 = 0.001;
/// So few cases tell nothing of a share: a campaign of fewer is never too inconclusive.
pub const FEW: u64 = 200;
/// Sequence points that at least half of the generated cases should exceed.
pub const POINTS: u64 = 200;

/// A campaign's generated cases.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// The seed, as `--seed` takes it.
    pub seed: String,
    /// Generated cases.
    pub cases: u64,
    /// By the generator of the main module.
    pub by_generator: BTreeMap<String, u64>,
    /// By what they came to.
    pub by_verdict: BTreeMap<Judgement, u64>,
    /// The inconclusive ones by the first reason of each.
    pub inconclusive_by_reason: BTreeMap<String, u64>,
    /// Those in which the uninstrumented execution is not compared with the others.
    pub two_way: u64,
    /// Those whose configuration the engine refused, as it must.
    pub refused: u64,
    /// By limit of CPU time, wall-clock time or memory that they met.
    pub by_limit: BTreeMap<&'static str, u64>,
    /// Sequence points that a case executed.
    pub points: Points,
    /// Opcodes of any proposal that were at a matched event.
    pub opcodes: usize,
    /// Opcodes of Wasm 2.0 at which a family of rules was checked.
    pub opcodes_by_family: BTreeMap<&'static str, FamilyCoverage>,
    /// The signal that ended the campaign before its budget did.
    pub interrupted: Option<&'static str>,
    /// Whether these are a part of the campaign, so that their share says nothing yet.
    #[serde(skip)]
    pub of_shard: bool,
    /// Whether the user limited the events of a case: what that cuts off is no fault of the campaign's.
    #[serde(skip)]
    pub limited: bool,
    #[serde(skip)]
    counts: BTreeMap<u64, u64>,
    #[serde(skip)]
    met: BTreeSet<usize>,
    #[serde(skip)]
    checked: Checked,
}

/// How the sequence points that cases executed are distributed; refused cases apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Points {
    /// Half of the cases executed at most this many.
    pub median: u64,
    /// Nine of ten cases executed at most this many.
    pub p90: u64,
    /// Cases that executed more than [`POINTS`].
    pub above_200: u64,
}

impl Summary {
    /// A summary of the cases of a seed.
    pub fn new(seed: u64) -> Summary {
        Summary {
            seed: format!("{seed:#x}"),
            ..Summary::default()
        }
    }

    /// Adds a generated case.
    pub fn add(&mut self, judged: &Judged) {
        self.cases += 1;
        let generator = judged.traits.generator.as_deref().unwrap_or("-");
        *self.by_generator.entry(generator.to_owned()).or_insert(0) += 1;
        self.two_way += u64::from(judged.traits.two_way);
        if let Some(limit) = judged.finished.limit {
            *self.by_limit.entry(limit).or_insert(0) += 1;
        }
        let report = judged.finished.result.as_ref();
        let judgement =
            report.map_or_else(|unfinished| unfinished.judgement(), CaseReport::judgement);
        *self.by_verdict.entry(judgement).or_insert(0) += 1;
        let Ok(report) = report else { return };
        if judgement == Judgement::Inconclusive {
            let why = report.commands.iter().find_map(CommandReport::undecided);
            let why = why.unwrap_or_default().to_owned();
            *self.inconclusive_by_reason.entry(why).or_insert(0) += 1;
        }
        if report.refused.is_some() {
            self.refused += 1;
            return;
        }
        *self.counts.entry(report.tally.executed).or_insert(0) += 1;
        let events = report.tally.opcodes.iter().enumerate();
        self.met
            .extend(events.filter(|(_, count)| **count > 0).map(|(op, _)| op));
        self.opcodes = self.met.len();
        self.checked.add(&report.tally.checked);
    }

    /// Works out what can only be said when all cases are there.
    pub fn settle(&mut self) {
        let above = self.counts.range(POINTS + 1..).map(|(_, cases)| cases);
        self.points = Points {
            median: self.quantile(1, 2),
            p90: self.quantile(9, 10),
            above_200: above.sum(),
        };
        self.opcodes_by_family = FamilyCoverage::by_name(&self.checked);
    }

    /// The smallest count that at least this part of the cases does not exceed.
    fn quantile(&self, part: u64, of: u64) -> u64 {
        let all: u64 = self.counts.values().sum();
        let wanted = (all * part).div_ceil(of);
        let mut seen = 0;
        let reached = self.counts.iter().find(|(_, cases)| {
            seen += **cases;
            seen >= wanted
        });
        reached.map_or(0, |(points, _)| *points)
    }

    /// Cases that ended inconclusive.
    pub fn inconclusive(&self) -> u64 {
        self.by_verdict
            .get(&Judgement::Inconclusive)
            .copied()
            .unwrap_or(0)
    }

    /// Whether more cases are inconclusive than a campaign may have, beyond chance: if each were with
    /// a probability of [`INCONCLUSIVE_SHARE`], as many as here would be in less than [`BY_CHANCE`] of
    /// such campaigns. Never of fewer than [`FEW`] cases, nor where the user limited their events; and a
    /// shard alone is not judged.
    pub fn is_inconclusive(&self) -> bool {
        if self.of_shard || self.limited || self.cases < FEW {
            return false;
        }
        let by_chance = at_least(self.inconclusive(), self.cases, INCONCLUSIVE_SHARE);
        by_chance < BY_CHANCE
    }

    /// How many opcodes a campaign can execute.
    pub fn all_opcodes() -> usize {
        Opcode::implemented().count()
    }
}

/// How probable it is that at least `count` of `all` cases are of a kind that each is of with the
/// probability `share`: the upper tail of the binomial distribution, exactly.
fn at_least(count: u64, all: u64, share: f64) -> f64 {
    let odds = (share / (1.0 - share)).ln();
    // Logarithms: the first term of a large campaign is smaller than any number.
    let mut term = all as f64 * (1.0 - share).ln();
    let mut tail = 0.0;
    for k in 0..=all {
        if k >= count {
            tail += term.exp();
        }
        let next = ((all - k) as f64 / (k + 1) as f64).ln() + odds;
        // Beyond the largest term each is smaller than the one before it.
        if next < 0.0 && k >= count && term.exp() < f64::EPSILON * tail {
            break;
        }
        term += next;
    }
    tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::protocol::{Cost, Traits, What};
    use crate::case::{CaseReport, Directive, Status};
    use crate::lockstep::families::Family;
    use crate::report::Finished;
    use std::time::Duration;

    #[test]
    fn a_campaign_can_cover_every_opcode_that_it_counts() {
        let counted = Summary::all_opcodes();
        let implemented = Opcode::ALL.iter().filter(|op| op.is_implemented());
        assert_eq!(counted, implemented.count());
        assert!(counted < Opcode::ALL.len(), "some no oracle executes");
    }

    fn judged(points: u64, status: Status) -> Judged {
        let mut report = CaseReport::default();
        report.tally.executed = points;
        report.tally.opcodes[points as usize % 3] = 1;
        let op = Opcode::ALL[points as usize % 3];
        report.tally.checked.note(Family::Step, op);
        report.commands.push(CommandReport {
            line: 1,
            kind: Directive::Action,
            text: String::new(),
            status,
            outcome: None,
        });
        Judged {
            what: What::Probe,
            traits: Traits {
                generator: Some("smith".to_owned()),
                two_way: points == 1,
                ..Traits::default()
            },
            finished: Finished {
                name: String::new(),
                subject: crate::version::Version::default(),
                result: Ok(report),
                elapsed: Duration::ZERO,
                replay: String::new(),
                limit: None,
            },
            cost: Cost::default(),
            earlier: None,
        }
    }

    #[test]
    fn points_are_distributed() {
        let mut summary = Summary::new(0x1f);
        for points in [1, 2, 3, 4, 5, 6, 7, 8, 900, 1000] {
            summary.add(&judged(points, Status::Passed));
        }
        summary.settle();
        let expected = Points {
            median: 5,
            p90: 900,
            above_200: 2,
        };
        assert_eq!(summary.points, expected);
        assert_eq!(
            (summary.cases, summary.two_way, summary.opcodes),
            (10, 1, 3)
        );
        assert_eq!(summary.opcodes_by_family["step"].covered, 3);
        assert_eq!(summary.by_generator["smith"], 10);
        assert_eq!(summary.seed, "0x1f");
    }

    /// A summary of so many cases, of which so many are inconclusive.
    fn of(cases: u64, inconclusive: u64) -> Summary {
        let mut summary = Summary::new(0);
        summary.cases = cases;
        let verdicts = [
            (Judgement::Ok, cases - inconclusive),
            (Judgement::Inconclusive, inconclusive),
        ];
        summary.by_verdict = verdicts.into();
        summary
    }

    #[test]
    fn the_tail_of_a_binomial_distribution_is_exact() {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(near(at_least(0, 3, 0.5), 1.0));
        assert!(near(at_least(2, 3, 0.5), 0.5));
        assert!(near(at_least(3, 3, 0.5), 0.125));
        assert!(near(at_least(1, 200, 0.005), 1.0 - 0.995_f64.powi(200)));
        // The first term of so many is no number above zero.
        assert!((at_least(5_000, 1_000_000, 0.005) - 0.5).abs() < 0.01);
    }

    #[test]
    fn a_small_campaign_is_not_undecided_by_chance() {
        assert!(!of(1, 1).is_inconclusive());
        assert!(!of(5, 5).is_inconclusive());
        assert!(!of(199, 30).is_inconclusive());
        assert!(!of(200, 5).is_inconclusive());
        assert!(of(200, 6).is_inconclusive());
        assert!(!of(2_000, 21).is_inconclusive());
        assert!(of(2_000, 22).is_inconclusive());
        assert!(!of(200_000, 1_000).is_inconclusive());
        assert!(of(200_000, 1_100).is_inconclusive());
        assert!(!of(0, 0).is_inconclusive());
        let mut shard = of(200, 6);
        shard.of_shard = true;
        assert!(!shard.is_inconclusive());
    }

    #[test]
    fn a_limit_of_the_user_s_own_makes_no_campaign_undecided() {
        let limited = Summary {
            limited: true,
            ..of(200, 100)
        };
        assert!(!limited.is_inconclusive());
    }

    #[test]
    fn inconclusive_cases_are_counted_by_their_first_reason() {
        let mut summary = Summary::new(0);
        for why in ["a limit", "a limit", "another"] {
            summary.add(&judged(1, Status::Inconclusive(why.to_owned())));
        }
        summary.add(&judged(1, Status::Void("no instance".to_owned())));
        let counts = summary.inconclusive_by_reason.into_iter();
        let expected = [("a limit".to_owned(), 2), ("another".to_owned(), 1)];
        assert!(counts.eq(expected));
    }
}
