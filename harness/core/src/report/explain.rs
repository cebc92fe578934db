//! One rule or one cause, explained: what it says, what says so, and where it can be seen.

use super::columns::wrapped;
use super::contract::{CauseRow, RuleRow};
use super::json;
use crate::causes::{Cause, Kind};
use crate::rules::{RuleId, Strength};
use std::io::{self, Write};

/// Columns of a terminal that nobody widened.
const WIDTH: usize = 80;
/// Columns before a text.
const INDENT: usize = 12;

/// A rule for people. `examples` are commands that show something of it.
pub fn rule(id: RuleId, examples: &[String]) -> String {
    let rule = id.rule();
    let mut page = Page::new(rule.id, rule.promise);
    page.entry(
        "strength",
        match rule.strength {
            Strength::Promised => {
                "promised: the API's documentation or the specification says so; a violation is a bug"
            }
            Strength::Pinned => {
                "pinned: the documentation is silent, but a debugger depends on it; a violation is a \
                 question"
            }
        },
    );
    page.entry("source", rule.source);
    let touching = Cause::ALL.iter().filter(|c| c.row().rules.contains(&id));
    let touching: Vec<&str> = touching.map(|cause| cause.id()).collect();
    page.entry("causes", &listed(&touching));
    page.entry(
        "fires in",
        &format!("the test {} (harness/cli/tests/faults)", rule.fires_in),
    );
    page.examples(examples);
    page.0
}

/// A cause for people. `examples` are commands that show it.
pub fn cause(cause: Cause, examples: &[String]) -> String {
    let row = cause.row();
    let mut page = Page::new(row.id, row.text);
    page.entry(
        "kind",
        match row.kind {
            Kind::Explains => "explains a difference; the comparison goes on",
            Kind::Ends => {
                "explains a difference after which nothing can be compared: the execution ends"
            }
            Kind::Forbids => {
                "forbids a read or a collection that would crash the process: a hazard"
            }
        },
    );
    page.entry("versions", &row.versions());
    for having in row.versions.iter().filter(|having| !having.note.is_empty()) {
        page.entry("", &format!("from {}: {}", having.since, having.note));
    }
    let mut label = "rules";
    for rule in row.rules {
        page.entry(label, &format!("{rule}: {}", rule.rule().promise));
        page.entry("", &format!("source: {}", rule.rule().source));
        label = "";
    }
    if row.rules.is_empty() {
        page.entry("rules", "none");
    }
    page.entry(
        "test",
        &format!("{}, which fails once a version no longer has it", row.test),
    );
    page.examples(examples);
    page.0
}

/// Writes a rule as an object.
///
/// # Errors
///
/// When it cannot be written.
pub fn rule_json(out: &mut impl Write, id: RuleId) -> io::Result<()> {
    json::line(out, &RuleRow::of(id.rule()))
}

/// Writes a cause as an object.
///
/// # Errors
///
/// When it cannot be written.
pub fn cause_json(out: &mut impl Write, cause: Cause) -> io::Result<()> {
    json::line(out, &CauseRow::of(cause.row()))
}

fn listed(ids: &[&str]) -> String {
    match ids.is_empty() {
        true => "none".to_owned(),
        false => ids.join(", "),
    }
}

/// A title and labelled texts, each within the columns.
pub(super) struct Page(pub(super) String);

impl Page {
    pub(super) fn new(id: &str, text: &str) -> Page {
        let mut page = Page(format!("{id}\n"));
        for line in wrapped(text, WIDTH - 2) {
            page.0.push_str(&format!("  {line}\n"));
        }
        page.0.push('\n');
        page
    }

    pub(super) fn entry(&mut self, label: &str, text: &str) {
        let mut label = label;
        for line in wrapped(text, WIDTH - INDENT) {
            let before = INDENT - 2;
            self.0.push_str(&format!("  {label:<before$}{line}\n"));
            label = "";
        }
    }

    /// Commands are not wrapped, so that they can be copied.
    fn examples(&mut self, examples: &[String]) {
        let mut label = "example";
        for example in examples {
            let before = INDENT - 2;
            self.0.push_str(&format!("  {label:<before$}{example}\n"));
            label = "";
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_and_a_cause_are_explained() {
        let example = ["lockstep replay fuzz/regressions --rule FRAME-OPERAND-COUNT".to_owned()];
        insta::assert_snapshot!(rule(RuleId::OperandCount, &example));
        let example = ["lockstep replay fuzz/regressions --cause IF-PARAMS".to_owned()];
        insta::assert_snapshot!(cause(Cause::IfParams, &example));
    }

    #[test]
    fn nothing_is_wider_than_a_terminal() {
        let rules = RuleId::ALL.iter().map(|id| rule(*id, &[]));
        let causes = Cause::ALL.iter().map(|id| cause(*id, &[]));
        for page in rules.chain(causes) {
            let widest = page.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(WIDTH), "{page}");
        }
    }
}
