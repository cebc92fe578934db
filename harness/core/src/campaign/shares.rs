//! What a campaign's CPU time was spent on.

use super::protocol::Cost;
use crate::phases::cpu_ns;
use serde::Serialize;
use std::collections::BTreeMap;

/// The phase of a case that is the subject's own.
pub const SUBJECT: &str = "subject";

/// CPU time of a campaign.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CpuShares {
    /// Seconds in workers from a request's being read to the end of its case.
    pub cases_seconds: f64,
    /// Seconds outside cases: starting workers, requests, answers and reports.
    pub processes_seconds: f64,
    /// Seconds of the cases by phase, as far as they are known.
    pub phases_seconds: BTreeMap<String, f64>,
    /// The part of all that is not the subject's; null where the subject's is not known.
    pub harness_share: Option<f64>,
}

/// Sums costs.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    total: Cost,
}

impl Shares {
    /// Adds a case.
    pub fn add(&mut self, cost: &Cost) {
        self.total.case_ns += cost.case_ns;
        self.total.outside_ns += cost.outside_ns;
        self.total.peak_rss = self.total.peak_rss.max(cost.peak_rss);
        for (phase, ns) in &cost.phases {
            *self.total.phases.entry(phase.clone()).or_insert(0) += ns;
        }
    }

    /// Adds the CPU time, in nanoseconds, of a process that ran other cases of the campaign.
    pub fn add_process(&mut self, ns: u64) {
        self.total.outside_ns += ns;
    }

    /// The shares, with this process's CPU time as process handling.
    pub fn now(&self) -> CpuShares {
        self.with_own(cpu_ns())
    }

    /// The largest resident size of a worker, in bytes.
    pub fn peak_rss(&self) -> Option<u64> {
        self.total.peak_rss
    }

    fn with_own(&self, own_ns: u64) -> CpuShares {
        let outside = self.total.outside_ns + own_ns;
        let all = (self.total.case_ns + outside) as f64;
        let subject = self.total.phases.get(SUBJECT);
        let phases = self.total.phases.iter();
        CpuShares {
            cases_seconds: seconds(self.total.case_ns),
            processes_seconds: seconds(outside),
            phases_seconds: phases
                .map(|(phase, ns)| (phase.clone(), seconds(*ns)))
                .collect(),
            harness_share: subject.map(|ns| rounded(1.0 - *ns as f64 / all)),
        }
    }
}

fn seconds(ns: u64) -> f64 {
    rounded(ns as f64 / 1e9)
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_harness_share_is_all_that_is_not_the_subjects() {
        let mut shares = Shares::default();
        let cost = |subject| Cost {
            case_ns: 4_000_000_000,
            outside_ns: 500_000_000,
            peak_rss: None,
            phases: BTreeMap::from([(SUBJECT.to_owned(), subject)]),
        };
        shares.add(&cost(3_000_000_000));
        shares.add(&cost(4_000_000_000));
        let cpu = shares.with_own(1_000_000_000);
        assert_eq!((cpu.cases_seconds, cpu.processes_seconds), (8.0, 2.0));
        assert_eq!(cpu.harness_share, Some(0.3));
        assert_eq!(Shares::default().with_own(1).harness_share, None);
    }
}
