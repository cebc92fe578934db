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
        page.case(finished, None, None);
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

/// The page of one finding of a case with so many bytes of module.
fn reproduced(bytes: u64, reproduce: Reproduce<'_>) -> String {
    let directory = TempDir::new().unwrap();
    let subject = Version::default();
    let mut page = Page::new(directory.path(), "lockstep run", subject, Nights::default()).unwrap();
    let about = About {
        text: String::new(),
        bytes,
    };
    page.case(&finding("a", 1), Some(about), Some(reproduce));
    page.write(&Totals::of(subject)).unwrap();
    fs::read_to_string(directory.path().join(INDEX)).unwrap()
}

#[test]
fn a_small_case_has_a_program_or_the_reason_why_it_has_none() {
    let made = |_: &Divergence| {
        Ok(Reproducer {
            manifest: "[dependencies]\n".to_owned(),
            program: "fn main() {\n}\n".to_owned(),
        })
    };
    let text = reproduced(80, &made);
    assert!(
        text.contains(r#""reproducer":{"text":["[dependencies]"#),
        "{text}"
    );
    assert!(text.contains(r"fn main() {\n}"));
    let none = reproduced(80, &|_| Err("no template looks there".to_owned()));
    assert!(none.contains(r#""reproducer":{"none":"no template looks there"}"#));
    let large = reproduced(1 << 20, &made);
    assert!(!large.contains("fn main"));
    assert!(large.contains(r#""reproducer":{"none":"the case is too large"#));
}

#[test]
fn every_cause_is_there_with_the_versions_that_have_it() {
    let text = alone(&[finding("a.wat", 1)]);
    for cause in crate::causes::Cause::ALL {
        let row = format!(r#"<tr><th scope="row">{cause}</th>"#);
        assert!(text.contains(&row), "{cause}");
    }
    let has = r#"TRAP-PC</th><td class="shown">has it</td><td class="quiet">"#;
    assert!(text.contains(has), "{text}");
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
            None,
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
