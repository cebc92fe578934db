//! Where in a case file something stands: a path of keys and numbers to a line.

use super::line_of;
use toml::de::{DeTable, DeValue};

/// A step on the way from the file to what is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A key of a table.
    Name(String),
    /// An element of an array, from 0.
    Nth(usize),
}

impl From<&str> for Key {
    fn from(name: &str) -> Key {
        Key::Name(name.to_owned())
    }
}

impl From<usize> for Key {
    fn from(number: usize) -> Key {
        Key::Nth(number)
    }
}

/// The line, from 1, of what a path leads to, or of as much of it as the file has.
pub(super) fn line(text: &str, path: &[Key]) -> usize {
    let Ok(table) = DeTable::parse(text) else {
        return 1;
    };
    let mut offset = 0;
    let mut table = Some(table.get_ref());
    let mut array = None;
    for key in path {
        let found = match key {
            Key::Name(name) => {
                let entry = table.and_then(|table| table.get_key_value(name.as_str()));
                // The key, and not the value: it is what a person looks for.
                entry.map(|(key, value)| (key.span().start, value.get_ref()))
            }
            Key::Nth(number) => {
                let element = array.and_then(|array: &toml::de::DeArray<'_>| array.get(*number));
                element.map(|value| (value.span().start, value.get_ref()))
            }
        };
        let Some((start, value)) = found else { break };
        offset = start;
        (table, array) = match value {
            DeValue::Table(table) => (Some(table), None),
            DeValue::Array(array) => (None, Some(array)),
            _ => (None, None),
        };
    }
    line_of(text, offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_a_line() {
        let text = "name = \"a\"\n\n[[step]]\ncall = \"f\"\n\n[[step]]\ncall = \"g\"\n\n\
                    [host.memories.\"env.m\"]\npages = 1\n";
        let at = |path: &[Key]| line(text, path);
        assert_eq!(at(&["step".into(), 0.into()]), 3);
        assert_eq!(at(&["step".into(), 1.into()]), 6);
        assert_eq!(at(&["step".into(), 1.into(), "call".into()]), 7);
        assert_eq!(at(&["host".into(), "memories".into(), "env.m".into()]), 9);
        assert_eq!(at(&["expect".into()]), 1);
        assert_eq!(line("a = [", &["a".into()]), 1);
    }
}
