//! Text for people: a line a case, what is wrong with it in full, and totals.

use super::findings::Findings;
use super::shown::Shown;
use super::{Finished, Reporter, Unfinished, counted, divergence, grouped, summary};
use crate::case::{CaseReport, Directive, EXHAUSTED, Judgement, Printed, Status};
use crate::causes::{Cause, hazard};
use crate::conclusion::Conclusion;
use crate::lockstep::acted::Acted;
use crate::lockstep::exercised::RuleCoverage;
use crate::lockstep::families::Family;
use crate::totals::{Assertions, Dares, FamilyCoverage, Totals};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Columns kept for a case's name.
const NAME_WIDTH: usize = 40;

/// How much is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// What is wrong, and the last line
    Quiet,
    /// A line a case, and the totals, too
    #[default]
    Normal,
    /// And for each case which causes matched, and how it is run again
    Verbose,
}

/// Writes text.
#[derive(Debug)]
pub struct TextReporter<W> {
    out: W,
    /// Whether every invocation gets a line, not only what went wrong.
    invocations: bool,
    /// Cases reported so far.
    cases: u64,
    /// The first example of each cause, if they are to be shown.
    examples: Option<BTreeMap<Cause, String>>,
    /// Which divergences are shown.
    findings: Findings,
    detail: Detail,
}

impl<W: Write> TextReporter<W> {
    /// A reporter of scripts: one line each.
    pub fn of_scripts(out: W, show_known: bool) -> TextReporter<W> {
        let examples = show_known.then(BTreeMap::new);
        TextReporter {
            out,
            invocations: false,
            cases: 0,
            examples,
            findings: Findings::default(),
            detail: Detail::default(),
        }
    }

    /// The same, with at most so many examples of each kind of divergence.
    pub fn at_most(mut self, most: Option<u64>) -> TextReporter<W> {
        self.findings = Findings::at_most(most);
        self
    }

    /// The same, in more or less detail.
    pub fn in_detail(mut self, detail: Detail) -> TextReporter<W> {
        self.detail = detail;
        self
    }

    /// A reporter of a user's module: one line an invocation.
    pub fn of_invocations(out: W, show_known: bool) -> TextReporter<W> {
        TextReporter {
            invocations: true,
            ..TextReporter::of_scripts(out, show_known)
        }
    }

    fn report(&mut self, finished: &Finished, report: &CaseReport) -> io::Result<()> {
        if self.invocations {
            write_invocations(&mut self.out, report, self.cases > 0)?;
            if let Some(shown) = &report.printed {
                printed(&mut self.out, shown)?;
            }
        } else if self.detail > Detail::Quiet || report.judgement() == Judgement::Diverged {
            writeln!(self.out, "{}", case_line(finished, report))?;
            write_troubles(&mut self.out, report)?;
        }
        if self.detail == Detail::Verbose {
            write_details(&mut self.out, finished, report)?;
        }
        for found in &report.divergences {
            if !self.findings.admits(found) {
                continue;
            }
            writeln!(self.out)?;
            let text = divergence::text(&finished.name, found, &report.repeat, &finished.replay);
            writeln!(self.out, "{text}")?;
        }
        if let Some(examples) = &mut self.examples {
            collect_examples(examples, finished, report);
        }
        Ok(())
    }
}

impl<W: Write> Reporter for TextReporter<W> {
    fn case(&mut self, finished: &Finished) -> io::Result<()> {
        match &finished.result {
            Ok(report) => self.report(finished, report)?,
            Err(unfinished) => {
                let what = match unfinished {
                    Unfinished::Internal(_) => "INTERNAL ERROR",
                    Unfinished::Machine(_) => "THE MACHINE'S",
                };
                writeln!(
                    self.out,
                    "{:NAME_WIDTH$} {what}: {}",
                    Shown(&finished.name),
                    Shown(&unfinished.to_string())
                )?;
            }
        }
        self.cases += 1;
        self.out.flush()
    }

    fn end(&mut self, totals: &Totals) -> io::Result<()> {
        for example in self.examples.iter().flat_map(BTreeMap::values) {
            writeln!(self.out, "\n{example}")?;
        }
        if self.detail > Detail::Quiet {
            write_totals(&mut self.out, totals, !self.invocations)?;
        }
        for (kind, more) in self.findings.held_back() {
            let more = grouped(more);
            writeln!(self.out, "  {:<16} {more} more of {kind}", "not shown")?;
        }
        writeln!(self.out, "{}", Conclusion::of(totals))?;
        self.out.flush()
    }
}

fn collect_examples(
    examples: &mut BTreeMap<Cause, String>,
    finished: &Finished,
    report: &CaseReport,
) {
    for found in &report.known_examples {
        let Some(cause) = found.known else { continue };
        let text = || divergence::text(&finished.name, found, &report.repeat, &finished.replay);
        examples.entry(cause).or_insert_with(text);
    }
}

