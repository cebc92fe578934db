//! What an imported function does: a text, or a list of calls with what each writes and returns.

use super::read::bytes;
use super::scalars::{Hex, Number};
use super::values::{ArgText, StubText};
use super::write::hex_or_text;
use crate::case::{Stub, StubCall};
use crate::hosting::{MemoryWrite, WriteAt};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// What an imported function does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum StubTable {
    /// `"returns(i32:5)"`
    Text(StubText),
    /// `{ calls = […] }`
    Calls(CallsTable),
}

/// What it does call by call.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallsTable {
    calls: Vec<CallTable>,
}

/// What it does in one call.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct CallTable {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    writes: Vec<WriteTable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    returns: Option<Vec<ArgText>>,
}

/// What it writes into a memory: `offset` or `argument`, and one of `hex` and `text`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WriteTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    argument: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// The memory that is written where none is named.
const MEMORY: &str = "memory";

impl StubTable {
    pub(super) fn of(stub: &Stub) -> StubTable {
        let Stub::Calls(calls) = stub else {
            return StubTable::Text(StubText(stub.clone()));
        };
        let returns = |args: &Vec<_>| args.iter().map(|&arg| ArgText(arg)).collect();
        let calls = calls.iter().map(|call| CallTable {
            writes: call.writes.iter().map(written).collect(),
            returns: call.returns.as_ref().map(returns),
        });
        StubTable::Calls(CallsTable {
            calls: calls.collect(),
        })
    }

    pub(super) fn stub(self) -> Result<Stub, String> {
        let table = match self {
            StubTable::Text(text) => return Ok(text.0),
            StubTable::Calls(table) => table,
        };
        if table.calls.is_empty() {
            return Err(
                "`calls` needs at least one call: the last stands for all that follow".into(),
            );
        }
        let call = |table: CallTable| {
            let args = |args: Vec<ArgText>| args.into_iter().map(|arg| arg.0).collect();
            Ok(StubCall {
                writes: table
                    .writes
                    .into_iter()
                    .map(read)
                    .collect::<Result<_, String>>()?,
                returns: table.returns.map(args),
            })
        };
        let calls = table.calls.into_iter().map(call);
        Ok(Stub::Calls(calls.collect::<Result<_, String>>()?))
    }
}

fn read(table: WriteTable) -> Result<MemoryWrite, String> {
    let at = match (table.offset, table.argument) {
        (Some(Number(offset)), None) => WriteAt::Offset(offset),
        (None, Some(index)) => WriteAt::Argument(index),
        _ => return Err("a write must have one of `offset` and `argument`".to_owned()),
    };
    Ok(MemoryWrite {
        memory: table.memory.unwrap_or_else(|| MEMORY.to_owned()),
        at,
        bytes: bytes(table.hex, table.text)?,
    })
}

fn written(write: &MemoryWrite) -> WriteTable {
    let (hex, text) = hex_or_text(&write.bytes);
    let (offset, argument) = match write.at {
        WriteAt::Offset(offset) => (Some(Number(offset)), None),
        WriteAt::Argument(index) => (None, Some(index)),
    };
    WriteTable {
        memory: (write.memory != MEMORY).then(|| write.memory.clone()),
        offset,
        argument,
        hex,
        text,
    }
}

impl Serialize for StubTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            StubTable::Text(text) => text.serialize(serializer),
            StubTable::Calls(table) => table.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for StubTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StubTable, D::Error> {
        deserializer.deserialize_any(StubVisitor)
    }
}

struct StubVisitor;

impl<'de> Visitor<'de> for StubVisitor {
    type Value = StubTable;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a behaviour such as \"returns(i32:5)\", or a table with `calls`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<StubTable, E> {
        let text = StubText::try_from(text.to_owned()).map_err(E::custom)?;
        Ok(StubTable::Text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<StubTable, A::Error> {
        CallsTable::deserialize(MapAccessDeserializer::new(map)).map(StubTable::Calls)
    }
}
