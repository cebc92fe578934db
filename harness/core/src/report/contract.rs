//! The contract and the ledger as tables: for a terminal, for `CONTRACT.md`, for programs.
//!
//! The tables' content is the code's; nothing is added here.

use super::json;
use crate::api::{self, Answer};
use crate::causes::{Cause, Having, Kind, Row};
use crate::rules::{Rule, RuleId};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use std::io::{self, Write};

/// Rules as a table of that many columns of characters, then the ledger as another.
pub fn text(width: u16) -> String {
    let mut rules = table(
        width,
        &["rule", "strength", "promise", "source", "fires in"],
    );
    for id in RuleId::ALL {
        let rule = id.rule();
        rules.add_row([
            rule.id,
            rule.strength.name(),
            rule.promise,
            rule.source,
            rule.fires_in,
        ]);
    }
    let causes = causes(width);
    let items = items(width);
    format!("{rules}\n\nItems\n{items}\n\n{LEDGER}\n{causes}\n")
}

fn items(width: u16) -> Table {
    let mut items = table(
        width,
        &[
            "public items of the debug API",
            "rules, or why there is none",
        ],
    );
    for row in api::ROWS {
        items.add_row([row.items.join(", "), answer(row.answer)]);
    }
    items
}

/// What stands above the ledger.
const LEDGER: &str = "Ledger: what versions are known to do otherwise, by cause";

/// The ledger alone as a table.
pub fn ledger(width: u16) -> String {
    format!("{LEDGER}\n{}\n", causes(width))
}

fn causes(width: u16) -> Table {
    let mut causes = table(
        width,
        &[
            "cause",
            "kind",
            "rules",
            "versions",
            "what and how far",
            "test",
        ],
    );
    for cause in Cause::ALL {
        let row = cause.row();
        causes.add_row([
            row.id,
            row.kind.name(),
            &rule_ids(row),
            &row.versions(),
            &row.explained(),
            row.test,
        ]);
    }
    causes
}

fn table(width: u16, header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(header.iter().copied());
    table
}

/// The tables of `CONTRACT.md`, in Markdown.
pub fn markdown() -> String {
    let mut text = String::from("## Rules\n\n");
    text.push_str("| rule | strength | promise | source | fires in |\n");
    text.push_str("| --- | --- | --- | --- | --- |\n");
    for id in RuleId::ALL {
        let rule = id.rule();
        let test = format!("`{}`", rule.fires_in);
        let id = format!("`{}`", rule.id);
        row(
            &mut text,
            &[&id, rule.strength.name(), rule.promise, rule.source, &test],
        );
    }
    text.push_str("\n## Items\n\n");
    text.push_str("| public items of the debug API | rules, or why there is none |\n");
    text.push_str("| --- | --- |\n");
    for known in api::ROWS {
        let items: Vec<String> = known.items.iter().map(|item| format!("`{item}`")).collect();
        row(&mut text, &[&items.join(", "), &answer(known.answer)]);
    }
    text.push_str("\n## Ledger\n\n");
    text.push_str("| cause | kind | rules | versions | what and how far | test |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for cause in Cause::ALL {
        let known = cause.row();
        let (id, test) = (format!("`{}`", known.id), format!("`{}`", known.test));
        let (rules, versions, what) = (rule_ids(known), known.versions(), known.explained());
        row(
            &mut text,
            &[&id, known.kind.name(), &rules, &versions, &what, &test],
        );
    }
    text
}

/// The rules about an item, or why there is none.
fn answer(answer: Answer) -> String {
    match answer {
        Answer::Rules(rules) => {
            let ids: Vec<&str> = rules.iter().map(|rule| rule.id()).collect();
            ids.join(", ")
        }
        Answer::Reason(reason) => format!("none: {reason}"),
    }
}

fn row(text: &mut String, cells: &[&str]) {
    let escaped: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    text.push_str(&format!("| {} |\n", escaped.join(" | ")));
}

/// The rules that a cause may touch, for people.
fn rule_ids(row: &Row) -> String {
    match row.rules {
        [] => "-".to_owned(),
        rules => rules
            .iter()
            .map(|rule| rule.id())
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[derive(Serialize)]
pub(super) struct RuleRow {
    schema: &'static str,
    id: &'static str,
    strength: &'static str,
    promise: &'static str,
    source: &'static str,
    fires_in: &'static str,
}

#[derive(Serialize)]
pub(super) struct CauseRow {
    schema: &'static str,
    id: &'static str,
    kind: Kind,
    rules: &'static [RuleId],
    versions: Vec<Range>,
    cause: &'static str,
    test: &'static str,
}

#[derive(Serialize)]
struct Range {
    since: u32,
    until: Option<u32>,
    note: &'static str,
}

impl RuleRow {
    pub(super) fn of(rule: &Rule) -> RuleRow {
        RuleRow {
            schema: "lockstep.rule/1",
            id: rule.id,
            strength: rule.strength.name(),
            promise: rule.promise,
            source: rule.source,
            fires_in: rule.fires_in,
        }
    }
}

impl CauseRow {
    pub(super) fn of(row: &Row) -> CauseRow {
        let range = |having: &Having| Range {
            since: having.since,
            until: having.until,
            note: having.note,
        };
        CauseRow {
            schema: "lockstep.cause/1",
            id: row.id,
            kind: row.kind,
            rules: row.rules,
            versions: row.versions.iter().map(range).collect(),
            cause: row.text,
            test: row.test,
        }
    }
}

/// Writes an object a rule, then an object a cause.
///
/// # Errors
///
/// When it cannot be written.
pub fn json(out: &mut impl Write) -> io::Result<()> {
    for id in RuleId::ALL {
        json::line(out, &RuleRow::of(id.rule()))?;
    }
    ledger_json(out)
}

/// Writes an object a cause.
///
/// # Errors
///
/// When it cannot be written.
pub fn ledger_json(out: &mut impl Write) -> io::Result<()> {
    for cause in Cause::ALL {
        json::line(out, &CauseRow::of(cause.row()))?;
    }
    Ok(())
}
