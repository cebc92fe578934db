//! The width of a terminal: the process chooses it once, as it chooses colour, and text is laid out for it.
//!
//! Where standard output is not a terminal nothing is chosen, and a line is as long as its text.

use std::sync::OnceLock;

/// The columns of the terminal, once they are chosen.
static CHOSEN: OnceLock<usize> = OnceLock::new();

/// Fewer columns than these are not laid out for.
const LEAST: usize = 40;

/// Columns by which a line goes on further to the right, where it has no label.
const HANGING: usize = 4;

/// Lays all text of this process out for a terminal of so many columns. Only the first choice counts.
pub fn choose(columns: usize) {
    let _ = CHOSEN.set(columns.max(LEAST));
}

/// The columns of the terminal; none where standard output is not one.
pub fn chosen() -> Option<usize> {
    CHOSEN.get().copied()
}

/// A line broken at words into lines of at most so many columns. What follows the first is indented: to where
/// the text behind a label begins, or by a few columns.
///
/// A word that is longer than a line keeps a line of its own. A command and an object of JSON stay whole, so
/// that they can be copied, and so do the rows of a table.
pub fn folded(line: &str, columns: usize) -> Vec<String> {
    if width(line) <= columns || stays_whole(line) {
        return vec![line.to_owned()];
    }
    let (label, text) = line.split_at(label(line, columns));
    let before = " ".repeat(indent(line, label));
    let mut lines = Vec::new();
    let mut current = label.to_owned();
    let mut begun = false;
    for word in text.split_inclusive(' ') {
        let length = width(&current) + width(word.trim_end());
        // No line begins with a colon: at a line's beginning a CI may take two of them for a command.
        let may_begin = begun && !word.starts_with([' ', ':']);
        if may_begin && length > columns {
            lines.push(current.trim_end().to_owned());
            current = before.clone();
        }
        current.push_str(word);
        begun = true;
    }
    lines.push(current.trim_end().to_owned());
    lines
}

/// A text in lines of so many columns; a longer word has a line of its own.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Characters of a text.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

/// Whether a line is there to be copied, or laid out already.
fn stays_whole(line: &str) -> bool {
    let text = line.trim_start();
    let begins = |with: &&str| text.starts_with(with);
    ["{", "\"", "|", "─", "═", "replay:", "example ", "lockstep "]
        .iter()
        .any(begins)
}

/// Bytes before a line's text: its indent, with the label and the blanks behind it if there is one.
fn label(line: &str, columns: usize) -> usize {
    let indent = line.len() - line.trim_start().len();
    let Some(gap) = line[indent..].find("  ") else {
        return indent;
    };
    let gap = &line[indent + gap..];
    let text = line.len() - gap.trim_start().len();
    match width(&line[..text]) <= columns / 2 {
        true => text,
        false => indent,
    }
}

/// Columns before what follows the first line.
fn indent(line: &str, label: &str) -> usize {
    match label.trim().is_empty() {
        // A text that is all there is in its line; one of a list, below its label, begins far to the right.
        true if width(label) > HANGING => width(label),
        true => width(label) + HANGING,
        false => width(&line[..label.len()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_goes_on_below_its_text() {
        assert_eq!(
            folded("  rules     1 of 3; never A-B, C-D", 24),
            [
                "  rules     1 of 3;",
                "            never A-B,",
                "            C-D"
            ]
        );
        assert_eq!(
            folded("PASS: one two three", 14),
            ["PASS: one two", "    three"]
        );
        assert_eq!(
            folded("    failed: one two", 16),
            ["    failed: one", "        two"]
        );
    }

    #[test]
    fn what_is_copied_stays_whole() {
        for line in ["{\"a\": 1, \"b\": 2}", "    replay: lockstep run --seed 1"] {
            assert_eq!(folded(line, 10), [line]);
        }
    }

    #[test]
    fn words_are_kept_whole() {
        assert_eq!(wrapped("a bb  ccc", 4), ["a bb", "ccc"]);
        assert_eq!(wrapped("abcdef g", 4), ["abcdef", "g"]);
        assert!(wrapped("", 4).is_empty());
        assert_eq!(folded("abcdefgh i", 4), ["abcdefgh", "    i"]);
        assert_eq!(folded("abc ::d", 4), ["abc ::d"]);
    }

    proptest! {
        #[test]
        fn folding_keeps_every_word(line in "[a-z:äé ]{0,80}", columns in 1usize..50) {
            let words = |text: &str| -> Vec<String> {
                text.split_whitespace().map(str::to_owned).collect()
            };
            let lines = folded(&line, columns);
            prop_assert_eq!(words(&lines.join("\n")), words(&line));
        }
    }
}
