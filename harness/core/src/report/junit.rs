//! JUnit's XML for CI: a test case each, written when all have ended.

use super::shown::{self, Shown};
use super::{Finished, Reporter, divergence};
use crate::case::{CaseReport, Judgement, Status};
use crate::conclusion::Conclusion;
use crate::totals::Totals;
use crate::version::Version;
use crate::whole_file;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file while another reporter writes, too.
#[derive(Debug)]
pub struct Junit<R> {
    inner: R,
    path: PathBuf,
    subject: Version,
    cases: Vec<TestCase>,
    /// Cases with bad input.
    bad: u64,
}

impl<R: Reporter> Junit<R> {
    /// A report on a subject that will be at `path`.
    ///
    /// # Errors
    ///
    /// When it cannot be written there.
    pub fn new(inner: R, path: &Path, subject: Version) -> io::Result<Junit<R>> {
        whole_file::check(path)?;
        Ok(Junit {
            inner,
            path: path.to_owned(),
            subject,
            cases: Vec::new(),
            bad: 0,
        })
    }

    fn write(&mut self) -> io::Result<()> {
        let mut xml = Vec::new();
        write_cases(&mut xml, self.subject, std::mem::take(&mut self.cases))?;
        whole_file::write(&self.path, &xml)
    }
}

impl<R: Reporter> Reporter for Junit<R> {
    fn case(&mut self, finished: &Finished) -> io::Result<()> {
        self.cases.push(test_case(finished));
        self.inner.case(finished)
    }

    fn bad_input(&mut self, why: &str) -> io::Result<()> {
        self.bad += 1;
        let kind = NonSuccessKind::Error;
        let name = format!("bad input {}", self.bad);
        self.cases.push(wrong(name, kind, "bad-input", why));
        self.inner.bad_input(why)
    }

    fn end(&mut self, totals: &Totals) -> io::Result<()> {
        // The file is written whatever became of the other report.
        let ended = self.inner.end(totals);
        let conclusion = Conclusion::of(totals);
        for reason in &conclusion.reasons {
            // The others are those of a case, which is there.
            let Some(of_all) = reason.of_the_whole() else {
                continue;
            };
            let (kind, why) = (NonSuccessKind::Failure, conclusion.sentence(*reason));
            let name = "the whole run".to_owned();
            self.cases.push(wrong(name, kind, of_all, &why));
        }
        ended.and(self.write())
    }
}

/// A test case that is about no case of its own.
fn wrong(name: String, kind: NonSuccessKind, ty: &str, why: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(ty);
    status.set_message(why);
    let mut case = TestCase::new(name, status);
    case.set_classname("lockstep");
    case
}

fn write_cases(out: &mut impl Write, subject: Version, cases: Vec<TestCase>) -> io::Result<()> {
    let mut suite = TestSuite::new(subject.name());
    suite.add_test_cases(cases);
    let mut report = Report::new("lockstep");
    report.add_test_suite(suite);
    report.serialize(&mut *out).map_err(io::Error::other)?;
    out.flush()
}

/// A text of somebody else's in one line, in which a CI that shows the file finds no command.
fn line(text: &str) -> String {
    shown::lines(&Shown(text).to_string())
}

fn test_case(finished: &Finished) -> TestCase {
    let status = match &finished.result {
        Ok(report) => status(finished, report),
        Err(unfinished) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type(unfinished.judgement().name());
            status.set_message(line(&unfinished.to_string()));
            status
        }
    };
    let name = line(&finished.name);
    let class = name.split('/').next().unwrap_or_default().to_owned();
    let mut case = TestCase::new(name, status);
    case.set_classname(class);
    case.set_time(finished.elapsed);
    case
}

/// Why a case was not judged: nothing of it ran, or it was cut short.
fn not_judged(report: &CaseReport) -> Option<String> {
    let unsupported = report
        .commands
        .iter()
        .find_map(|command| match &command.status {
            Status::Unsupported(why) => Some(why.clone()),
            _ => None,
        });
    let passed = report.count(|status| *status == Status::Passed) > 0;
    let why = match report.judgement() {
        Judgement::Refused => report.refused.as_deref().map(str::to_owned),
        Judgement::Inconclusive => {
            let mut commands = report.commands.iter();
            commands.find_map(|command| command.undecided().map(str::to_owned))
        }
        Judgement::Unsupported if !passed => unsupported,
        _ => return None,
    };
    Some(why.unwrap_or_default())
}

