//! The model and the text of a page, without a browser; `tests/page.rs` drives one.

use super::*;
use crate::case::CaseReport;
use crate::divergence::{Divergence, Execution, Moment};
use crate::rules::RuleId;
use std::time::Duration;
use tempfile::TempDir;

fn finding(case: &str, event: u64) -> Finished {
    let mut report = CaseReport::default();
    report.divergences.push(Divergence {
        rule: RuleId::StepLost,
        execution: Execution::Instrumented,
        command: "f(i32:1)".to_owned(),
        moment: Moment::Breakpoint,
        event,
        frame: None,
        expected: "an event at 0x21".to_owned(),
        observed: "none".to_owned(),
        site: None,
        state: Vec::new(),
        known: None,
    });
    Finished {
        name: case.to_owned(),
        subject: Version::default(),
        result: Ok(report),
        elapsed: Duration::ZERO,
        replay: format!("lockstep check {case}"),
        limit: None,
    }
}

fn written(directory: &TempDir, cases: &[Finished], subject: Version, nights: Nights) -> String {
    let mut page = Page::new(directory.path(), "lockstep run", subject, nights).unwrap();
    let mut totals = Totals::of(subject);
    for finished in cases {
        totals.add(finished.result.as_ref().unwrap());
        page.case(finished, None);
    }
    page.write(&totals).unwrap();
    fs::read_to_string(directory.path().join(INDEX)).unwrap()
}

fn alone(cases: &[Finished]) -> String {
    let directory = TempDir::new().unwrap();
    written(&directory, cases, Version::default(), Nights::default())
}

#[test]
fn the_verdict_is_that_of_the_totals() {
    let text = alone(&[finding("a.wat", 3)]);
    assert!(text.contains("<h1>FAIL</h1>"));
    assert!(text.contains("1 unexplained divergence of 1 rule in 1 case."));
    // Without an event nothing was compared, which is no pass.
    assert!(alone(&[]).contains("<h1>NOTHING COMPARED</h1>"));
}

#[test]
fn the_smallest_case_comes_first() {
    let text = alone(&[finding("late", 90), finding("early", 2)]);
    assert!(text.find("\"early\"").unwrap() < text.find("\"late\"").unwrap());
}

#[test]
fn names_are_no_markup() {
    let name = "</script><img src=x onerror=alert(1)>\u{202e}\u{1b}[31m\n::error::x";
    let text = alone(&[finding(name, 1)]);
    assert!(!text.contains("<img"));
    assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'));
    assert!(!text.lines().any(|line| line.starts_with("::error")));
    let long = alone(&[finding(&"x".repeat(1 << 20), 1)]);
    assert!(long.len() < 400_000, "{}", long.len());
}

#[test]
fn nothing_comes_from_a_network() {
    let text = alone(&[finding("a.wat", 1)]);
    assert!(
        text.contains("default-src &#x27;none&#x27;")
            || text.contains("default-src &#39;none&#39;")
    );
    for outside in ["http:", "https:", "//cdn", "url(", "@import", " src="] {
        assert!(!text.contains(outside), "{outside}");
    }
}

#[test]
fn evidence_is_kept_of_the_smallest() {
    let mut findings = Findings::default();
    for event in (0..1_000).rev() {
        findings.add(
            &finding("a", event),
            Some(About {
                text: "t".to_owned(),
                bytes: 9,
            }),
        );
    }
    let groups = findings.groups();
    let json = serde_json::to_value(&groups[0].findings).unwrap();
    let all = json.as_array().unwrap();
    assert_eq!((all.len(), groups[0].count), (1_000, 1_000));
    for (position, finding) in all.iter().enumerate() {
        assert_eq!(finding["events"], position);
        assert_eq!(finding["about"].is_string(), position < 200, "{position}");
    }
}

#[test]
fn several_subjects_have_a_page_each_and_a_list() {
    let directory = TempDir::new().unwrap();
    for subject in [Version::V42, Version::V48] {
        written(&directory, &[finding("a", 1)], subject, Nights::default());
    }
    let index = fs::read_to_string(directory.path().join(INDEX)).unwrap();
    assert!(
        index.contains("href=\"42.html\"") && index.contains("href=\"48.html\""),
        "{index}"
    );
    assert!(index.contains("FAIL"), "{index}");
}

#[test]
fn earlier_totals_are_a_trend_of_their_subject() {
    let nights = TempDir::new().unwrap();
    let of = |subject: Version, cases: u64| {
        let totals = Totals {
            cases,
            ..Totals::of(subject)
        };
        serde_json::to_string(&totals).unwrap()
    };
    fs::write(
        nights.path().join("2026-11-27.json"),
        format!("{{}}\nno json\n{}\n", of(Version::V42, 7_001)),
    )
    .unwrap();
    fs::write(
        nights.path().join("2026-11-26.jsonl"),
        of(Version::V48, 7_002),
    )
    .unwrap();
    let read = Nights::read(nights.path()).unwrap();
    let directory = TempDir::new().unwrap();
    let text = written(&directory, &[], Version::V42, read);
    assert!(text.contains("2026-11-27") && text.contains("7,001"));
    assert!(!text.contains("7,002"), "of another subject");
    let empty = TempDir::new().unwrap();
    assert!(matches!(
        Nights::read(empty.path()),
        Err(TrendError::Nothing { .. })
    ));
}
