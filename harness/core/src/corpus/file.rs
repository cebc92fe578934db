//! The case file as its tables: names of keys and their defaults, no meaning.

use super::actions::ActionText;
use super::edits::{EditText, WhenText};
use super::programs::{ExpectMemoryTable, WasiTable};
use super::scalars::{
    CauseText, ConfigurationTable, DareText, FramesText, Hex, ModuleRef, Number, RuleText,
};
use super::stubs::StubTable;
use super::values::{ArgText, PatternText};
use crate::case::value::MAX_EVENTS;
use crate::configuration::Configuration;
use crate::divergence::Moment;
use crate::lockstep::policy::FramePolicy;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The whole file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct CaseFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) frames: FramesText,
    #[serde(default = "max_events", skip_serializing_if = "is_max_events")]
    pub(super) max_events: Number,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) code_image: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) collect: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dare: Option<DareText>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) late_modules: bool,
    #[serde(default, skip_serializing_if = "ExpectTable::is_plain")]
    pub(super) expect: ExpectTable,
    #[serde(default, skip_serializing_if = "is_default_configuration")]
    pub(super) configuration: ConfigurationTable,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) module: Vec<ModuleTable>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) host: HostTables,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wasi: Option<WasiTable>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) step: Vec<StepTable>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) expect_memory: Vec<ExpectMemoryTable>,
    /// Absent is single-step from the start; empty is no session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<Vec<SessionTable>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cycle: Option<CycleTable>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) action: Vec<ActionTable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) neighbour: Option<NeighbourTable>,
}

/// `[expect]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verdict: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) known: Vec<CauseText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subjects: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) may: Vec<CauseText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule: Option<RuleText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) moment: Option<Moment>,
}

impl ExpectTable {
    /// Whether it says no more than an absent table does.
    fn is_plain(&self) -> bool {
        self.verdict.is_none()
            && self.known.is_empty()
            && self.subjects.is_none()
            && self.may.is_empty()
            && self.rule.is_none()
            && self.moment.is_none()
    }
}

/// `[[module]]`: one of `file`, `wat`, `hex`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModuleTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wat: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hex: Option<Hex>,
}

/// `[host]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HostTables {
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) seed: Number,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) functions: BTreeMap<String, StubTable>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) globals: BTreeMap<String, ArgText>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) memories: BTreeMap<String, MemoryTable>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tables: BTreeMap<String, ElementsTable>,
}

/// An imported memory.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MemoryTable {
    pub(super) pages: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) maximum: Option<Number>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) data: Vec<DataTable>,
}

/// Bytes at an offset: one of `hex`, `text`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataTable {
    pub(super) offset: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hex: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
}

/// An imported table.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ElementsTable {
    pub(super) elements: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) maximum: Option<Number>,
}

/// `[[step]]`: one of `call`, `invoke`, `write`, `set`, with the keys that belong to it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) module: Option<ModuleRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) call: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) args: Option<Vec<ArgText>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) returns: Option<Vec<PatternText>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) traps: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) invoke: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) write: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hex: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) set: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<ArgText>,
}

/// `[[session]]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionTable {
    pub(super) when: WhenText,
    pub(super) edits: Vec<EditText>,
}

/// `[[action]]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionTable {
    pub(super) when: WhenText,
    pub(super) does: Vec<ActionText>,
}

/// `[cycle]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CycleTable {
    pub(super) period: Number,
    pub(super) sessions: Vec<Vec<EditText>>,
}

/// `[neighbour]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NeighbourTable {
    #[serde(default)]
    pub(super) thread: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<Vec<SessionTable>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cycle: Option<CycleTable>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn is_default_configuration(table: &ConfigurationTable) -> bool {
    table.0 == Configuration::default()
}

fn max_events() -> Number {
    Number(MAX_EVENTS)
}

fn is_max_events(number: &Number) -> bool {
    *number == max_events()
}

impl Default for CaseFile {
    fn default() -> CaseFile {
        CaseFile {
            name: None,
            frames: FramesText(FramePolicy::default()),
            max_events: max_events(),
            code_image: false,
            collect: 0,
            dare: None,
            late_modules: false,
            expect: ExpectTable::default(),
            configuration: ConfigurationTable::default(),
            module: Vec::new(),
            host: HostTables::default(),
            wasi: None,
            step: Vec::new(),
            expect_memory: Vec::new(),
            session: None,
            cycle: None,
            action: Vec::new(),
            neighbour: None,
        }
    }
}