/// Success unless something diverged; skipped if it was not judged.
fn status(finished: &Finished, report: &CaseReport) -> TestCaseStatus {
    let mut texts: Vec<String> = Vec::new();
    for command in &report.commands {
        if let Status::Failed(why) = &command.status {
            texts.push(format!(
                "line {}: {}: {}",
                command.line,
                Shown(&command.text),
                Shown(why)
            ));
        }
    }
    let diverged = report.divergences.iter();
    texts.extend(
        diverged.map(|found| divergence::text(&finished.name, report, found, &finished.replay)),
    );
    if texts.is_empty() {
        return match not_judged(report) {
            None => TestCaseStatus::success(),
            Some(why) => {
                let mut status = TestCaseStatus::skipped();
                status.set_type(report.judgement().name());
                status.set_message(why);
                status
            }
        };
    }
    let rule = report.divergences.first().map(|found| found.rule.rule());
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(rule.map_or("assertion", |rule| rule.id));
    status.set_message(rule.map_or("a command failed", |rule| rule.promise));
    status.set_description(shown::lines(&texts.join("\n")));
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::CommandReport;
    use crate::case::Directive;
    use crate::divergence::{Divergence, Execution, Moment};
    use crate::report::{Silent, Unfinished};
    use crate::rules::RuleId;
    use std::time::Duration;

    fn finished(name: &str, result: Result<CaseReport, Unfinished>) -> Finished {
        Finished {
            name: name.to_owned(),
            subject: Version::default(),
            result,
            elapsed: Duration::from_millis(1500),
            replay: "lockstep run --seed 0x1 --case 2".to_owned(),
            limit: None,
        }
    }

    fn diverged() -> CaseReport {
        let mut report = CaseReport::default();
        report.divergences.push(Divergence {
            rule: RuleId::StepLost,
            execution: Execution::Instrumented,
            command: "line 1: f() <&>".to_owned(),
            moment: Moment::End,
            event: 3,
            frame: None,
            expected: "an event".to_owned(),
            observed: "none".to_owned(),
            site: None,
            state: Vec::new(),
            known: None,
        });
        report
    }

    fn failed() -> CaseReport {
        let mut report = CaseReport::default();
        report.commands.push(CommandReport {
            line: 3,
            kind: Directive::AssertReturn,
            text: "assert_return f()".to_owned(),
            status: Status::Failed("it returns 2".to_owned()),
            outcome: None,
        });
        report
    }

    #[test]
    fn a_case_is_a_test_case() {
        let cases = [
            finished("wasm-v2/nop.wast", Ok(CaseReport::default())),
            finished("generated/smith/0x1/2", Ok(diverged())),
            finished("samples/loop", Ok(failed())),
            finished(
                "wasm-v2/if.wast",
                Err(Unfinished::Internal("a panic".to_owned())),
            ),
        ];
        let mut xml = Vec::new();
        let subject = Version::default();
        write_cases(&mut xml, subject, cases.iter().map(test_case).collect()).unwrap();
        insta::assert_snapshot!(String::from_utf8(xml).unwrap());
    }

    #[test]
    fn what_was_not_judged_is_skipped_and_what_is_wrong_with_the_whole_is_a_failure() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("junit.xml");
        let mut junit = Junit::new(Silent, &path, Version::default()).unwrap();
        let refused = CaseReport {
            refused: Some("no such configuration".into()),
            ..CaseReport::default()
        };
        let mut inconclusive = failed();
        inconclusive.commands[0].status = Status::Inconclusive("a limit".to_owned());
        let mut totals = Totals::default();
        for report in [refused, inconclusive] {
            totals.add(&report);
            junit.case(&finished("a", Ok(report))).unwrap();
        }
        junit.bad_input("b.toml:1: not a case").unwrap();
        junit.end(&totals).unwrap();
        let xml = std::fs::read_to_string(&path).unwrap();
        for line in [
            r#"<skipped message="no such configuration" type="refused"/>"#,
            r#"<skipped message="a limit" type="inconclusive"/>"#,
            r#"<error message="b.toml:1: not a case" type="bad-input"/>"#,
            r#"type="nothing-compared"/>"#,
        ] {
            assert!(xml.contains(line), "{line}: {xml}");
        }
    }

    #[test]
    fn the_file_is_there_only_when_it_is_complete() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("junit.xml");
        let mut junit = Junit::new(Silent, &path, Version::default()).unwrap();
        junit
            .case(&finished("a", Ok(CaseReport::default())))
            .unwrap();
        assert!(!path.exists());
        let totals = Totals {
            allow_empty: true,
            ..Totals::default()
        };
        junit.end(&totals).unwrap();
        assert!(
            std::fs::read_to_string(&path)
                .unwrap()
                .contains("tests=\"1\"")
        );
        assert!(
            Junit::new(
                Silent,
                &directory.path().join("no/such/a.xml"),
                Version::default()
            )
            .is_err()
        );
    }
}
