//! Findings as the page shows them: grouped by rule and cause, the smallest of each first.

use super::{About, Reproduce};
use crate::case::Status;
use crate::causes::Cause;
use crate::divergence::{Divergence, NOT_READ, StateRow};
use crate::report::shown::{self, Shown};
use crate::report::trail::{self, TrailEvent};
use crate::report::{Finished, Unfinished, divergence};
use crate::rules::RuleId;
use serde::Serialize;
use std::collections::BTreeMap;

/// Findings of a group that are shown with their evidence, the smallest; of the others the command alone,
/// and of known ones nothing but their number.
const WITH_EVIDENCE: usize = 200;

/// Bytes of modules of which a program is written into the page, at most.
const TO_READ: u64 = 4096;

/// What a finding is about. The order is that of the page: what nobody has explained comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Unexplained(RuleId),
    NotMet,
    Internal,
    Machine,
    Known(RuleId, Cause),
}

/// Every finding so far.
#[derive(Debug, Default)]
pub(super) struct Findings(BTreeMap<Kind, OfKind>);

/// Findings of a kind.
#[derive(Debug, Default)]
struct OfKind {
    findings: Vec<Finding>,
    count: u64,
    /// Those that have evidence, or may have.
    full: usize,
}

/// Findings of one rule and cause.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    /// The rule's id, or what else it is.
    pub(super) name: &'static str,
    /// The cause's id.
    pub(super) cause: Option<String>,
    /// `unexplained`, `known` or `other`
    pub(super) class: &'static str,
    pub(super) strength: &'static str,
    pub(super) promise: &'static str,
    pub(super) source: &'static str,
    /// What is known of the cause.
    pub(super) explained: String,
    /// All that there are; of known ones not all are kept.
    pub(super) count: u64,
    pub(super) findings: Vec<Finding>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Finding {
    pub(super) case: String,
    command: String,
    place: String,
    expected: String,
    observed: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) opcode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    /// Disassembly; the opcode that was about to execute is marked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    listing: Vec<String>,
    /// What, the oracle's, the subject's, and `=`, `!` or `?` (not read).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    state: Vec<[String; 4]>,
    /// The events before it, the last one last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reproducer: Option<Program>,
    /// Whether evidence was left out, because so many others have it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    bare: bool,
    replay: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    events: u64,
}

/// A program that should show the finding.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Program {
    /// `Cargo.toml` and `src/main.rs`
    Text([String; 2]),
    /// Why there is none
    None(String),
}

/// An event before a finding.
#[derive(Debug, Serialize)]
struct StepRow {
    event: u64,
    opcode: String,
    place: String,
    state: Vec<[String; 4]>,
}

impl Program {
    fn of(reproduce: Reproduce<'_>, found: &Divergence, bytes: Option<u64>) -> Program {
        if bytes.is_none_or(|bytes| bytes > TO_READ) {
            return Program::None(
                "the case is too large for a program that a person reads".to_owned(),
            );
        }
        match reproduce(found) {
            Ok(made) => {
                Program::Text([made.manifest, made.program].map(|text| shown::lines(&text)))
            }
            Err(reason) => Program::None(line(&reason)),
        }
    }
}

impl StepRow {
    fn of(step: &TrailEvent) -> StepRow {
        StepRow {
            event: step.event,
            opcode: line(&step.opcode),
            place: line(&step.place),
            state: step.state.iter().map(row).collect(),
        }
    }
}

/// Whether a case has a finding.
pub(super) fn is_of(finished: &Finished) -> bool {
    match &finished.result {
        Err(_) => true,
        Ok(report) => {
            !report.divergences.is_empty()
                || !report.known_examples.is_empty()
                || report.count(|status| matches!(status, Status::Failed(_))) > 0
        }
    }
}

fn line(text: &str) -> String {
    Shown(text).to_string()
}