fn case_line(finished: &Finished, report: &CaseReport) -> String {
    let assertions = Assertions::of(&report.commands);
    let invocations = report
        .commands
        .iter()
        .filter(|command| command.kind == Directive::Action)
        .count();
    // A sample asserts nothing by itself.
    let commands = match assertions.total() {
        0 => format!("{:>16} invocations", grouped(invocations as u64)),
        all => format!(
            "{:>6} of {:>6} assertions",
            grouped(assertions.passed),
            grouped(all)
        ),
    };
    let verdict = match report.judgement() {
        Judgement::Diverged => "DIVERGED",
        Judgement::NotMet => "NOT MET",
        other => other.name(),
    };
    format!(
        "{:NAME_WIDTH$} {verdict:<12} {commands:<28} {:>11} points {:>11} frames {:>12} values {:>8.2} s",
        Shown(&finished.name),
        grouped(report.tally.sequence_points),
        grouped(report.tally.frames),
        grouped(report.tally.values),
        finished.elapsed.as_secs_f64(),
    )
}

/// A line an invocation: what was called and how it ended.
fn write_invocations(out: &mut impl Write, report: &CaseReport, again: bool) -> io::Result<()> {
    for command in &report.commands {
        let ended = command.outcome.as_deref().unwrap_or("done");
        let came = match &command.status {
            Status::Passed if command.kind == Directive::Module && again => {
                "instantiated again: what follows starts afresh".to_owned()
            }
            Status::Passed if command.kind == Directive::Module => "instantiated".to_owned(),
            Status::Passed => ended.to_owned(),
            Status::Failed(why) => format!("FAILED: {why}"),
            Status::Exhausted => format!("{ended} (inconclusive: a resource is used up)"),
            Status::Inconclusive(why) => format!("inconclusive: {why}"),
            Status::NotRun(why) => format!("not run: {why}"),
            Status::Void(why) => format!("nothing to run: {why}"),
            Status::Unsupported(why) => format!("unsupported: {why}"),
        };
        let (call, came) = (Shown(&command.text), Shown(&came));
        writeln!(out, "  {call:NAME_WIDTH$} {came}")?;
    }
    Ok(())
}

/// Lines of a stream that are shown.
const LINES: usize = 20;

/// What a program for WASI printed, the first lines of it, and how it ended.
///
/// # Errors
///
/// When it cannot be written.
pub fn printed(out: &mut impl Write, printed: &Printed) -> io::Result<()> {
    for (name, stream) in [("stdout", &printed.stdout), ("stderr", &printed.stderr)] {
        if stream.bytes == 0 {
            continue;
        }
        writeln!(out, "  {name}: {}", counted(stream.bytes, "byte"))?;
        let mut lines = stream.text.lines();
        for line in lines.by_ref().take(LINES) {
            writeln!(out, "    | {}", Shown(line))?;
        }
        if lines.next().is_some() || stream.is_cut() {
            writeln!(out, "    | …")?;
        }
    }
    match printed.exit_code {
        Some(code) => writeln!(out, "  exit code {code}"),
        None => writeln!(out, "  no exit code"),
    }
}

/// Which causes matched in a case, and how it is run again.
fn write_details(out: &mut impl Write, finished: &Finished, report: &CaseReport) -> io::Result<()> {
    let known = report.known.iter();
    let known: Vec<String> = known
        .map(|(cause, count)| format!("{cause} {}", grouped(*count)))
        .collect();
    if !known.is_empty() {
        writeln!(out, "    known: {}", known.join(", "))?;
    }
    if let Some(why) = &report.refused {
        writeln!(out, "    refused: {why}")?;
    }
    writeln!(out, "    replay: {}", finished.replay)
}

/// What did not pass: failures and unsupported commands one by one, the rest by reason.
fn write_troubles(out: &mut impl Write, report: &CaseReport) -> io::Result<()> {
    for command in &report.commands {
        match &command.status {
            Status::Failed(why) => {
                // What comes from no script has no line.
                let line = match command.line {
                    0 => String::new(),
                    line => format!(", line {line}"),
                };
                let (text, why) = (Shown(&command.text), Shown(why));
                writeln!(out, "    failed{line}: {text}: {why}")?;
            }
            Status::Unsupported(why) => {
                writeln!(
                    out,
                    "    unsupported, line {}: {}: {}",
                    command.line,
                    command.kind,
                    Shown(why)
                )?;
            }
            _ => {}
        }
    }
    for group in undecided(report) {
        writeln!(
            out,
            "    {}: {} ({}), {}",
            group.status,
            counted(group.count, group.kind.name()),
            group.lines(),
            Shown(&group.reason)
        )?;
    }
    Ok(())
}

