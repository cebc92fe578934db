//! A campaign's own lines among the totals, and where its CPU time went.

use super::shown::Shown;
use super::text::by_count;
use super::{counted, grouped};
use crate::campaign::shares::CpuShares;
use crate::campaign::summary::{INCONCLUSIVE_SHARE, POINTS, Summary};
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
    for (reason, count) in by_count(&summary.inconclusive_by_reason) {
        line(
            "  inconclusive",
            format!("{} {}", grouped(count), Shown(reason)),
        )?;
    }
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
        let percent = 100.0 * INCONCLUSIVE_SHARE;
        let text = format!("{inconclusive}: beyond chance more than {percent} % of all");
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

fn list<K: std::fmt::Display>(counts: &BTreeMap<K, u64>) -> String {
    let parts = counts
        .iter()
        .map(|(name, count)| format!("{name} {}", grouped(*count)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::summary::Points;
    use crate::case::Judgement;

    fn lines(summary: &Summary) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = |label: &str, text: String| {
            lines.push(format!("{label}: {text}"));
            Ok(())
        };
        write(summary, &mut line).unwrap();
        lines
    }

    #[test]
    fn a_campaign_says_what_its_cases_were_and_reached() {
        let mut summary = Summary::new(0x1f);
        summary.cases = 200;
        summary.by_generator = [("shape".to_owned(), 150), ("smith".to_owned(), 50)].into();
        summary.by_verdict = [(Judgement::Inconclusive, 9), (Judgement::Ok, 191)].into();
        summary.inconclusive_by_reason =
            [("a limit".to_owned(), 2), ("a wait".to_owned(), 7)].into();
        summary.by_limit = [("cpu-time", 1)].into();
        summary.two_way = 7;
        summary.refused = 3;
        summary.points = Points {
            median: 1234,
            p90: 5000,
            above_200: 1,
        };
        summary.opcodes = 400;
        summary.interrupted = Some("SIGTERM");
        let all = Summary::all_opcodes();
        assert_eq!(
            lines(&summary),
            [
                "interrupted: by SIGTERM: not all cases were run".to_owned(),
                "generated: 200 cases of seed 0x1f (shape 150, smith 50)".to_owned(),
                "  verdicts: inconclusive 9, ok 191".to_owned(),
                "  inconclusive: 7 a wait".to_owned(),
                "  inconclusive: 2 a limit".to_owned(),
                "  limits met: cpu-time 1".to_owned(),
                "  two-way: 7".to_owned(),
                "  refused: 3, as the configuration demands".to_owned(),
                "  points a case: median 1,234, p90 5,000; 1 case more than 200".to_owned(),
                format!("  opcodes: 400 of {all}"),
                "  TOO MANY: 9 inconclusive cases: beyond chance more than 0.5 % of all".to_owned(),
            ]
        );
        assert!(lines(&Summary::new(0)).is_empty());
    }

    #[test]
    fn timings_are_parts_of_all_cpu_time() {
        let cpu = CpuShares {
            cases_seconds: 8.0,
            processes_seconds: 2.0,
            phases_seconds: BTreeMap::from([("oracle".to_owned(), 1.0)]),
            harness_share: Some(0.3),
        };
        let mut text = Vec::new();
        write_timings(&mut text, &cpu).unwrap();
        let text = String::from_utf8(text).unwrap();
        let rows: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(rows[1], ["cases", "8.00", "s", "80.0", "%"]);
        assert_eq!(rows[2], ["oracle", "1.00", "s", "10.0", "%"]);
        assert_eq!(rows[4], ["harness", "share", "30.0", "%"]);
    }
}
