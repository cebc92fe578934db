//! What others chose to call things, made safe to show: names of modules and exports, scripts, case
//! files, paths.
//!
//! Two layers, because neither suffices. [`Safe`] is the writer through which every command prints: no
//! control byte passes it but the line feed and the tab that Lockstep writes itself, and no line that a
//! CI takes for a command. A line feed in a name looks like one of our own there, so a name is put into
//! a line as [`Shown`], which knows where it begins and ends.

use std::fmt::{self, Display};
use std::io::{self, Write};

/// Characters of a name that are shown; of a longer one the beginning and the end.
pub const LIMIT: usize = 2_000;

/// Whether a character could move the cursor, turn the direction of text, or hide.
///
/// These are the general categories Cc, Cf, Co, Cs, Zl and Zp of Unicode, and letters and marks that
/// nothing is drawn for.
pub fn is_unsafe(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}'
        )
}

/// A text of somebody else's as part of one line: what is unsafe is escaped, line breaks too, and what
/// is too long is cut, with a count.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a>(pub &'a str);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Alignment and width are those of the whole.
        match f.width() {
            None => self.written(f),
            Some(_) => {
                let mut text = String::new();
                self.written(&mut text)?;
                f.pad(&text)
            }
        }
    }
}

impl Shown<'_> {
    fn written(&self, out: &mut impl fmt::Write) -> fmt::Result {
        let text = self.0;
        // A text of that many bytes has no more characters.
        let length = match text.len() <= LIMIT {
            true => text.len(),
            false => text.chars().count(),
        };
        if length <= LIMIT {
            return text.chars().try_for_each(|c| one(out, c));
        }
        let half = LIMIT / 2;
        text.chars().take(half).try_for_each(|c| one(out, c))?;
        write!(out, "… ({} characters left out) …", length - 2 * half)?;
        let tail = text.chars().skip(length - half);
        tail.into_iter().try_for_each(|c| one(out, c))
    }
}

fn one(out: &mut impl fmt::Write, c: char) -> fmt::Result {
    match is_unsafe(c) {
        true => write!(out, "{}", c.escape_default()),
        false => out.write_char(c),
    }
}

/// A writer that no unsafe character passes, and no command to a CI: `::error` at the beginning of a
/// line, `##[group]` and `##vso[…]` anywhere.
///
/// It escapes as Rust does, `\u{1b}`; in a line that begins with a brace, which is an object of JSON, as
/// JSON does: such characters can be in a string alone there, and the object stays the same.
#[derive(Debug)]
pub struct Safe<W> {
    out: W,
    /// Whether the line is an object of JSON.
    json: bool,
    /// Bytes of a character whose rest comes with the next write.
    partial: Vec<u8>,
    place: Place,
}

/// What stands before the next character, as far as a CI looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A line's beginning, or blanks.
    Start,
    /// A colon at the beginning.
    Colon,
    /// One `#`.
    Hash,
    /// Two or more.
    Hashes,
    Within,
}

impl Place {
    /// Whether the next character would complete what a CI takes for a command, and what stands before
    /// the one after it.
    fn next(self, c: char) -> (bool, Place) {
        match (self, c) {
            (_, '\n') => (false, Place::Start),
            (Place::Colon, ':') => (true, Place::Within),
            (Place::Start, ':') => (false, Place::Colon),
            (Place::Start, c) if c.is_whitespace() => (false, Place::Start),
            (Place::Hash | Place::Hashes, '#') => (false, Place::Hashes),
            (_, '#') => (false, Place::Hash),
            (Place::Hashes, c) => (c == '[' || c.is_ascii_alphabetic(), Place::Within),
            _ => (false, Place::Within),
        }
    }
}

impl<W: Write> Safe<W> {
    /// A writer at the beginning of a line.
    pub fn new(out: W) -> Safe<W> {
        Safe {
            out,
            json: false,
            partial: Vec::new(),
            place: Place::Start,
        }
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        // What is safe is written in one piece.
        let mut begun = 0;
        for (at, c) in text.char_indices() {
            if self.place == Place::Start {
                self.json = c == '{';
            }
            let (command, place) = self.place.next(c);
            self.place = place;
            if command || is_unsafe(c) && c != '\n' && c != '\t' {
                self.out.write_all(&text.as_bytes()[begun..at])?;
                self.escaped(c)?;
                begun = at + c.len_utf8();
            }
        }
        self.out.write_all(&text.as_bytes()[begun..])
    }

    fn escaped(&mut self, c: char) -> io::Result<()> {
        if !self.json {
            return match is_unsafe(c) {
                true => write!(self.out, "{}", c.escape_default()),
                false => write!(self.out, "{}", c.escape_unicode()),
            };
        }
        let mut units = [0; 2];
        let mut units = c.encode_utf16(&mut units).iter();
        units.try_for_each(|unit| write!(self.out, "\\u{unit:04x}"))
    }
}

