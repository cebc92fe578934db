//! The table at the end: each ratio beside its bar.
//!
//! Judged is the quotient of the shortest slices, which runs of the same program agree on; beside it
//! stands the median of the iterations' quotients, which says how quiet the machine was.

use crate::ratio::{SLICES, Sample, Times};
use std::time::Duration;

/// A ratio that was measured.
pub(crate) struct Row {
    /// What over what.
    pub(crate) what: &'static str,
    /// The subject's version.
    pub(crate) subject: String,
    /// The program.
    pub(crate) program: &'static str,
    /// Events, or opcodes where nothing stops, that each side passed in a slice.
    pub(crate) events: u64,
    /// The largest ratio that is good enough.
    pub(crate) bar: f64,
    /// One an iteration.
    pub(crate) samples: Vec<Sample>,
}

/// Prints the rows that were measured, ratio by ratio.
pub(crate) fn print(rows: &mut [Row]) {
    rows.sort_by_key(|row| row.what);
    println!(
        "{:<42} {:<7} {:<11} {:>10} {:>9} {:>9} {:>7} {:>6} {:>4} {:>9} {:>3}",
        "ratio",
        "subject",
        "program",
        "events",
        "ns/event",
        "ns/event",
        "ratio",
        "bar",
        "",
        "median",
        "n"
    );
    for row in rows.iter().filter(|row| !row.samples.is_empty()) {
        let each = |time: Duration| time.as_secs_f64() * 1e9 / row.events as f64;
        let shortest = row.shortest();
        let ratio = shortest.ratio();
        let verdict = if ratio <= row.bar { "PASS" } else { "FAIL" };
        println!(
            "{:<42} {:<7} {:<11} {:>10} {:>9.1} {:>9.1} {ratio:>7.3} {:>6} {verdict} {:>9.3} {:>3}",
            row.what,
            row.subject,
            row.program,
            row.events * u64::from(SLICES),
            each(shortest.over),
            each(shortest.under),
            row.bar,
            median(row.samples.iter().map(|sample| sample.sum.ratio())),
            row.samples.len(),
        );
    }
}

impl Row {
    /// The times of each side's shortest slice.
    fn shortest(&self) -> Times {
        let of = |side: fn(&Times) -> Duration| {
            let times = self.samples.iter().map(|sample| side(&sample.shortest));
            times.min().unwrap_or_default()
        };
        Times {
            over: of(|times| times.over),
            under: of(|times| times.under),
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        (values[middle - 1] + values[middle]) / 2.0
    } else {
        values[middle]
    }
}
