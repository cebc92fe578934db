//! From the tables of a file to a case.

use super::edits::EditText;
use super::expect::{AGREEMENT, Expectation, Verdict};
use super::file::{
    ActionTable, CaseFile, CycleTable, DataTable, ExpectTable, HostTables, MemoryTable,
    ModuleTable, NeighbourTable, SessionTable, StepTable,
};
use super::place::Key;
use super::programs;
use super::scalars::{Hex, ModuleRef, Number};
use crate::case::{Case, CaseModule, Expect, Host, HostMemory, HostTable, Step, StepAction};
use crate::check::{self, InputError, UserFile};
use crate::schedule::action::Act;
use crate::schedule::{Cycle, Edit, Neighbour, Schedule, Session, When};
use crate::version::Version;
use lockstep_oracles::trap::Trap;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// Why the tables make no case.
#[derive(Debug)]
pub(super) enum Wrong {
    /// What they say does not fit together: where, and what.
    Meaning(Vec<Key>, String),
    /// A module, by its number from 1, is missing or is none.
    Module(usize, InputError),
}

/// What is wrong with one of the file's tables.
fn about(table: &str) -> impl Fn(String) -> Wrong {
    move |message| Wrong::Meaning(vec![table.into()], message)
}

/// Reads a module's file.
pub(super) type Resolve<'a> = &'a dyn Fn(&str) -> io::Result<Vec<u8>>;

/// The case that a file stands for; `name` is its name if the file has none.
pub(super) fn case(
    file: CaseFile,
    name: &str,
    resolve: Resolve<'_>,
) -> Result<(Case, Expectation), Wrong> {
    let modules = modules(file.module, resolve)?;
    let numbered = file.step.into_iter().zip(1..);
    let steps = numbered
        .map(|(table, number)| {
            step(table, &modules).map_err(|message| {
                let at = vec!["step".into(), Key::Nth(number - 1)];
                Wrong::Meaning(at, format!("step {number}: {message}"))
            })
        })
        .collect::<Result<_, Wrong>>()?;
    let expect = expectation(file.expect).map_err(about("expect"))?;
    if file.code_image && file.neighbour.is_some() {
        let wrong = "`code-image` looks at the code of one store: not beside a `[neighbour]`";
        return Err(about("code-image")(wrong.to_owned()));
    }
    let mut host = host(file.host).map_err(about("host"))?;
    let mut checks = Vec::new();
    if let Some(table) = file.wasi {
        let read = programs::wasi(table, resolve).map_err(about("wasi"))?;
        host.wasi = Some(read.0);
        checks = read.1;
    }
    for (table, number) in file.expect_memory.into_iter().zip(0..) {
        let read = programs::expected_memory(table, &modules).map_err(|message| {
            Wrong::Meaning(vec!["expect-memory".into(), Key::Nth(number)], message)
        })?;
        checks.push(read);
    }
    let case = Case {
        name: file.name.unwrap_or_else(|| name.to_owned()),
        steps,
        checks,
        modules,
        host,
        configuration: file.configuration.0,
        schedule: Schedule {
            sessions: sessions(file.session),
            cycle: file.cycle.map(cycle).transpose().map_err(about("cycle"))?,
            actions: actions(file.action).map_err(about("action"))?,
            neighbour: file
                .neighbour
                .map(neighbour)
                .transpose()
                .map_err(about("neighbour"))?,
            code_image: file.code_image,
            collect: file.collect,
            dare: file.dare.map(|dare| dare.0),
            late_modules: file.late_modules,
        },
        frames: file.frames.0,
        max_events: file.max_events.0,
    };
    Ok((case, expect))
}

