//! A campaign's own lines among the totals, and where its CPU time went.

use super::{counted, grouped};
use crate::campaign::shares::CpuShares;
use crate::campaign::summary::{INCONCLUSIVE_PERCENT, POINTS, Summary};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes the lines, each a label and a text.
///
/// # Errors
///
/// When they cannot be written.
pub fn write(
    summary: &Summary,
    line: &mut impl FnMut(&str, String) -> io::Result<()>,
) -> io::Result<()> {
    if let Some(signal) = summary.interrupted {
        line(
            "interrupted",
            format!("by {signal}: not all cases were run"),
        )?;
    }
    if summary.cases == 0 {
        return Ok(());
    }
    line(
        "generated",
        format!(
            "{} of seed {} ({})",
            counted(summary.cases, "case"),
            summary.seed,
            list(&summary.by_generator)
        ),
    )?;
    line("  verdicts", list(&summary.by_verdict))?;
    if !summary.by_limit.is_empty() {
        line("  limits met", list(&summary.by_limit))?;
    }
    line("  two-way", grouped(summary.two_way))?;
    line("  refused", refused_text(summary))?;
    line("  points a case", points_text(summary))?;
    let all = Summary::all_opcodes();
    line("  opcodes", format!("{} of {all}", summary.opcodes))?;
    if summary.is_inconclusive() {
        let inconclusive = counted(summary.inconclusive(), "inconclusive case");
        let text = format!("{inconclusive}: more than {INCONCLUSIVE_PERCENT} % of all");
        line("  TOO MANY", text)?;
    }
    Ok(())
}

fn refused_text(summary: &Summary) -> String {
    format!("{}, as the configuration demands", grouped(summary.refused))
}

fn points_text(summary: &Summary) -> String {
    let points = summary.points;
    format!(
        "median {}, p90 {}; {} more than {POINTS}",
        grouped(points.median),
        grouped(points.p90),
        match points.above_200 {
            1 => "1 case".to_owned(),
            n => format!("{} cases", grouped(n)),
        }
    )
}

fn list<K: AsRef<str>>(counts: &BTreeMap<K, u64>) -> String {
    let parts = counts
        .iter()
        .map(|(name, count)| format!("{} {}", name.as_ref(), grouped(*count)));
    parts.collect::<Vec<_>>().join(", ")
}

/// Writes where a campaign's CPU time went.
///
/// # Errors
///
/// When it cannot be written.
pub fn write_timings(out: &mut impl Write, cpu: &CpuShares) -> io::Result<()> {
    let all = (cpu.cases_seconds + cpu.processes_seconds).max(f64::MIN_POSITIVE);
    let mut row = |what: &str, seconds: f64| {
        let percent = 100.0 * seconds / all;
        writeln!(out, "  {what:<24} {seconds:>10.2} s {percent:>6.1} %")
    };
    row("CPU time", all)?;
    row("  cases", cpu.cases_seconds)?;
    for (phase, seconds) in &cpu.phases_seconds {
        row(&format!("    {phase}"), *seconds)?;
    }
    row("  process handling", cpu.processes_seconds)?;
    match cpu.harness_share {
        Some(share) => writeln!(out, "  {:<24} {:>21.1} %", "harness share", 100.0 * share),
        None => writeln!(out, "  {:<24} not known", "harness share"),
    }
}
