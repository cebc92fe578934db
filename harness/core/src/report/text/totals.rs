//! The totals of a run.

use super::super::shown::Shown;
use super::super::{counted, grouped, summary};
use crate::causes::{Cause, hazard};
use crate::lockstep::acted::Acted;
use crate::lockstep::exercised::RuleCoverage;
use crate::lockstep::families::Family;
use crate::rules::RuleId;
use crate::schedule::action::register_module::RegisterModule;
use crate::totals::{Assertions, Dares, FamilyCoverage, Totals};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes the totals; by family of rules only where many programs were run.
pub(super) fn write_totals(
    out: &mut impl Write,
    totals: &Totals,
    by_family: bool,
) -> io::Result<()> {
    let mut line = |label: &str, text: String| writeln!(out, "  {label:<16} {text}");
    let compared = &totals.compared;
    line("subject", totals.subject.to_owned())?;
    line("cases", grouped(totals.cases))?;
    if totals.assertions.total() > 0 {
        line("assertions", assertions_text(&totals.assertions))?;
        for (kind, counts) in &totals.assertions.by_kind {
            line(
                &format!("  {}", kind.name().trim_start_matches("assert_")),
                assertions_text(counts),
            )?;
        }
    }
    let commands = &totals.commands;
    let plain = commands.passed + commands.failed + commands.exhausted;
    line(
        "commands",
        format!(
            "{} executed, {} of them failed",
            grouped(plain),
            grouped(commands.failed)
        ),
    )?;
    line("sequence points", grouped(compared.sequence_points))?;
    let skipped = grouped(compared.frames_skipped);
    line(
        "frames",
        format!(
            "{} compared, {skipped} left out by the frame policy",
            grouped(compared.frames)
        ),
    )?;
    let mut values = grouped(compared.values);
    if compared.values_skipped > 0 {
        let skipped = grouped(compared.values_skipped);
        values += &format!(" compared, {skipped} left by the frame policy to another event");
    }
    line("values", values)?;
    if totals.repeated > 0 {
        let cases = counted(totals.repeated, "case");
        let unseen = match totals.unseen {
            0 => String::new(),
            unseen => format!("; {} differed with sampled alone", grouped(unseen)),
        };
        line(
            "run again",
            format!("{cases} that differed, with --frames all{unseen}"),
        )?;
    }
    let left_out = grouped(compared.entities_skipped);
    line(
        "entities",
        format!(
            "{} compared, {left_out} left out: no handle, or left open by an exhaustion",
            grouped(compared.entities)
        ),
    )?;
    line("host calls", grouped(compared.host_calls))?;
    if compared.handles > 0 {
        line("handles", format!("{} looks", grouped(compared.handles)))?;
    }
    if compared.acted.total() > 0 || totals.campaign.is_some() {
        line("actions", actions_text(&compared.acted, &totals.rules))?;
    }
    if totals.campaign.is_some() {
        line("rules", rules_text(&totals.rules))?;
    }
    line(
        "opcodes",
        format!(
            "{} of {} of Wasm 2.0",
            totals.opcodes.covered, totals.opcodes.wasm_2_0
        ),
    )?;
    if by_family {
        for family in Family::ALL {
            if let Some(coverage) = family_text(totals, family) {
                line(&format!("  {}", label(family)), coverage)?;
            }
        }
    }
    for (look, looked) in compared.looks.each() {
        let (events, whole) = (grouped(looked.events), grouped(looked.whole));
        line(
            look.name(),
            format!("{events} events, at {whole} all frames compared"),
        )?;
    }
    line("hazards avoided", hazards_text(totals))?;
    for (cause, dares) in &totals.dared {
        line("dared", dares_text(*cause, dares))?;
    }
    // Of a shard alone that says nothing.
    let gone = |dares: &Dares| dares.gone && totals.shard.is_none();
    for (cause, dares) in totals.dared.iter().filter(|(_, dares)| gone(dares)) {
        let times = counted(dares.dared, "time");
        let text = format!("{cause}: dared {times} and never confirmed; has the subject lost it?");
        line("GONE", text)?;
    }
    line("inconclusive", grouped(totals.inconclusive))?;
    line("not run", grouped(totals.not_run))?;
    for (reason, count) in by_count(&totals.undecided_by_reason) {
        line("", format!("{:>9} {}", grouped(count), Shown(reason)))?;
    }
    if totals.internal_errors > 0 {
        line("INTERNAL ERRORS", grouped(totals.internal_errors))?;
    }
    if totals.of_machine > 0 {
        let cases = counted(totals.of_machine, "case");
        line("THE MACHINE'S", format!("{cases}, whose end is not known"))?;
    }
    if totals.bad_input > 0 {
        let cases = counted(totals.bad_input, "case");
        line("BAD INPUT", format!("{cases}, named on standard error"))?;
    }
    if totals.not_begun > 0 {
        line("not begun", counted(totals.not_begun, "planned case"))?;
    }
    line("divergences", divergences_text(totals))?;
    if let Some(campaign) = &totals.campaign {
        summary::write(campaign, &mut line)?;
    }
    line("measured", measured_text(totals))
}