/// Commands of a case that were neither passed nor failed, for one reason.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Undecided {
    /// `exhausted`, `inconclusive`, `not run` or `void`
    pub status: &'static str,
    /// What kind of command.
    pub kind: Directive,
    /// Why.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// Line of the first.
    pub first_line: u32,
    /// Line of the last.
    pub last_line: u32,
}

impl Undecided {
    fn lines(&self) -> String {
        if self.first_line == self.last_line {
            format!("line {}", self.first_line)
        } else {
            format!("lines {} to {}", self.first_line, self.last_line)
        }
    }
}

/// The commands that were neither passed nor failed, by status, directive and reason.
pub fn undecided(report: &CaseReport) -> Vec<Undecided> {
    let mut groups: Vec<Undecided> = Vec::new();
    for command in &report.commands {
        let (status, reason) = match &command.status {
            Status::Exhausted => ("exhausted", EXHAUSTED),
            Status::Inconclusive(why) => ("inconclusive", why.as_str()),
            Status::NotRun(why) => ("not run", why.as_str()),
            Status::Void(why) => ("void", why.as_str()),
            Status::Passed | Status::Failed(_) | Status::Unsupported(_) => continue,
        };
        let same = |group: &&mut Undecided| {
            group.status == status && group.kind == command.kind && group.reason == reason
        };
        if let Some(group) = groups.iter_mut().find(same) {
            group.count += 1;
            group.last_line = command.line;
        } else {
            groups.push(Undecided {
                status,
                kind: command.kind,
                reason: reason.to_owned(),
                count: 1,
                first_line: command.line,
                last_line: command.line,
            });
        }
    }
    groups
}