impl Findings {
    pub(super) fn add(
        &mut self,
        finished: &Finished,
        about: Option<About>,
        reproduce: Option<Reproduce<'_>>,
    ) {
        let bytes = about.as_ref().map(|about| about.bytes);
        let text = about.map(|about| shown::lines(&about.text));
        let ran = finished.result.as_ref().ok();
        let frames = ran.and_then(|report| report.repeat.text());
        let with = |finding: Finding| Finding {
            case: line(&finished.name),
            replay: line(&finished.replay),
            about: text.clone(),
            bytes,
            place: match (&frames, finding.place.is_empty()) {
                (Some(frames), false) => format!("{}; frames: {}", finding.place, line(frames)),
                _ => finding.place.clone(),
            },
            ..finding
        };
        let report = match &finished.result {
            Ok(report) => report,
            Err(unfinished) => {
                let kind = match unfinished {
                    Unfinished::Internal(_) => Kind::Internal,
                    Unfinished::Machine(_) => Kind::Machine,
                };
                let observed = line(&unfinished.to_string());
                let finding = Finding {
                    observed,
                    ..Finding::default()
                };
                return self.push(kind, with(finding));
            }
        };
        let found = report.divergences.iter().chain(&report.known_examples);
        for found in found {
            let kind = match found.known {
                None => Kind::Unexplained(found.rule),
                Some(cause) => Kind::Known(found.rule, cause),
            };
            let walked = trail::can_be_walked(found);
            let before = trail::before(&report.trail, if walked { found.event } else { 0 });
            let finding = Finding {
                steps: before.iter().map(StepRow::of).collect(),
                reproducer: reproduce.map(|reproduce| Program::of(reproduce, found, bytes)),
                ..Finding::of(found)
            };
            self.push(kind, with(finding));
        }
        if !report.divergences.is_empty() {
            return;
        }
        for command in &report.commands {
            let Status::Failed(why) = &command.status else {
                continue;
            };
            let place = match command.line {
                0 => String::new(),
                line => format!("line {line}"),
            };
            let finding = Finding {
                command: line(&command.text),
                place,
                observed: line(why),
                ..Finding::default()
            };
            self.push(Kind::NotMet, with(finding));
        }
    }

    fn push(&mut self, kind: Kind, finding: Finding) {
        let of_kind = self.0.entry(kind).or_default();
        of_kind.count += 1;
        of_kind.findings.push(finding);
        of_kind.full += 1;
        // Now and then, so that memory does not grow with the evidence of every finding.
        if of_kind.full > 2 * WITH_EVIDENCE {
            of_kind.settle(kind);
        }
    }

    /// The groups, each with its smallest finding first.
    pub(super) fn groups(self) -> Vec<Group> {
        let groups = self.0.into_iter().map(|(kind, mut of_kind)| {
            of_kind.settle(kind);
            Group::of(kind, of_kind)
        });
        groups.collect()
    }
}

impl OfKind {
    /// Puts the smallest first, and takes their evidence from all but those: what comes later may be
    /// smaller, but never makes one of these smaller again.
    fn settle(&mut self, kind: Kind) {
        let size = |finding: &Finding| (finding.bytes.unwrap_or(u64::MAX), finding.events);
        self.findings.sort_by_key(size);
        if matches!(kind, Kind::Known(..)) {
            self.findings.truncate(WITH_EVIDENCE);
        }
        for finding in self.findings.iter_mut().skip(WITH_EVIDENCE) {
            finding.bare = true;
            finding.listing = Vec::new();
            finding.state = Vec::new();
            finding.steps = Vec::new();
            finding.about = None;
            finding.reproducer = None;
        }
        self.full = self.findings.len().min(WITH_EVIDENCE);
    }
}

impl Group {
    fn of(kind: Kind, of_kind: OfKind) -> Group {
        let (rule, cause, class, name, promise) = match kind {
            Kind::Unexplained(rule) => (Some(rule), None, "unexplained", "", ""),
            Kind::Known(rule, cause) => (Some(rule), Some(cause), "known", "", ""),
            Kind::NotMet => (
                None,
                None,
                "other",
                "expectation not met",
                "Nothing differs: something else comes of the case than its script or file expects.",
            ),
            Kind::Internal => (
                None,
                None,
                "other",
                "internal error",
                "Lockstep could not finish the case: a defect of its own.",
            ),
            Kind::Machine => (
                None,
                None,
                "other",
                "the machine's",
                "The machine ended the case, or refused it what it needs: nothing is known of the subject.",
            ),
        };
        let rule = rule.map(RuleId::rule);
        Group {
            name: rule.map_or(name, |rule| rule.id),
            cause: cause.map(|cause| cause.to_string()),
            class,
            strength: rule.map_or("", |rule| rule.strength.name()),
            promise: rule.map_or(promise, |rule| rule.promise),
            source: rule.map_or("", |rule| rule.source),
            explained: cause.map_or_else(String::new, |cause| cause.row().explained()),
            count: of_kind.count,
            findings: of_kind.findings,
        }
    }
}

impl Finding {
    fn of(found: &Divergence) -> Finding {
        let site = found.site.as_ref();
        let listing = site.map_or("", |site| site.listing.as_str());
        Finding {
            command: line(divergence::command(found)),
            place: divergence::place(found),
            expected: line(&found.expected),
            observed: line(&found.observed),
            opcode: site.map(|site| line(&site.opcode)),
            site: site.map(|site| format!("function {} at PC {}", site.func, site.pc)),
            listing: listing.lines().map(line).collect(),
            state: found.state.iter().map(row).collect(),
            events: found.event,
            ..Finding::default()
        }
    }
}

fn row(row: &StateRow) -> [String; 4] {
    let mark = match row {
        row if row.observed == NOT_READ => "?",
        row if row.differs() => "!",
        _ => "=",
    };
    [
        line(&row.what),
        line(&row.expected),
        line(&row.observed),
        mark.to_owned(),
    ]
}
