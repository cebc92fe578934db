//! The contract and the ledger as tables: for a terminal, for `CONTRACT.md`, for programs.
//!
//! The tables' content is the code's; nothing is added here.

use super::columns::width as width_of;
use super::explain::Page;
use super::json;
use crate::api::{self, Answer};
use crate::causes::{Cause, Having, Kind, Row};
use crate::rules::{Rule, RuleId};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use serde::Serialize;
use std::io::{self, Write};

/// Columns below which a table of five or six would break its words: there each row is a paragraph.
const LEAST: u16 = 150;

/// Rules as a table of that many columns of characters, then the items and the ledger as others; where there
/// is no room for tables, as paragraphs.
pub fn text(width: u16) -> String {
    if width < LEAST {
        let rules: String = RuleId::ALL
            .iter()
            .map(|id| rule_paragraph(id.rule()))
            .collect();
        let items: String = api::ROWS.iter().map(item_paragraph).collect();
        return format!("{rules}Items\n\n{items}{}", ledger(width));
    }
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
    keep_words(&mut rules, 3);
    let causes = causes(width);
    let items = items(width);
    format!("{rules}\n\nItems\n{items}\n\n{LEDGER}\n{causes}\n")
}

fn rule_paragraph(rule: &Rule) -> String {
    let mut page = Page::new(rule.id, rule.promise);
    page.entry("strength", rule.strength.name());
    page.entry("source", rule.source);
    page.entry("fires in", rule.fires_in);
    page.0 + "\n"
}

fn item_paragraph(row: &api::Row) -> String {
    let mut page = Page(String::new());
    page.entry("items", &row.items.join(", "));
    page.entry("rules", &answer(row.answer));
    page.0 + "\n"
}

fn cause_paragraph(cause: Cause) -> String {
    let row = cause.row();
    let mut page = Page::new(row.id, &row.explained());
    page.entry("kind", row.kind.name());
    page.entry("rules", &rule_ids(row));
    page.entry("versions", &row.versions());
    page.entry("test", row.test);
    page.0 + "\n"
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
    keep_words(&mut items, 0);
    items
}

/// What stands above the ledger.
const LEDGER: &str = "Ledger: what versions are known to do otherwise, by cause";

/// The ledger alone as a table, or as paragraphs.
pub fn ledger(width: u16) -> String {
    if width < LEAST {
        let causes: String = Cause::ALL
            .iter()
            .map(|cause| cause_paragraph(*cause))
            .collect();
        return format!("{LEDGER}\n\n{causes}");
    }
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
    keep_words(&mut causes, 4);
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

/// Keeps the words of a column whole: `::` of a path that is broken looks like a command of a CI where it
/// begins a line.
fn keep_words(table: &mut Table, column: usize) {
    let cells = table
        .row_iter()
        .filter_map(|row| row.cell_iter().nth(column));
    let words = cells.flat_map(|cell| {
        let text = cell.content();
        text.split_whitespace().map(width_of).collect::<Vec<_>>()
    });
    let longest = words.max().unwrap_or_default();
    // With a blank on either side.
    let least = u16::try_from(longest + 2).unwrap_or(u16::MAX);
    if let Some(column) = table.column_mut(column) {
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::shown;

    #[test]
    fn no_line_looks_like_a_command_of_a_ci() {
        for width in [60, 80, 120, 150, 160, 200] {
            let text = text(width);
            assert_eq!(shown::lines(&text), text, "{width}");
        }
    }

    #[test]
    fn nothing_is_wider_than_a_terminal() {
        for text in [text(80), ledger(80)] {
            let widest = text.lines().max_by_key(|line| width_of(line)).unwrap();
            assert!(width_of(widest) <= 80, "{widest}");
        }
    }
}
