//! The contract and the ledger as tables: for a terminal, for `CONTRACT.md`, for programs.
//!
//! The tables' content is the code's; nothing is added here.

use super::json;
use crate::ledger::{self, EntryKind};
use crate::rules::RuleId;
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
    let mut entries = table(
        width,
        &["entry", "kind", "rule", "versions", "cause", "test"],
    );
    for entry in ledger::ENTRIES {
        let kind = kind_name(entry.kind);
        entries.add_row([
            entry.id,
            kind,
            entry.rule,
            &entry.versions(),
            entry.cause,
            entry.test,
        ]);
    }
    format!("{rules}\n\nLedger: known divergences, hazards and workarounds\n{entries}\n")
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
    text.push_str("\n## Ledger\n\n");
    text.push_str("| entry | kind | rule | versions | cause and extent | test |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for entry in ledger::ENTRIES {
        let (id, test) = (format!("`{}`", entry.id), format!("`{}`", entry.test));
        let kind = kind_name(entry.kind);
        row(
            &mut text,
            &[&id, kind, entry.rule, &entry.versions(), entry.cause, &test],
        );
    }
    text
}

fn row(text: &mut String, cells: &[&str]) {
    let escaped: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    text.push_str(&format!("| {} |\n", escaped.join(" | ")));
}

/// An entry's kind as a word.
fn kind_name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Observational => "observational",
        EntryKind::Hazard => "hazard",
        EntryKind::Workaround => "workaround",
        EntryKind::Terminal => "terminal",
    }
}

#[derive(Serialize)]
struct RuleRow {
    schema: &'static str,
    id: &'static str,
    strength: &'static str,
    promise: &'static str,
    source: &'static str,
    fires_in: &'static str,
}

#[derive(Serialize)]
struct EntryRow<'a> {
    schema: &'static str,
    #[serde(flatten)]
    entry: &'a ledger::Entry,
}

/// Writes an object a rule, then an object a ledger entry.
///
/// # Errors
///
/// When it cannot be written.
pub fn json(out: &mut impl Write) -> io::Result<()> {
    for id in RuleId::ALL {
        let rule = id.rule();
        json::line(
            out,
            &RuleRow {
                schema: "lockstep.rule/1",
                id: rule.id,
                strength: rule.strength.name(),
                promise: rule.promise,
                source: rule.source,
                fires_in: rule.fires_in,
            },
        )?;
    }
    for entry in ledger::ENTRIES {
        json::line(
            out,
            &EntryRow {
                schema: "lockstep.ledger-entry/1",
                entry,
            },
        )?;
    }
    Ok(())
}
