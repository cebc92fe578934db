//! Text for people: a line a case, what is wrong with it in full, and totals.

mod totals;
mod undecided;

pub(super) use totals::{by_count, label};
pub use undecided::{Undecided, undecided};

use super::columns::{self, width};
use super::findings::Findings;
use super::shown::Shown;
use super::{Finished, Reporter, Unfinished, counted, divergence, grouped};
use crate::case::{CaseReport, CommandReport, Directive, Judgement, Printed, Status};
use crate::causes::Cause;
use crate::conclusion::Conclusion;
use crate::totals::{Assertions, Totals};
use std::collections::BTreeMap;
use std::io::{self, Write};
use totals::write_totals;

/// Columns kept for a case's name.
const NAME_WIDTH: usize = 40;
/// Columns of the shorter form of a case's line beside the name.
const BESIDE_NAME: usize = 41;

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
    /// Examples of each cause, if they are to be shown.
    examples: Option<BTreeMap<Cause, Vec<String>>>,
    /// Which of them are shown. Their causes' counts are in the totals.
    known: Findings,
    /// Which divergences and unmet expectations are shown.
    findings: Findings,
    detail: Detail,
    /// The terminal's columns, if it is written to one.
    columns: Option<usize>,
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
            known: Findings::default(),
            findings: Findings::default(),
            detail: Detail::default(),
            columns: columns::chosen(),
        }
    }

    /// The same, with at most so many examples of each kind of finding.
    pub fn at_most(mut self, most: Option<u64>) -> TextReporter<W> {
        self.known = Findings::at_most(most);
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
        let quiet = self.detail == Detail::Quiet;
        if self.invocations {
            let shown = |command: &&CommandReport| !quiet || is_failed(command);
            let commands = report.commands.iter().filter(shown);
            write_invocations(&mut self.out, commands, self.cases > 0)?;
            if let Some(shown) = report.printed.as_ref().filter(|_| !quiet) {
                printed(&mut self.out, shown)?;
            }
        } else if !quiet || is_wrong(report) {
            writeln!(self.out, "{}", case_line(finished, report, self.columns))?;
            write_troubles(&mut self.out, report, &mut self.findings)?;
        }
        if self.detail == Detail::Verbose {
            write_details(&mut self.out, finished, report)?;
        }
        for found in &report.divergences {
            if !self.findings.admits(found) {
                continue;
            }
            writeln!(self.out)?;
            let text = divergence::text(&finished.name, report, found, &finished.replay);
            writeln!(self.out, "{text}")?;
        }
        self.collect_examples(finished, report);
        Ok(())
    }

    fn collect_examples(&mut self, finished: &Finished, report: &CaseReport) {
        let Some(examples) = &mut self.examples else {
            return;
        };
        for found in &report.known_examples {
            let Some(cause) = found.known else { continue };
            if self.known.admits(found) {
                let text = divergence::text(&finished.name, report, found, &finished.replay);
                examples.entry(cause).or_default().push(text);
            }
        }
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
        for example in self.examples.iter().flat_map(BTreeMap::values).flatten() {
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

/// Whether something of the case is neither as it must be nor as it is expected.
fn is_wrong(report: &CaseReport) -> bool {
    !report.divergences.is_empty() || report.commands.iter().any(is_failed)
}

fn is_failed(command: &CommandReport) -> bool {
    matches!(command.status, Status::Failed(_))
}

/// The line of a case: in full, or the shorter form where that is wider than the terminal.
fn case_line(finished: &Finished, report: &CaseReport, columns: Option<usize>) -> String {
    let verdict = match report.judgement() {
        Judgement::Diverged => "DIVERGED",
        Judgement::NotMet => "NOT MET",
        other => other.name(),
    };
    let name = Shown(&finished.name);
    let points = grouped(report.tally.sequence_points);
    let seconds = finished.elapsed.as_secs_f64();
    let full = format!(
        "{name:NAME_WIDTH$} {verdict:<12} {:<28} {points:>11} points {:>11} frames {:>12} values {seconds:>8.2} s",
        commands_text(report),
        grouped(report.tally.frames),
        grouped(report.tally.values),
    );
    match columns {
        Some(columns) if width(&full) > columns => {
            let name_width = columns.saturating_sub(BESIDE_NAME).min(NAME_WIDTH);
            format!("{name:name_width$} {verdict:<12} {points:>11} points {seconds:>6.2} s")
        }
        _ => full,
    }
}

/// How many assertions hold, or how many invocations there were.
fn commands_text(report: &CaseReport) -> String {
    let assertions = Assertions::of(&report.commands);
    let actions = report.commands.iter();
    let calls = |kind| matches!(kind, Directive::Action | Directive::Invoke);
    let actions = actions.filter(|command| calls(command.kind));
    // A sample asserts nothing by itself.
    match assertions.total() {
        0 => format!("{:>16} invocations", grouped(actions.count() as u64)),
        all => format!(
            "{:>6} of {:>6} assertions",
            grouped(assertions.passed),
            grouped(all)
        ),
    }
}

/// A line an invocation: what was called and how it ended.
fn write_invocations<'a>(
    out: &mut impl Write,
    commands: impl Iterator<Item = &'a CommandReport>,
    again: bool,
) -> io::Result<()> {
    for command in commands {
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

/// What did not pass: failures, as far as they are shown, and unsupported commands one by one, the rest by
/// reason.
fn write_troubles(
    out: &mut impl Write,
    report: &CaseReport,
    findings: &mut Findings,
) -> io::Result<()> {
    for command in &report.commands {
        match &command.status {
            Status::Failed(_) if !findings.admits_not_met(command.kind) => {}
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::summary::Summary;
    use crate::divergence::Divergence;
    use crate::lockstep::families::Family;
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
    /// A case whose expectation is not met.
    fn not_met() -> Finished {
        let failed = Status::Failed("expected i32:1, and it returns i32:2".to_owned());
        Finished {
            result: Ok(report(vec![command(0, Directive::Action, failed)])),
            ..diverging()
        }
    }

    #[test]
    fn a_quiet_report_shows_what_is_not_met() {
        let written = |invocations| {
            let mut text = Vec::new();
            let reporter = match invocations {
                true => TextReporter::of_invocations(&mut text, false),
                false => TextReporter::of_scripts(&mut text, false),
            };
            let mut reporter = reporter.in_detail(Detail::Quiet).at_most(Some(1));
            let mut totals = Totals::default();
            for _ in 0..2 {
                let finished = not_met();
                totals.add(finished.result.as_ref().unwrap());
                reporter.case(&finished).unwrap();
            }
            reporter.end(&totals).unwrap();
            String::from_utf8(text).unwrap()
        };
        let text = written(false);
        assert_eq!(text.matches("a.wast").count(), 2, "{text}");
        assert_eq!(text.matches("it returns i32:2").count(), 1, "{text}");
        let more = format!("1 more of {} not met\n", Directive::Action);
        assert!(text.contains(&more), "{text}");
        assert!(text.ends_with("FAIL: 2 commands failed\n"), "{text}");
        let text = written(true);
        assert!(text.contains("FAILED: expected i32:1"), "{text}");
    }

    #[test]
    fn examples_of_a_cause_are_as_many_as_are_wanted() {
        let written = |most| {
            let mut text = Vec::new();
            let mut reporter = TextReporter::of_scripts(&mut text, true).at_most(most);
            for _ in 0..5 {
                let mut finished = diverging();
                let report = finished.result.as_mut().unwrap();
                let mut found = report.divergences.remove(0);
                found.known = Some(Cause::TrapPc);
                report.known_examples.push(found);
                reporter.case(&finished).unwrap();
            }
            reporter.end(&Totals::default()).unwrap();
            String::from_utf8(text).unwrap()
        };
        let count = |most| written(most).matches("known divergence (TRAP-PC)").count();
        assert_eq!((count(Some(1)), count(Some(3)), count(None)), (1, 3, 5));
    }

    #[test]
    fn nothing_is_wider_than_a_terminal() {
        const COLUMNS: usize = 80;
        let mut text = Vec::new();
        let mut reporter = TextReporter::of_scripts(&mut text, true);
        reporter.columns = Some(COLUMNS);
        let mut totals = Totals::default();
        for finished in [diverging(), not_met()] {
            let mut finished = Finished {
                name: "generated/exhaust/0xffffffff/123456".to_owned(),
                elapsed: Duration::from_secs(999),
                ..finished
            };
            let report = finished.result.as_mut().unwrap();
            report.tally.sequence_points = 999_999_999;
            report.known = Cause::ALL.iter().map(|cause| (*cause, 1_000_000)).collect();
            totals.add(report);
            reporter.case(&finished).unwrap();
        }
        let mut campaign = Summary::new(0);
        campaign.cases = 2;
        totals.campaign = Some(campaign);
        reporter.end(&totals).unwrap();
        let text = String::from_utf8(text).unwrap();
        let of_case = |line: &&str| line.starts_with("generated/");
        for line in text.lines().filter(of_case) {
            assert!(width(line) <= COLUMNS, "{line}");
        }
        for line in text.lines().flat_map(|line| columns::folded(line, COLUMNS)) {
            assert!(width(&line) <= COLUMNS, "{line}");
        }
    }
}
