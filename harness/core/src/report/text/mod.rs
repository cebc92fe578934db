//! Text for people: a line a case, what is wrong with it in full, and totals.

mod totals;
mod undecided;

pub(super) use totals::{by_count, label};
pub use undecided::{Undecided, undecided};

use super::findings::Findings;
use super::shown::Shown;
use super::{Finished, Reporter, Unfinished, counted, divergence, grouped};
use crate::case::{CaseReport, Directive, Judgement, Printed, Status};
use crate::causes::Cause;
use crate::conclusion::Conclusion;
use crate::totals::{Assertions, Totals};
use std::collections::BTreeMap;
use std::io::{self, Write};
use totals::write_totals;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::summary::Summary;
    use crate::case::CommandReport;
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
}