impl<W: Write> Write for Safe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut joined = std::mem::take(&mut self.partial);
        let whole = match joined.is_empty() {
            true => bytes,
            false => {
                joined.extend_from_slice(bytes);
                &joined
            }
        };
        let mut rest = whole.len();
        for chunk in whole.utf8_chunks() {
            self.text(chunk.valid())?;
            rest -= chunk.valid().len() + chunk.invalid().len();
            match std::str::from_utf8(chunk.invalid()) {
                Ok(_) => {}
                Err(error) if rest == 0 && error.error_len().is_none() => {
                    self.partial = chunk.invalid().to_vec();
                }
                Err(_) => self.text("\u{fffd}")?,
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Lines of text as [`Safe`] writes them.
pub fn lines(text: &str) -> String {
    let mut safe = Safe::new(Vec::new());
    // A vector takes everything, and what is written is text.
    let _ = safe.text(text);
    String::from_utf8_lossy(&safe.out).into_owned()
}

/// Says something on standard error, a line or several.
pub fn say(what: &str) {
    // What cannot be said there can be said nowhere.
    let _ = writeln!(io::stderr(), "{}", lines(what));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_stays_in_its_line() {
        let shown = |name: &str| Shown(name).to_string();
        assert_eq!(shown("plain ünïcode ✓"), "plain ünïcode ✓");
        assert_eq!(shown("a\nb\tc\r"), "a\\nb\\tc\\r");
        assert_eq!(shown("\x1b[31m\u{9b}2J"), "\\u{1b}[31m\\u{9b}2J");
        assert_eq!(shown("\u{202e}\u{200b}x"), "\\u{202e}\\u{200b}x");
        assert_eq!(format!("{:>4}|", Shown("\n")), "  \\n|");
    }

    #[test]
    fn whole_categories_of_unicode_are_unsafe() {
        let hir = regex_syntax::parse(r"[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]").unwrap();
        let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) =
            hir.kind()
        else {
            panic!("{hir:?}");
        };
        let characters = class.iter().flat_map(|range| range.start()..=range.end());
        let passed: Vec<char> = characters.filter(|&c| !is_unsafe(c)).collect();
        assert!(passed.is_empty(), "{passed:?}");
        for c in [
            '\u{1d173}',
            '\u{1bca0}',
            '\u{13430}',
            '\u{110bd}',
            '\u{e000}',
        ] {
            assert!(is_unsafe(c), "{c:?}");
        }
        assert!(!"aä✓\u{fffd}漢🙂 \u{301}".chars().any(is_unsafe));
    }

    #[test]
    fn a_path_of_rust_at_the_end_of_a_line_passes() {
        let text = "use a::\n    b::c;\nlet x = d::\n";
        assert_eq!(lines(text), text);
    }

    #[test]
    fn a_long_name_is_cut_with_a_count() {
        let shown = Shown(&"ä".repeat(1 << 20)).to_string();
        assert!(
            shown.contains("… (1046576 characters left out) …"),
            "{shown}"
        );
        assert_eq!(shown.chars().filter(|&c| c == 'ä').count(), LIMIT);
        assert_eq!(Shown(&"x".repeat(LIMIT)).to_string(), "x".repeat(LIMIT));
    }

    fn written(pieces: &[&[u8]]) -> String {
        let mut safe = Safe::new(Vec::new());
        for piece in pieces {
            safe.write_all(piece).unwrap();
        }
        String::from_utf8(safe.out).unwrap()
    }

    #[test]
    fn our_own_lines_pass() {
        let text = "## Rules\n\n| a | `b::c` |\n\tindented: yes ::\n";
        assert_eq!(lines(text), text);
    }

    #[test]
    fn commands_of_a_ci_are_broken() {
        assert_eq!(lines("::error::x"), ":\\u{3a}error::x");
        assert_eq!(lines("a\n  ::set-output"), "a\n  :\\u{3a}set-output");
        assert_eq!(lines("x ##[error]"), "x ##\\u{5b}error]");
        assert_eq!(lines("##vso[task]"), "##\\u{76}so[task]");
        assert_eq!(lines("a\r::error"), "a\\r::error");
    }

    #[test]
    fn json_stays_json() {
        let name = "\u{202e}##[x]\u{e0001}";
        let object = serde_json::json!({ "name": name });
        let safe = lines(&object.to_string());
        assert!(safe.is_ascii(), "{safe}");
        let read: serde_json::Value = serde_json::from_str(&safe).unwrap();
        assert_eq!(read, object);
    }

    #[test]
    fn a_character_may_come_in_pieces() {
        assert_eq!(written(&[b"\xe2", b"\x80", b"\xae!"]), "\\u{202e}!");
        assert_eq!(written(&[b"\xff!", b"\xe2!"]), "\u{fffd}!\u{fffd}!");
    }

    proptest! {
        #[test]
        fn nothing_unsafe_passes(text in "(\\PC|[\\x00-\\x1f\u{80}-\u{9f}\u{202e}\u{200b}:# ]){0,40}") {
            let safe = lines(&text);
            prop_assert!(!safe.chars().any(|c| is_unsafe(c) && c != '\n' && c != '\t'));
            prop_assert!(!safe.lines().any(|line| line.trim_start().starts_with("::")));
            prop_assert!(!safe.contains("##["));
            prop_assert!(!Shown(&text).to_string().chars().any(is_unsafe));
        }
    }
}
