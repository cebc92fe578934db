//! The model of a page, and the template that shows it.

use super::coverage::{self, Block, FamilyRow};
use super::finding::{Findings, Group};
use super::trend::{Night, Nights, Row};
use crate::causes::Cause;
use crate::report::{counted, grouped};
use crate::totals::Totals;
use crate::version::Version;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::{AutoEscape, Environment, Value, context};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::io;

const TEMPLATE: &str = include_str!("page.html");
const INDEX: &str = include_str!("index.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What it all comes to, in a word and a sentence.
#[derive(Debug, Serialize)]
struct Verdict {
    word: &'static str,
    class: &'static str,
    sentence: String,
}

/// A hazard: how often it was avoided, and what came of daring it.
#[derive(Debug, Serialize)]
struct Hazard {
    cause: String,
    text: String,
    avoided: String,
    dared: u64,
    confirmed: u64,
    compared: u64,
    gone: bool,
}

/// A cause: which versions have it, and how often it explained something here.
#[derive(Debug, Serialize)]
struct CauseRow {
    cause: String,
    text: String,
    /// For each version of [`ledger_versions`] a class and a word.
    cells: Vec<[&'static str; 2]>,
    matched: String,
}

/// A number at the top of the page.
#[derive(Debug, Serialize)]
struct Figure {
    value: String,
    what: &'static str,
}

fn verdict(totals: &Totals, groups: &[Group]) -> Verdict {
    let of_class = |class: &str| groups.iter().filter(|group| group.class == class).count();
    let unexplained = totals.divergences.unexplained;
    let cases = counted(totals.cases, "case");
    if unexplained > 0 {
        let rules = counted(of_class("unexplained") as u64, "rule");
        let found = counted(unexplained, "unexplained divergence");
        return Verdict {
            word: "FAIL",
            class: "fail",
            sentence: format!("{found} of {rules} in {cases}."),
        };
    }
    if totals.commands.failed > 0 {
        let failed = counted(totals.commands.failed, "expectation");
        return Verdict {
            word: "FAIL",
            class: "fail",
            sentence: format!("No unexplained divergence, but {failed} not met in {cases}."),
        };
    }
    if totals.diverged() {
        return Verdict {
            word: "FAIL",
            class: "fail",
            sentence: format!("More of {cases} are inconclusive than chance explains."),
        };
    }
    let unfinished = totals.internal_errors + totals.of_machine;
    if unfinished > 0 {
        let unfinished = counted(unfinished, "case");
        return Verdict {
            word: "INCOMPLETE",
            class: "open",
            sentence: format!(
                "No unexplained divergence, but the end of {unfinished} is not known."
            ),
        };
    }
    if totals.compared.sequence_points == 0 {
        return Verdict {
            word: "NOTHING COMPARED",
            class: "open",
            sentence: format!("No event was matched in {cases}."),
        };
    }
    Verdict {
        word: "PASS",
        class: "pass",
        sentence: format!("No unexplained divergence in {cases}."),
    }
}

fn hazards(totals: &Totals) -> Vec<Hazard> {
    let avoided = |cause: Cause| {
        let mut each = totals.compared.left_out.each();
        each.find(|(of, _)| *of == cause)
            .map_or(0, |(_, count)| count)
    };
    let rows = Cause::ALL.iter().copied().filter_map(|cause| {
        let dares = totals.dared.get(&cause).copied().unwrap_or_default();
        let avoided = avoided(cause);
        (avoided > 0 || dares.dared > 0).then(|| Hazard {
            cause: cause.to_string(),
            text: cause.row().text.to_owned(),
            avoided: grouped(avoided),
            dared: dares.dared,
            confirmed: dares.confirmed,
            compared: dares.compared,
            gone: dares.gone,
        })
    });
    rows.collect()
}

/// The versions of the ledger's columns: those of the table, and this subject.
fn ledger_versions(subject: Version) -> Vec<Version> {
    let mut versions = Version::TABLE.to_vec();
    versions.push(subject);
    versions.sort_by_key(|version| version.id());
    versions.dedup();
    versions
}

/// What the ledger says of each version, beside what this run saw.
fn ledger(totals: &Totals, versions: &[Version]) -> Vec<CauseRow> {
    let rows = Cause::ALL.iter().copied().map(|cause| {
        let matched = totals.divergences.by_cause.get(&cause).copied();
        let cell = |version: &Version| match cause.is_of(*version) {
            true => ["shown", "has it"],
            false => ["quiet", "\u{2013}"],
        };
        CauseRow {
            cause: cause.to_string(),
            text: cause.row().text.to_owned(),
            cells: versions.iter().map(cell).collect(),
            matched: matched.map_or_else(String::new, grouped),
        }
    });
    rows.collect()
}

fn figures(totals: &Totals) -> Vec<Figure> {
    let compared = &totals.compared;
    let figure = |value: u64, what| Figure {
        value: grouped(value),
        what,
    };
    vec![
        figure(totals.cases, "cases"),
        figure(compared.sequence_points, "events matched"),
        figure(compared.frames, "frames compared"),
        figure(compared.values, "values compared"),
        figure(compared.entities, "entities compared"),
        figure(totals.divergences.unexplained, "unexplained"),
        figure(totals.divergences.known, "matches of known causes"),
        figure(totals.inconclusive, "inconclusive"),
    ]
}

fn tonight(totals: &Totals) -> Night {
    Night {
        name: "this run".to_owned(),
        subject: totals.subject.clone(),
        cases: totals.cases,
        events: totals.compared.sequence_points,
        unexplained: totals.divergences.unexplained,
        known: totals.divergences.known,
        inconclusive: totals.inconclusive,
        seconds: totals.measured.elapsed_seconds,
    }
}

/// JSON that can stand in a script element: nothing in it ends the element.
fn embedded(data: &impl Serialize) -> io::Result<Value> {
    let json = serde_json::to_string(data)?.replace('<', "\\u003c");
    Ok(Value::from_safe_string(json))
}

/// How a policy names a script or style.
fn hash(content: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(content)))
}

