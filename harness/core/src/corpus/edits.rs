//! Moments and edits of a schedule as a person writes them: `event 12`, `add opcode 0:17`.

use crate::schedule::{Edit, Site, When};
use serde::{Deserialize, Serialize};

/// When a session comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct WhenText(pub(super) When);

impl TryFrom<String> for WhenText {
    type Error = String;

    fn try_from(text: String) -> Result<WhenText, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let when = match words[..] {
            ["start"] => Some(When::Start),
            ["step", n] => n.parse().ok().map(When::Step),
            [kind, n] => counted(kind).and_then(|when| {
                let number = n.parse().ok().filter(|&n| n > 0);
                number.map(when)
            }),
            _ => None,
        };
        when.map(WhenText).ok_or_else(|| {
            format!(
                "`{text}` is no moment; write start, step 2, or one of those that count from 1: event 12, host-call 3, throw 1, trap 1, host-error 1 or epoch-yield 1"
            )
        })
    }
}

/// A moment that is counted from 1, by its word.
fn counted(kind: &str) -> Option<fn(u64) -> When> {
    Some(match kind {
        "event" => When::Event,
        "host-call" => When::HostCall,
        "throw" => When::Throw,
        "trap" => When::Trap,
        "host-error" => When::HostError,
        "epoch-yield" => When::EpochYield,
        _ => return None,
    })
}

impl From<WhenText> for String {
    fn from(WhenText(when): WhenText) -> String {
        match when {
            When::Start => "start".to_owned(),
            When::Step(n) => format!("step {n}"),
            When::Event(n) => format!("event {n}"),
            When::HostCall(n) => format!("host-call {n}"),
            When::Throw(n) => format!("throw {n}"),
            When::Trap(n) => format!("trap {n}"),
            When::HostError(n) => format!("host-error {n}"),
            When::EpochYield(n) => format!("epoch-yield {n}"),
        }
    }
}

/// One edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct EditText(pub(super) Edit);

impl TryFrom<String> for EditText {
    type Error = String;

    fn try_from(text: String) -> Result<EditText, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let edit = match words[..] {
            ["single-step", "on"] => Some(Edit::SingleStep(true)),
            ["single-step", "off"] => Some(Edit::SingleStep(false)),
            ["clear"] => Some(Edit::Clear),
            ["add", ref words @ ..] => site(words).map(Edit::Add),
            ["remove", ref words @ ..] => site(words).map(Edit::Remove),
            _ => None,
        };
        edit.map(EditText).ok_or_else(|| {
            format!(
                "`{text}` is no edit; write single-step on, single-step off, clear, or add or \
                 remove and one of current, opcode 0:17, pc 0:0x2f, function 0:3, all 0"
            )
        })
    }
}

fn site(words: &[&str]) -> Option<Site> {
    Some(match words {
        ["current"] => Site::Current,
        ["all", module] => Site::All {
            module: module.parse().ok()?,
        },
        [kind, place] => {
            let (module, place) = place.split_once(':')?;
            let module = module.parse().ok()?;
            match *kind {
                "opcode" => Site::Opcode {
                    module,
                    nth: place.parse().ok()?,
                },
                "function" => Site::Function {
                    module,
                    nth: place.parse().ok()?,
                },
                "pc" => Site::Pc {
                    module,
                    pc: pc(place)?,
                },
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// Decimal, or hexadecimal after `0x`, as listings have it.
fn pc(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

impl From<EditText> for String {
    fn from(EditText(edit): EditText) -> String {
        match edit {
            Edit::SingleStep(true) => "single-step on".to_owned(),
            Edit::SingleStep(false) => "single-step off".to_owned(),
            Edit::Clear => "clear".to_owned(),
            Edit::Add(site) => format!("add {}", site_text(site)),
            Edit::Remove(site) => format!("remove {}", site_text(site)),
        }
    }
}

fn site_text(site: Site) -> String {
    match site {
        Site::Current => "current".to_owned(),
        Site::Opcode { module, nth } => format!("opcode {module}:{nth}"),
        Site::Pc { module, pc } => format!("pc {module}:0x{pc:x}"),
        Site::Function { module, nth } => format!("function {module}:{nth}"),
        Site::All { module } => format!("all {module}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_read_as_they_are_written() {
        for text in [
            "single-step on",
            "single-step off",
            "clear",
            "add current",
            "remove opcode 0:17",
            "add pc 1:0x2f",
            "remove function 0:4294967295",
            "add all 2",
        ] {
            let edit = EditText::try_from(text.to_owned()).unwrap();
            assert_eq!(String::from(edit), text);
        }
        let decimal = EditText::try_from("add pc 0:47".to_owned()).unwrap();
        assert_eq!(String::from(decimal), "add pc 0:0x2f");
    }

    #[test]
    fn moments_are_read_as_they_are_written() {
        for text in ["start", "step 0", "event 12", "host-call 3"] {
            let when = WhenText::try_from(text.to_owned()).unwrap();
            assert_eq!(String::from(when), text);
        }
    }

    #[test]
    fn what_is_none_says_how_to_write_one() {
        for text in [
            "",
            "add",
            "add pc 0",
            "add pc 0:x",
            "add all",
            "single-step",
            "clear all",
        ] {
            let message = EditText::try_from(text.to_owned()).unwrap_err();
            assert!(message.contains("opcode 0:17"), "{message}");
        }
        for text in [
            "",
            "event",
            "event -1",
            "event 0",
            "host-call 0",
            "event 1 2",
            "later",
        ] {
            let message = WhenText::try_from(text.to_owned()).unwrap_err();
            assert!(message.contains("event 12"), "{message}");
        }
    }
}