/// Reasons and how often each was met, the most frequent first.
pub(in crate::report) fn by_count(reasons: &BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    let mut reasons: Vec<(&str, u64)> = reasons.iter().map(|(why, n)| (why.as_str(), *n)).collect();
    // Those met equally often stay in the order of their text.
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    reasons
}

/// A family's name for people.
pub(in crate::report) fn label(family: Family) -> String {
    family.name().replace('_', " ")
}

/// At how many opcodes a family of rules was checked, by all cases and by the generated ones; nothing of
/// one that is checked at opcodes beyond Wasm 2.0 alone.
fn family_text(totals: &Totals, family: Family) -> Option<String> {
    let of = |coverage: &BTreeMap<&'static str, FamilyCoverage>| {
        coverage.get(family.name()).copied().unwrap_or_default()
    };
    let all = of(&totals.opcodes.by_family);
    if all.of == 0 {
        return None;
    }
    let campaign = totals.campaign.as_ref();
    let generated = campaign
        .filter(|campaign| campaign.cases > 0)
        .map(|campaign| {
            let coverage = of(&campaign.opcodes_by_family);
            format!(" ({} by generated cases)", coverage.covered)
        });
    Some(format!(
        "{} of {}{}",
        all.covered,
        all.of,
        generated.unwrap_or_default()
    ))
}

/// How many actions the debugger took beside edits, and which kinds never that the version has.
fn actions_text(acted: &Acted, rules: &RuleCoverage) -> String {
    let lacks = |kind: &str| {
        kind == RegisterModule::KIND && rules.unexercisable.contains_key(&RuleId::Registered)
    };
    let never: Vec<&str> = acted
        .each()
        .filter_map(|(kind, count)| (count == 0 && !lacks(kind)).then_some(kind))
        .collect();
    let total = counted(acted.total(), "action");
    match never.is_empty() {
        true => format!("{total}, of every kind"),
        false => format!("{total}; never {}", never.join(", ")),
    }
}

/// How many rules were exercised, and which never.
fn rules_text(rules: &RuleCoverage) -> String {
    let never: Vec<&str> = rules.never.iter().map(|rule| rule.id()).collect();
    let exercised = format!("{} of {} exercised", rules.exercised, rules.of);
    match never.is_empty() {
        true => exercised,
        false => format!("{exercised}; never {}", never.join(", ")),
    }
}

fn hazards_text(totals: &Totals) -> String {
    let left_out = &totals.compared.left_out;
    let named = left_out.each();
    let named: Vec<String> = named
        .map(|(cause, count)| format!("{cause} {}", grouped(count)))
        .collect();
    let sum = grouped(left_out.total());
    match named.is_empty() {
        true => sum,
        false => format!("{sum} ({})", named.join(", ")),
    }
}

fn dares_text(cause: Cause, dares: &Dares) -> String {
    if dares.confirmed == 0 && !dares.gone {
        let (times, wanted) = (counted(dares.dared, "dare"), hazard::dares_to_tell(cause));
        return format!("{cause} not confirmed ({times}; it takes {wanted} to tell)");
    }
    format!(
        "{cause} {}: {} confirmed, {} compared",
        counted(dares.dared, "time"),
        grouped(dares.confirmed),
        grouped(dares.compared)
    )
}

fn assertions_text(counts: &Assertions) -> String {
    let mut text = format!(
        "{} passed, {} failed, {} unsupported",
        grouped(counts.passed),
        grouped(counts.failed),
        grouped(counts.unsupported)
    );
    if counts.undecided > 0 {
        text.push_str(&format!(", {} undecided", grouped(counts.undecided)));
    }
    text
}

fn divergences_text(totals: &Totals) -> String {
    fn list<N: std::fmt::Display>(counts: &BTreeMap<N, u64>) -> String {
        let parts: Vec<String> = counts
            .iter()
            .map(|(name, count)| format!("{name} {}", grouped(*count)))
            .collect();
        match parts.is_empty() {
            true => String::new(),
            false => format!(" ({})", parts.join(", ")),
        }
    }
    let found = &totals.divergences;
    format!(
        "{} unexplained{}, {} known{}",
        grouped(found.unexplained),
        list(&found.by_rule),
        grouped(found.known),
        list(&found.by_cause)
    )
}

fn measured_text(totals: &Totals) -> String {
    let measured = &totals.measured;
    let memory = measured.peak_rss_bytes.map_or_else(
        || "peak memory unknown".to_owned(),
        |bytes| format!("peak {} MiB", grouped(bytes.div_ceil(1 << 20))),
    );
    let host = &measured.host;
    format!(
        "{:.1} s, {memory}, {} {} with {}",
        measured.elapsed_seconds,
        host.os,
        host.arch,
        counted(host.cpus as u64, "processor"),
    )
}
