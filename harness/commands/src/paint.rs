//! Colour on standard output: what is wrong, and what a person looks for, stands out. Lines are painted by
//! how they begin, behind the writer that lets nothing unsafe through; so a name can change what colour its
//! own line has, and nothing else. On a terminal a line is also broken at words where it is wider.

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Effects, Style};
use clap::ValueEnum;
use comfy_table::Table;
use lockstep_core::report::columns;
use std::io::{self, IsTerminal, Write};

/// Whether standard output is in colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless NO_COLOR or TERM=dumb say otherwise; CLICOLOR_FORCE is heard, too
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Colour {
    /// Makes it the choice of this process.
    pub(super) fn choose(self) {
        let choice = match self {
            Colour::Auto => ColorChoice::Auto,
            Colour::Always => ColorChoice::AlwaysAnsi,
            Colour::Never => ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// Lays the text of this process out for the terminal that standard output is, if it is one.
pub(super) fn lay_out() {
    if !io::stdout().is_terminal() {
        return;
    }
    // The library of tables asks the terminal already.
    if let Some(width) = Table::new().width() {
        columns::choose(usize::from(width));
    }
}

/// Paints whole lines, if colour is wanted, and breaks those that are wider than the terminal.
#[derive(Debug)]
pub(super) struct Painted<W: Write> {
    out: W,
    paints: bool,
    /// The terminal's columns, if there is one.
    columns: Option<usize>,
    /// The line so far, where lines are painted or broken.
    line: Vec<u8>,
}

impl<W: Write> Painted<W> {
    /// As this process chose, for a stream that goes where standard output does.
    pub(super) fn standard(out: W) -> Painted<W> {
        let paints = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        Painted::new(out, paints, columns::chosen())
    }

    fn new(out: W, paints: bool, columns: Option<usize>) -> Painted<W> {
        Painted {
            out,
            paints,
            columns,
            line: Vec::new(),
        }
    }

    /// Writes a line that is not ended, as it is.
    fn unfinished(&mut self) -> io::Result<()> {
        self.out.write_all(&std::mem::take(&mut self.line))
    }

    /// Writes a line that is ended.
    fn finished(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let style = match self.paints {
            true => style(line),
            false => Style::new(),
        };
        let Some(columns) = self.columns else {
            return self.painted(style, line);
        };
        let text = String::from_utf8_lossy(line);
        let mut lines = columns::folded(&text, columns).into_iter();
        lines.try_for_each(|line| self.painted(style, line.as_bytes()))
    }

    fn painted(&mut self, style: Style, line: &[u8]) -> io::Result<()> {
        write!(self.out, "{style}")?;
        self.out.write_all(line)?;
        writeln!(self.out, "{style:#}")
    }
}

impl<W: Write> Write for Painted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.paints && self.columns.is_none() {
            return self.out.write(bytes);
        }
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.finished()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unfinished()?;
        self.out.flush()
    }
}

impl<W: Write> Drop for Painted<W> {
    /// What the writer behind it keeps back it writes itself.
    fn drop(&mut self) {
        let _ = self.unfinished();
    }
}

/// How a line looks.
fn style(line: &[u8]) -> Style {
    let colour = |colour: AnsiColor| colour.on_default();
    let bold = Effects::BOLD;
    let begins = |with: &str| line.starts_with(with.as_bytes());
    let has = |word: &str| {
        let word = word.as_bytes();
        line.windows(word.len()).any(|part| part == word)
    };
    match line {
        _ if begins("PASS:") => colour(AnsiColor::Green).effects(bold),
        _ if begins("FAIL:") || begins("DIVERGENCE ") => colour(AnsiColor::Red).effects(bold),
        // A row of both states that differs, one that was not read, and the code at the PC.
        _ if begins("    ! ") => colour(AnsiColor::Red),
        _ if begins("    ? ") => Style::new().effects(Effects::DIMMED),
        _ if begins("    >") => Style::new().effects(bold),
        // The line of a case.
        [first, ..] if !first.is_ascii_whitespace() && has(" DIVERGED ") => colour(AnsiColor::Red),
        _ => Style::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(text: &str, paints: bool) -> String {
        let mut out = Painted::new(Vec::new(), paints, None);
        out.write_all(text.as_bytes()).unwrap();
        out.flush().unwrap();
        String::from_utf8(std::mem::take(&mut out.out)).unwrap()
    }

    #[test]
    fn nothing_is_added_where_colour_is_not_wanted() {
        let text = "PASS: 1 case\n{\"a\":1}\n";
        assert_eq!(painted(text, false), text);
    }

    #[test]
    fn lines_are_painted_by_their_beginning_and_keep_their_text() {
        let text = "PASS: 1 case\nplain\n    ! frame 0\n    ? frame 1\nunfinished";
        let shown = painted(text, true);
        assert_eq!(
            shown,
            "\u{1b}[1m\u{1b}[32mPASS: 1 case\u{1b}[0m\nplain\n\u{1b}[31m    ! frame 0\u{1b}[0m\n\
             \u{1b}[2m    ? frame 1\u{1b}[0m\nunfinished"
        );
        assert_eq!(anstream::adapter::strip_str(&shown).to_string(), text);
    }

    #[test]
    fn a_line_may_come_in_pieces() {
        let mut out = Painted::new(Vec::new(), true, None);
        for piece in ["FA", "IL: 2", "\nnext\n"] {
            out.write_all(piece.as_bytes()).unwrap();
        }
        assert_eq!(
            std::mem::take(&mut out.out),
            b"\x1b[1m\x1b[31mFAIL: 2\x1b[0m\nnext\n"
        );
    }
    #[test]
    fn a_line_wider_than_the_terminal_is_broken_and_keeps_its_colour() {
        let mut out = Painted::new(Vec::new(), true, Some(14));
        out.write_all(b"FAIL: one two three\n").unwrap();
        let shown = String::from_utf8(std::mem::take(&mut out.out)).unwrap();
        let line = |text: &str| format!("\u{1b}[1m\u{1b}[31m{text}\u{1b}[0m\n");
        assert_eq!(shown, line("FAIL: one two") + &line("    three"));
    }
}