fn modules(tables: Vec<ModuleTable>, resolve: Resolve<'_>) -> Result<Vec<CaseModule>, Wrong> {
    let count = tables.len();
    if count == 0 {
        return Err(about("module")("the case has no `[[module]]`".to_owned()));
    }
    let numbered = tables.into_iter().zip(1..);
    numbered
        .map(|(mut table, number)| {
            let name = match table.name.take() {
                Some(name) => name,
                None if number == count => MAIN.to_owned(),
                None => {
                    let wrong = "needs a `name`, under which later modules import from it";
                    return Err(of_module(number, wrong));
                }
            };
            let wasm = binary(table, number, resolve)?;
            Ok(CaseModule { name, wasm })
        })
        .collect()
}

fn of_module(number: usize, message: &str) -> Wrong {
    let at = vec!["module".into(), Key::Nth(number - 1)];
    Wrong::Meaning(at, format!("module {number} {message}"))
}

/// The name of a last module that has none.
pub(super) const MAIN: &str = "main";

fn binary(table: ModuleTable, number: usize, resolve: Resolve<'_>) -> Result<Arc<[u8]>, Wrong> {
    let (name, content) = match (table.file, table.wat, table.hex) {
        (Some(file), None, None) if file.is_empty() => {
            return Err(of_module(number, "has an empty `file`"));
        }
        (Some(file), None, None) => match resolve(&file) {
            Ok(content) => (file, content),
            Err(source) => return Err(Wrong::Module(number, InputError::Read { file, source })),
        },
        (None, Some(wat), None) => (format!("the `wat` of module {number}"), wat.into_bytes()),
        (None, None, Some(Hex(bytes))) => return Ok(bytes.into()),
        _ => {
            let wrong = "must have one of `file`, `wat` and `hex`";
            return Err(of_module(number, wrong));
        }
    };
    // A binary is taken as it is: whether it is valid is asked of files that people keep.
    if content.first() == Some(&0) {
        return Ok(content.into());
    }
    let user = UserFile::new(name, content).map_err(|source| Wrong::Module(number, source))?;
    Ok(match user {
        UserFile::Module(module) => module.bytes,
        UserFile::Component(component) => component.bytes,
    })
}

fn step(table: StepTable, modules: &[CaseModule]) -> Result<Step, String> {
    let module = table
        .module
        .as_ref()
        .map(|module| position(module, modules))
        .transpose()?;
    let action = match (&table.call, &table.invoke, &table.write, &table.set) {
        (Some(_), None, None, None) => call(table)?,
        (None, Some(_), None, None) => invoke(table)?,
        (None, None, Some(_), None) => write(table)?,
        (None, None, None, Some(_)) => set(table)?,
        _ => return Err("there must be one of `call`, `invoke`, `write` and `set`".to_owned()),
    };
    Ok(Step { module, action })
}

pub(super) fn position(module: &ModuleRef, modules: &[CaseModule]) -> Result<u32, String> {
    match module {
        ModuleRef::Position(position) if (*position as usize) < modules.len() => Ok(*position),
        ModuleRef::Position(position) => Err(format!(
            "there is no module {position}; there are {} from 0",
            modules.len()
        )),
        ModuleRef::Name(name) => {
            let named = modules
                .iter()
                .zip(0..)
                .filter(|(module, _)| module.name == *name);
            let positions: Vec<u32> = named.map(|(_, position)| position).collect();
            match positions[..] {
                [position] => Ok(position),
                [] => Err(format!("there is no module `{name}`")),
                _ => Err(format!(
                    "several modules are named `{name}`; write a position"
                )),
            }
        }
    }
}

/// Refuses a key that does not belong to this kind of step.
fn none<T>(key: Option<T>, name: &str, kind: &str) -> Result<(), String> {
    match key {
        None => Ok(()),
        Some(_) => Err(format!("`{name}` does not belong to `{kind}`")),
    }
}

/// The message of a trap. One that names none could never come, and an empty one always would.
fn trap(message: String) -> Result<String, String> {
    let named = Trap::ALL.iter().any(|trap| trap.is_named(&message));
    if named && !message.is_empty() {
        return Ok(message);
    }
    let all: Vec<&str> = Trap::ALL.iter().map(|trap| trap.message()).collect();
    let all = all.join(", ");
    Err(format!("no trap is named `{message}`; there are {all}"))
}

