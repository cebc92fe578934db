//! The list of all that travels between program and subject program, held against the version of the protocol.

use super::*;
use crate::case::{CommandReport, Directive, Printed, Repeat, Status, Stream};
use crate::causes::Cause;
use crate::configuration::AxisName;
use crate::divergence::{Divergence, Execution, Moment, Site, StateRow};
use crate::lockstep::daring::{DareResult, Dared};
use crate::lockstep::families::Family;
use crate::lockstep::looks::{Look, Looked};
use crate::lockstep::tally::Tally;
use crate::report::trail::TrailEvent;
use crate::rules::RuleId;
use crate::schedule::action::Action;
use lockstep_oracles::opcode::Opcode;
use serde::Deserializer;
use serde::de::value::Error;
use serde::de::{Error as _, Visitor};
use serde::forward_to_deserialize_any;
use sha2::{Digest, Sha256};

/// Takes down the names that a type is read by, and reads nothing.
struct Names<'a>(&'a mut Vec<&'static str>);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("it has no names"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.extend(fields);
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.extend(variants);
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// The fields of a structure, or the variants of an enumeration.
fn names<T: serde::de::DeserializeOwned>() -> Vec<&'static str> {
    let mut names = Vec::new();
    let read = T::deserialize(Names(&mut names)).map(drop);
    assert!(read.is_err() && !names.is_empty());
    names
}

/// A paragraph of the list, in lines that fit.
fn paragraph<'a>(title: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let (mut text, mut line) = (format!("{title}\n"), String::new());
    for name in names {
        if line.len() + name.len() > 100 {
            text.push_str(&format!("   {line}\n"));
            line.clear();
        }
        line.push_str(&format!(" {name}"));
    }
    text + &format!("   {line}\n")
}

/// All that travels, by name and in its order: some are written as their positions.
fn travels() -> String {
    macro_rules! listed {
        ($($kind:ty),* $(,)?) => { [$(paragraph(stringify!($kind), names::<$kind>())),*].concat() };
    }
    let mut text = listed![
        Request,
        What,
        Calls,
        ProgramWishes,
        Trace,
        Cuts,
        Wishes,
        FramePolicy,
        Proposals,
        Trails,
        Message,
        Traits,
        Place,
        Announced,
        Dared,
        DareResult,
        Answer,
        Failure,
        Cost,
        CaseReport,
        CommandReport,
        Directive,
        Status,
        Tally,
        Look,
        Looked,
        Divergence,
        Execution,
        Moment,
        Site,
        StateRow,
        Printed,
        Stream,
        Repeat,
        TrailEvent,
        RuleId,
        Cause,
    ];
    text.push_str(&paragraph("Action", Action::KINDS));
    text.push_str(&paragraph("Family", Family::ALL.map(Family::name)));
    for axis in AxisName::ALL.iter().map(|axis| axis.axis()) {
        text.push_str(&paragraph(axis.name, axis.values.iter().copied()));
    }
    let mut opcodes = Sha256::new();
    for opcode in Opcode::ALL {
        opcodes.update(format!("{}\n", opcode.name()));
    }
    let opcodes = format!("{:x}", opcodes.finalize());
    let title = format!("{} opcodes, of which this is a hash", Opcode::ALL.len());
    text + &paragraph(&title, [&opcodes[..32]])
}

/// Given a rule, a cause, a message or a field that is new, gone or elsewhere, a program of the old tree
/// and one of the new would take each other's words for something else.
#[test]
fn what_travels_changes_with_the_version_alone() {
    let known = include_str!("travels.txt");
    let (version, list) = known.split_once('\n').unwrap();
    let now = travels();
    let is_of_version = version == format!("version {VERSION}");
    assert!(
        !is_of_version || list == now,
        "what travels has changed since version {VERSION} of the protocol: raise VERSION in protocol.rs, \
         and then write this into travels.txt:\nversion {}\n{now}",
        VERSION + 1
    );
    assert!(
        is_of_version,
        "VERSION is {VERSION} now: write this into travels.txt:\nversion {VERSION}\n{now}"
    );
}
