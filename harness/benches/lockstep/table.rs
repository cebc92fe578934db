//! The table at the end: each ratio beside its bar.

use crate::ratio::Sample;
use std::time::Duration;

/// A ratio that was measured.
pub(crate) struct Row {
    /// What over what.
    pub(crate) what: &'static str,
    /// The subject's version.
    pub(crate) subject: &'static str,
    /// The program.
    pub(crate) program: &'static str,
    /// Events, or opcodes where nothing stops, that each side passed in an iteration.
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
        "{:<42} {:<7} {:<11} {:>10} {:>9} {:>9} {:>3} {:>7} {:>6}",
        "median ratio", "subject", "program", "events", "ns/event", "ns/event", "n", "ratio", "bar"
    );
    for row in rows.iter().filter(|row| !row.samples.is_empty()) {
        let each = |time: Duration| time.as_secs_f64() * 1e9 / row.events as f64;
        let over = median(row.samples.iter().map(|sample| each(sample.over)));
        let under = median(row.samples.iter().map(|sample| each(sample.under)));
        let ratio = median(row.samples.iter().map(|sample| sample.ratio()));
        let verdict = if ratio <= row.bar { "PASS" } else { "FAIL" };
        println!(
            "{:<42} {:<7} {:<11} {:>10} {over:>9.1} {under:>9.1} {:>3} {ratio:>7.3} {:>6} {verdict}",
            row.what,
            row.subject,
            row.program,
            row.events,
            row.samples.len(),
            row.bar,
        );
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
