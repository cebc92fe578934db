//! Numbers, bytes, and words of the harness's tables in a case file.

use crate::causes::hazard::{Dare, NoDare};
use crate::causes::{Cause, NoCause};
use crate::configuration::{Configuration, Setting};
use crate::lockstep::policy::FramePolicy;
use crate::rules::RuleId;
use clap::ValueEnum;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// A `u64`: an integer, or a text where the format's integers end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(pub(super) u64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.0) {
            Ok(number) => serializer.serialize_i64(number),
            Err(_) => serializer.serialize_str(&format!("0x{:x}", self.0)),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 0 to 2^64 - 1, quoted if it is 2^63 or more")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
        let unsigned = u64::try_from(number).map(Number);
        unsigned.map_err(|_| E::custom(format!("{number} is less than 0")))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
        Ok(Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        let number = match text.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16),
            None => text.parse(),
        };
        number
            .map(Number)
            .map_err(|_| E::custom(format!("`{text}` is no number from 0 to 2^64 - 1")))
    }
}

/// A module of the case: its name, or its position from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ModuleRef {
    Name(String),
    Position(u32),
}

impl Serialize for ModuleRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ModuleRef::Name(name) => serializer.serialize_str(name),
            ModuleRef::Position(position) => serializer.serialize_u32(*position),
        }
    }
}

impl<'de> Deserialize<'de> for ModuleRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ModuleRef, D::Error> {
        deserializer.deserialize_any(ModuleRefVisitor)
    }
}

struct ModuleRefVisitor;

impl Visitor<'_> for ModuleRefVisitor {
    type Value = ModuleRef;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a module, or its position from 0")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<ModuleRef, E> {
        Ok(ModuleRef::Name(name.to_owned()))
    }

    fn visit_i64<E: Error>(self, position: i64) -> Result<ModuleRef, E> {
        let position = u32::try_from(position).map(ModuleRef::Position);
        position.map_err(|_| E::custom("the position of a module is a number from 0"))
    }
}

/// Bytes as hexadecimal digits; white space separates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Hex(pub(super) Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Hex, String> {
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let spaces = |byte: &u8| !byte.is_ascii_whitespace();
        let digits: Option<Vec<u8>> = text.bytes().filter(spaces).map(digit).collect();
        match digits {
            None => Err("`hex` holds something that is no hexadecimal digit".to_owned()),
            Some(digits) if digits.len() % 2 == 1 => {
                Err("`hex` holds an odd number of digits".to_owned())
            }
            Some(digits) => Ok(Hex(digits
                .chunks_exact(2)
                .map(|pair| pair[0] << 4 | pair[1])
                .collect())),
        }
    }
}

impl From<Hex> for String {
    fn from(Hex(bytes): Hex) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
        bytes
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
            .collect()
    }
}

/// Bytes as a text that a person can read, if they are one.
pub(super) fn readable(bytes: &[u8]) -> Option<String> {
    let plain = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let text = bytes.iter().all(plain) && !bytes.is_empty();
    text.then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// A frame policy by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct FramesText(pub(super) FramePolicy);

impl TryFrom<String> for FramesText {
    type Error = String;

    fn try_from(text: String) -> Result<FramesText, String> {
        let policies = || {
            let all = FramePolicy::value_variants()
                .iter()
                .map(|policy| policy.name());
            all.collect::<Vec<_>>().join(", ")
        };
        FramePolicy::from_str(&text, false)
            .map(FramesText)
            .map_err(|_| format!("`{text}` is no frame policy; there are {}", policies()))
    }
}

impl From<FramesText> for String {
    fn from(FramesText(policy): FramesText) -> String {
        policy.name().to_owned()
    }
}

/// A configuration: the axes that are not at their default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ConfigurationTable(pub(super) Configuration);

impl Serialize for ConfigurationTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.settings().into_iter().map(|setting| {
            let axis = setting.axis.axis();
            (axis.name, axis.values[setting.position])
        }))
    }
}

impl<'de> Deserialize<'de> for ConfigurationTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ConfigurationTable, D::Error> {
        deserializer.deserialize_map(ConfigurationVisitor)
    }
}

struct ConfigurationVisitor;

impl<'de> Visitor<'de> for ConfigurationVisitor {
    type Value = ConfigurationTable;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table such as { target = \"pulley64\" }")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ConfigurationTable, A::Error> {
        let mut configuration = Configuration::default();
        while let Some((axis, value)) = map.next_entry::<String, String>()? {
            let setting: Setting = format!("{axis}={value}").parse().map_err(Error::custom)?;
            configuration.set(setting);
        }
        Ok(ConfigurationTable(configuration))
    }
}

/// A rule by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct RuleText(pub(super) RuleId);

impl TryFrom<String> for RuleText {
    type Error = String;

    fn try_from(text: String) -> Result<RuleText, String> {
        let found = RuleId::ALL.iter().find(|rule| rule.id() == text);
        found
            .map(|&rule| RuleText(rule))
            .ok_or_else(|| format!("there is no rule `{text}`; `lockstep rules` lists them"))
    }
}

impl From<RuleText> for String {
    fn from(RuleText(rule): RuleText) -> String {
        rule.id().to_owned()
    }
}

/// A cause by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct CauseText(pub(super) Cause);

impl TryFrom<String> for CauseText {
    type Error = NoCause;

    fn try_from(text: String) -> Result<CauseText, NoCause> {
        text.parse().map(CauseText)
    }
}

impl From<CauseText> for String {
    fn from(CauseText(cause): CauseText) -> String {
        cause.to_string()
    }
}

/// What a case dares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct DareText(pub(super) Dare);

impl TryFrom<String> for DareText {
    type Error = NoDare;

    fn try_from(text: String) -> Result<DareText, NoDare> {
        text.parse().map(DareText)
    }
}

impl From<DareText> for String {
    fn from(DareText(dare): DareText) -> String {
        dare.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_bytes_are_read_as_they_are_written() {
        let all: Vec<u8> = (0..=255).collect();
        let text = String::from(Hex(all.clone()));
        assert_eq!(Hex::try_from(text), Ok(Hex(all)));
        let apart = Hex::try_from("00 FF\n1a".to_owned());
        assert_eq!(apart, Ok(Hex(vec![0, 0xff, 0x1a])));
        for text in ["0", "0g", "é"] {
            assert!(Hex::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn every_rule_is_found_by_its_id() {
        for &rule in RuleId::ALL {
            let text = String::from(RuleText(rule));
            assert_eq!(RuleText::try_from(text), Ok(RuleText(rule)));
        }
        assert!(RuleText::try_from("FRAME".to_owned()).is_err());
    }

    #[test]
    fn only_plain_text_is_readable() {
        assert_eq!(readable(b"hello, world"), Some("hello, world".to_owned()));
        for bytes in [&b""[..], b"a\nb", b"\0", "é".as_bytes()] {
            assert_eq!(readable(bytes), None);
        }
    }
}
