//! A divergence as a person reads it: the rule, both sides, the code, and how to see it again.

use super::counted;
use super::shown::Shown;
use crate::case::CaseReport;
use crate::divergence::{Divergence, NOT_READ, StateRow};

/// The text of a divergence of a case, several lines; `replay` is the command that shows it again.
pub fn text(case: &str, report: &CaseReport, divergence: &Divergence, replay: &str) -> String {
    let rule = divergence.rule.rule();
    let title = match divergence.known {
        Some(cause) => format!("known divergence ({cause})"),
        None => "DIVERGENCE".to_owned(),
    };
    let mut text = format!(
        "{title} {} ({}): {}\n",
        rule.id,
        rule.strength.name(),
        rule.promise
    );
    let mut line = |label: &str, content: &str| {
        text.push_str(&format!("  {label:<10}{}\n", Shown(content)));
    };
    line("source", rule.source);
    line("case", case);
    line("command", command(divergence));
    line("where", &place(divergence));
    if let Some(frames) = report.repeat.text() {
        line("frames", &frames);
    }
    for (number, setting) in report.setting.lines().enumerate() {
        line(if number == 0 { "setting" } else { "" }, setting);
    }
    line("expected", &divergence.expected);
    line("observed", &divergence.observed);
    if !divergence.state.is_empty() {
        text.push('\n');
        text.push_str(&side_by_side(&divergence.state));
    }
    if let Some(site) = &divergence.site {
        let head = format!(
            "\n  code      function {} at PC {} ({})\n",
            site.func,
            site.pc,
            Shown(&site.opcode)
        );
        text.push_str(&head);
        for line in site.listing.lines() {
            text.push_str(format!("    {}", Shown(line)).trim_end());
            text.push('\n');
        }
    }
    text.push_str(&format!("\n  replay:   {}\n", Shown(replay)));
    text
}

/// The command; one that comes from no script has no line.
pub fn command(divergence: &Divergence) -> &str {
    let command = divergence.command.as_str();
    command.strip_prefix("line 0: ").unwrap_or(command)
}

/// Execution, moment, event and frame.
pub(super) fn place(divergence: &Divergence) -> String {
    let frame = divergence
        .frame
        .map_or_else(String::new, |frame| format!(", frame {frame}"));
    format!(
        "{} execution, {}, after {}{frame}",
        divergence.execution.name(),
        divergence.moment.name(),
        counted(divergence.event, "matched event"),
    )
}

/// `=` for equal sides, `!` for different ones, `?` where the subject's was not read.
fn mark(row: &StateRow) -> char {
    match row {
        row if row.observed == NOT_READ => '?',
        row if row.differs() => '!',
        _ => '=',
    }
}

/// Both states in columns, each row with its mark.
pub fn side_by_side(rows: &[StateRow]) -> String {
    let width = |column: fn(&StateRow) -> &str, title: &str| {
        let widest = rows.iter().map(|row| column(row).chars().count()).max();
        widest.unwrap_or(0).max(title.len())
    };
    let what = width(|row| &row.what, "");
    let expected = width(|row| &row.expected, "oracle");
    let mut text = format!(
        "    {:2}{:what$}  {:expected$}  subject\n",
        "", "", "oracle"
    );
    for row in rows {
        let mark = mark(row);
        text.push_str(&format!(
            "    {mark} {:what$}  {:expected$}  {}\n",
            Shown(&row.what),
            Shown(&row.expected),
            Shown(&row.observed)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_differ_are_marked() {
        let row = |what: &str, expected: &str, observed: &str| StateRow {
            what: what.to_owned(),
            expected: expected.to_owned(),
            observed: observed.to_owned(),
        };
        let text = side_by_side(&[
            row("frame 0 PC", "0x21", "0x21"),
            row("frame 0 local 0", "i32:1", "i32:2"),
        ]);
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        assert_eq!(
            lines,
            [
                "                       oracle  subject",
                "    = frame 0 PC       0x21    0x21",
                "    ! frame 0 local 0  i32:1   i32:2",
            ]
        );
    }
}