/// Writes the totals; by family of rules only where many programs were run.
fn write_totals(out: &mut impl Write, totals: &Totals, by_family: bool) -> io::Result<()> {
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
        line("actions", actions_text(&compared.acted))?;
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
        line(
            "THE MACHINE'S",
            format!("{cases}, of which nothing is known"),
        )?;
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
pub(super) fn by_count(reasons: &BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    let mut reasons: Vec<(&str, u64)> = reasons.iter().map(|(why, n)| (why.as_str(), *n)).collect();
    // Those met equally often stay in the order of their text.
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    reasons
}

/// A family's name for people.
pub(super) fn label(family: Family) -> String {
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

/// How many actions the debugger took beside edits, and which kinds never.
fn actions_text(acted: &Acted) -> String {
    let never: Vec<&str> = acted
        .each()
        .filter_map(|(kind, count)| (count == 0).then_some(kind))
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
        |bytes| format!("peak {} MiB", bytes.div_ceil(1 << 20)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::summary::Summary;
    use crate::case::CommandReport;
    use crate::divergence::Divergence;
    use lockstep_oracles::opcode::Opcode;
    use std::time::Duration;

    fn command(line: u32, kind: Directive, status: Status) -> CommandReport {
        CommandReport {
            line,
            kind,
            text: format!("{kind} f()"),
            status,
            outcome: None,
        }
    }

    fn report(commands: Vec<CommandReport>) -> CaseReport {
        CaseReport {
            commands,
            ..CaseReport::default()
        }
    }

    fn written(result: Result<CaseReport, Unfinished>) -> String {
        let mut text = Vec::new();
        let finished = Finished {
            name: "a.wast".to_owned(),
            subject: crate::version::Version::default(),
            result,
            elapsed: Duration::ZERO,
            replay: String::new(),
            limit: None,
        };
        let mut reporter = TextReporter::of_scripts(&mut text, false);
        reporter.case(&finished).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_case_is_ok_if_only_asserted_exhaustions_are_undecided() {
        let asserted = report(vec![command(
            1,
            Directive::AssertExhaustion,
            Status::Exhausted,
        )]);
        assert_eq!(asserted.judgement(), Judgement::Ok);
        let other = report(vec![command(1, Directive::AssertReturn, Status::Exhausted)]);
        assert_eq!(other.judgement(), Judgement::Inconclusive);
        let failed = report(vec![command(
            1,
            Directive::Module,
            Status::Failed("why".to_owned()),
        )]);
        assert_eq!(failed.judgement(), Judgement::NotMet);
    }

    #[test]
    fn what_was_not_decided_is_grouped_by_reason() {
        let not_run = |line| {
            command(
                line,
                Directive::AssertReturn,
                Status::NotRun("cut".to_owned()),
            )
        };
        let groups = undecided(&report(vec![
            not_run(3),
            command(4, Directive::AssertReturn, Status::Passed),
            not_run(5),
            command(6, Directive::AssertTrap, Status::NotRun("cut".to_owned())),
        ]));
        let shapes: Vec<_> = groups
            .iter()
            .map(|group| (group.kind, group.count, group.lines()))
            .collect();
        assert_eq!(
            shapes,
            [
                (Directive::AssertReturn, 2, "lines 3 to 5".to_owned()),
                (Directive::AssertTrap, 1, "line 6".to_owned()),
            ]
        );
    }

    #[test]
    fn failures_and_unsupported_directives_are_named_one_by_one() {
        let text = written(Ok(report(vec![
            command(
                3,
                Directive::AssertReturn,
                Status::Failed("oracle says 1".to_owned()),
            ),
            command(
                4,
                Directive::Component,
                Status::Unsupported("no components".to_owned()),
            ),
        ])));
        assert!(text.contains("failed, line 3: assert_return f(): oracle says 1"));
        assert!(text.contains("unsupported, line 4: component: no components"));
        assert!(text.contains("NOT MET"));
    }

    #[test]
    fn each_family_of_rules_has_a_line_where_many_programs_were_run() {
        let mut ran = report(Vec::new());
        ran.tally.checked.note(Family::HostCall, Opcode::Call);
        let mut totals = Totals::default();
        totals.add(&ran);
        let written = |totals: &Totals, by_family| {
            let mut text = Vec::new();
            write_totals(&mut text, totals, by_family).unwrap();
            String::from_utf8(text).unwrap()
        };
        let text = written(&totals, true);
        assert!(text.contains("    host call      1 of 2\n"), "{text}");
        assert!(text.contains("    locals         0 of 437\n"), "{text}");
        assert!(!written(&totals, false).contains("of 2"));
        let mut campaign = Summary::new(0);
        campaign.cases = 1;
        totals.campaign = Some(campaign);
        let text = written(&totals, true);
        let line = "    host call      1 of 2 (0 by generated cases)\n";
        assert!(text.contains(line), "{text}");
    }

    /// A case that diverges.
    fn diverging() -> Finished {
        let mut report = report(Vec::new());
        report.divergences.push(Divergence {
            rule: crate::rules::RuleId::StepLost,
            execution: crate::divergence::Execution::Instrumented,
            command: "a command".to_owned(),
            moment: crate::divergence::Moment::End,
            event: 0,
            frame: None,
            expected: "an event".to_owned(),
            observed: "none".to_owned(),
            site: None,
            state: Vec::new(),
            known: None,
        });
        Finished {
            name: "a.wast".to_owned(),
            subject: crate::version::Version::default(),
            result: Ok(report),
            elapsed: Duration::ZERO,
            replay: "lockstep run a.wast".to_owned(),
            limit: None,
        }
    }

    #[test]
    fn examples_are_shown_up_to_a_number_and_the_rest_is_counted() {
        let mut text = Vec::new();
        let mut reporter = TextReporter::of_scripts(&mut text, false)
            .at_most(Some(2))
            .in_detail(Detail::Quiet);
        let mut totals = Totals::default();
        for _ in 0..5 {
            let finished = diverging();
            totals.add(finished.result.as_ref().unwrap());
            reporter.case(&finished).unwrap();
        }
        reporter.end(&totals).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.matches("DIVERGENCE STEP-LOST").count(), 2, "{text}");
        let end: Vec<&str> = text.lines().rev().take(2).collect();
        assert_eq!(
            end,
            [
                "FAIL: 5 unexplained divergences (STEP-LOST)",
                "  not shown        3 more of STEP-LOST (end of the command)",
            ]
        );
    }

    #[test]
    fn a_quiet_report_of_what_agrees_is_one_line() {
        let written = |detail| {
            let mut text = Vec::new();
            let mut reporter = TextReporter::of_scripts(&mut text, false).in_detail(detail);
            let mut report = report(vec![command(1, Directive::Module, Status::Passed)]);
            report.known.insert(Cause::TrapPc, 2);
            let mut totals = Totals::default();
            totals.add(&report);
            let finished = Finished {
                result: Ok(report),
                ..diverging()
            };
            reporter.case(&finished).unwrap();
            reporter.end(&totals).unwrap();
            String::from_utf8(text).unwrap()
        };
        assert_eq!(
            written(Detail::Quiet),
            "PASS: 1 case, no unexplained divergence, 2 known\n"
        );
        let text = written(Detail::Verbose);
        assert!(text.contains("    known: TRAP-PC 2\n"), "{text}");
        assert!(text.contains("    replay: lockstep run a.wast\n"), "{text}");
        assert!(!written(Detail::Normal).contains("replay: "));
    }

    #[test]
    fn what_the_harness_could_not_finish_is_said() {
        let panic = Unfinished::Internal("a panic".to_owned());
        assert!(written(Err(panic)).contains("INTERNAL ERROR: a panic"));
        let killed = Unfinished::Machine("killed".to_owned());
        assert!(written(Err(killed)).contains("THE MACHINE'S: killed"));
    }
}
