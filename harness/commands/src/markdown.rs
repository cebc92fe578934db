//! Text of others in Markdown: nothing of it is markup.

/// A text in one line, of what can be seen.
pub(super) fn one_line(text: &str) -> String {
    let visible = |c: char| match c {
        '\n' => " ".to_owned(),
        ' '..='~' => c.to_string(),
        // Letters of any script, but nothing that moves, hides or turns text.
        c if c.is_alphanumeric() => c.to_string(),
        c => c.escape_default().to_string(),
    };
    text.chars().map(visible).collect()
}

/// A text of a case as prose of Markdown, or a cell of its tables: nothing of it is markup.
pub(super) fn said(text: &str) -> String {
    let plain = |c: char| match c {
        '\\' | '`' | '*' | '<' | '[' | '|' | '#' | '&' => format!("\\{c}"),
        c => c.to_string(),
    };
    one_line(text).chars().map(plain).collect()
}

/// A text as a code span of Markdown.
pub(super) fn code(text: &str) -> String {
    let text = one_line(text);
    let marks = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{marks}{pad}{text}{pad}{marks}")
}

/// Lines as a block of code of Markdown.
pub(super) fn fenced(text: &str, language: &str) -> String {
    let lines = text.lines().map(one_line);
    let text = lines.collect::<Vec<_>>().join("\n");
    let marks = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{marks}{language}\n{text}\n{marks}")
}

/// The largest number of backticks in a row.
fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_ends_a_span() {
        assert_eq!(said("<b>|[x](y)"), r"\<b>\|\[x](y)");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("\u{1b}[31m\nx"), "`\\u{1b}[31m x`");
        assert_eq!(fenced("```\n::error", "wat"), "````wat\n```\n::error\n````");
    }
}