/// A page of a template, with the style that all share and a policy that lets no script run.
pub(super) fn styled(name: &str, template: &str, context: Value) -> io::Result<String> {
    let policy = format!("default-src 'none'; style-src {}", hash(STYLE));
    let shared = context! {
        policy => policy, style => Value::from_safe_string(STYLE.to_owned()), ..context
    };
    rendered(name, template, shared)
}

fn rendered(name: &str, template: &str, context: Value) -> io::Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment
        .add_template(name, template)
        .map_err(io::Error::other)?;
    let template = environment.get_template(name).map_err(io::Error::other)?;
    template.render(context).map_err(io::Error::other)
}

/// A list of pages, each a file and its title.
pub(super) fn index(pages: &[(String, String)]) -> io::Result<String> {
    styled("index.html", INDEX, context! { pages => pages })
}

/// The page's text.
pub(super) fn page(
    command: &str,
    subject: Version,
    totals: &Totals,
    findings: Findings,
    nights: &Nights,
) -> io::Result<String> {
    let groups = findings.groups();
    let verdict = verdict(totals, &groups);
    let blocks: Vec<Block> = coverage::blocks(totals, &groups);
    let families: Vec<FamilyRow> = coverage::families(totals);
    let versions = ledger_versions(subject);
    let trend: Vec<Row> = nights.rows(tonight(totals));
    let policy = format!(
        "default-src 'none'; base-uri 'none'; form-action 'none'; script-src {}; style-src {}",
        hash(SCRIPT),
        hash(STYLE)
    );
    let found: u64 = groups.iter().map(|group| group.count).sum();
    let summaries: Vec<Value> = groups
        .iter()
        .map(|group| {
            context! {
                name => group.name, cause => group.cause, class => group.class,
                promise => group.promise, count => grouped(group.count),
            }
        })
        .collect();
    let context = context! {
            policy => policy,
            style => Value::from_safe_string(STYLE.to_owned()),
            script => Value::from_safe_string(SCRIPT.to_owned()),
            data => embedded(&groups)?,
            verdict => verdict,
            subject => subject.name(),
            command => super::super::shown::Shown(command).to_string(),
            figures => figures(totals),
            found => grouped(found),
            groups => summaries,
            families => families,
            rules => coverage::rules(totals),
            whole => coverage::whole(totals),
            blocks => blocks,
            hazards => hazards(totals),
            ledger => ledger(totals, &versions),
            versions => versions.iter().map(|version| version.id()).collect::<Vec<_>>(),
            trend => trend,
    };
    rendered("page.html", TEMPLATE, context)
}