fn call(table: StepTable) -> Result<StepAction, String> {
    none(table.offset, "offset", "call")?;
    none(table.hex, "hex", "call")?;
    none(table.text, "text", "call")?;
    none(table.value, "value", "call")?;
    let expect = match (table.returns, table.traps) {
        (None, None) => None,
        (Some(patterns), None) => Some(Expect::Returns(
            patterns.into_iter().map(|pattern| pattern.0).collect(),
        )),
        (None, Some(message)) => Some(Expect::Traps(trap(message)?)),
        (Some(_), Some(_)) => return Err("a call either `returns` or `traps`".to_owned()),
    };
    let args = table.args.unwrap_or_default();
    Ok(StepAction::Call {
        export: table.call.unwrap_or_default(),
        args: args.into_iter().map(|arg| arg.0).collect(),
        expect,
    })
}

fn invoke(table: StepTable) -> Result<StepAction, String> {
    none(table.args, "args", "invoke")?;
    none(table.returns, "returns", "invoke")?;
    none(table.traps, "traps", "invoke")?;
    none(table.offset, "offset", "invoke")?;
    none(table.hex, "hex", "invoke")?;
    none(table.text, "text", "invoke")?;
    none(table.value, "value", "invoke")?;
    let (export, args) = check::component::split(table.invoke.as_deref().unwrap_or_default())?;
    Ok(StepAction::Invoke {
        export: export.to_owned(),
        args: args.to_owned(),
    })
}

fn write(table: StepTable) -> Result<StepAction, String> {
    none(table.args, "args", "write")?;
    none(table.returns, "returns", "write")?;
    none(table.traps, "traps", "write")?;
    none(table.value, "value", "write")?;
    Ok(StepAction::Write {
        memory: table.write.unwrap_or_default(),
        offset: table.offset.unwrap_or_default().0,
        bytes: bytes(table.hex, table.text)?,
    })
}

fn set(table: StepTable) -> Result<StepAction, String> {
    none(table.args, "args", "set")?;
    none(table.returns, "returns", "set")?;
    none(table.traps, "traps", "set")?;
    none(table.offset, "offset", "set")?;
    none(table.hex, "hex", "set")?;
    none(table.text, "text", "set")?;
    match table.value {
        Some(value) => Ok(StepAction::Set {
            global: table.set.unwrap_or_default(),
            value: value.0,
        }),
        None => Err("`value` is missing".to_owned()),
    }
}

pub(super) fn bytes(hex: Option<Hex>, text: Option<String>) -> Result<Vec<u8>, String> {
    match (hex, text) {
        (Some(Hex(bytes)), None) => Ok(bytes),
        (None, Some(text)) => Ok(text.into_bytes()),
        _ => Err("the bytes must be one of `hex` and `text`".to_owned()),
    }
}

fn host(tables: HostTables) -> Result<Host, String> {
    let memories = tables.memories.into_iter().map(|(name, table)| {
        let memory = memory(table).map_err(|message| format!("host memory `{name}`: {message}"))?;
        Ok((name, memory))
    });
    let functions = tables.functions.into_iter();
    let globals = tables.globals.into_iter();
    Ok(Host {
        seed: tables.seed.0,
        functions: functions
            .map(|(name, stub)| {
                let stub = stub
                    .stub()
                    .map_err(|message| format!("function `{name}`: {message}"))?;
                Ok((name, stub))
            })
            .collect::<Result<_, String>>()?,
        memories: memories.collect::<Result<_, String>>()?,
        tables: tables
            .tables
            .into_iter()
            .map(|(name, table)| {
                let maximum = table.maximum.map(|Number(maximum)| maximum);
                let elements = table.elements.0;
                (name, HostTable { elements, maximum })
            })
            .collect(),
        globals: globals.map(|(name, value)| (name, value.0)).collect(),
        wasi: None,
    })
}

fn memory(table: MemoryTable) -> Result<HostMemory, String> {
    let mut data = BTreeMap::new();
    for DataTable { offset, hex, text } in table.data {
        let Number(offset) = offset;
        if data.insert(offset, bytes(hex, text)?).is_some() {
            return Err(format!("offset {offset} has data twice"));
        }
    }
    Ok(HostMemory {
        pages: table.pages.0,
        maximum: table.maximum.map(|Number(maximum)| maximum),
        data,
    })
}

/// Sessions; where the file does not name any, those of the default schedule.
fn sessions(tables: Option<Vec<SessionTable>>) -> Vec<Session> {
    match tables {
        None => Schedule::default().sessions,
        Some(tables) => tables
            .into_iter()
            .map(|table| Session {
                when: table.when.0,
                edits: edits(table.edits),
            })
            .collect(),
    }
}

fn edits(texts: Vec<EditText>) -> Vec<Edit> {
    texts.into_iter().map(|text| text.0).collect()
}

fn cycle(table: CycleTable) -> Result<Cycle, String> {
    if table.period == Number(0) {
        return Err("the `period` of a cycle is at least 1".to_owned());
    }
    Ok(Cycle {
        period: table.period.0,
        sessions: table.sessions.into_iter().map(edits).collect(),
    })
}

fn actions(tables: Vec<ActionTable>) -> Result<Vec<Act>, String> {
    let mut actions = Vec::new();
    for table in tables {
        let when = table.when.0;
        if when == When::Start && !table.does.iter().all(|text| text.0.is_of_start()) {
            return Err("an action at `start` has nothing to act on; write step 0".to_owned());
        }
        let acts = table.does.into_iter().map(|text| Act {
            when,
            action: text.0,
        });
        actions.extend(acts);
    }
    Ok(actions)
}

fn neighbour(table: NeighbourTable) -> Result<Neighbour, String> {
    Ok(Neighbour {
        sessions: sessions(table.session),
        cycle: table.cycle.map(cycle).transpose()?,
        thread: table.thread,
    })
}

fn expectation(table: ExpectTable) -> Result<Expectation, String> {
    if let Some(word) = &table.verdict {
        if word != AGREEMENT {
            return Err(format!(
                "there is no verdict `{word}`; write {AGREEMENT}, or `known` with causes"
            ));
        }
        if !table.known.is_empty() {
            return Err("a case expects a `verdict` or `known` causes, not both".to_owned());
        }
    }
    let versions = table.subjects.as_deref().unwrap_or_default().split(',');
    let versions = versions
        .map(str::trim)
        .filter(|version| !version.is_empty());
    let subjects: Vec<String> = versions.map(str::to_owned).collect();
    let known = || Version::PUBLISHED.iter().map(|version| version.number());
    if let Some(unknown) = subjects
        .iter()
        .find(|name| !known().any(|known| known == **name))
    {
        let known: Vec<String> = known().collect();
        let known = known.join(", ");
        return Err(format!(
            "no subject is named `{unknown}`; write one of {known}"
        ));
    }
    let verdict = match (table.known.is_empty(), subjects.is_empty()) {
        (true, true) => Verdict::Agreement,
        (false, false) => Verdict::Known {
            causes: table.known.iter().map(|cause| cause.0).collect(),
            subjects,
        },
        (false, true) => {
            return Err("`known` needs `subjects`, the versions it is known of".to_owned());
        }
        (true, false) => return Err("`subjects` needs `known`, the causes".to_owned()),
    };
    Ok(Expectation {
        verdict,
        may: table.may.iter().map(|cause| cause.0).collect(),
        rule: table.rule.map(|rule| rule.0),
        moment: table.moment,
    })
}
