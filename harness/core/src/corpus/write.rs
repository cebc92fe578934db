//! From a case to the tables of a file.

use super::actions::ActionText;
use super::edits::{EditText, WhenText};
use super::expect::{Expectation, Verdict};
use super::file::{
    ActionTable, CaseFile, CycleTable, DataTable, ElementsTable, ExpectTable, HostTables,
    MemoryTable, ModuleTable, NeighbourTable, SessionTable, StepTable,
};
use super::programs;
use super::read::MAIN;
use super::scalars::{
    CauseText, ConfigurationTable, DareText, FramesText, Hex, ModuleRef, Number, RuleText, readable,
};
use super::stubs::StubTable;
use super::values::{ArgText, PatternText};
use crate::case::{Case, CaseModule, Expect, Host, HostMemory, Step, StepAction};
use crate::check::UserFile;
use crate::schedule::action::Act;
use crate::schedule::{Cycle, Edit, Neighbour, Schedule, Session};

/// The tables of a case, its modules given.
pub(super) fn file(case: &Case, expect: &Expectation, modules: Vec<ModuleTable>) -> CaseFile {
    let steps = case.steps.iter();
    CaseFile {
        name: Some(case.name.clone()),
        frames: FramesText(case.frames),
        max_events: Number(case.max_events),
        code_image: case.schedule.code_image,
        collect: case.schedule.collect,
        dare: case.schedule.dare.map(DareText),
        late_modules: case.schedule.late_modules,
        expect: expectation(expect),
        configuration: ConfigurationTable(case.configuration),
        module: modules,
        host: host(&case.host),
        wasi: programs::wasi_table(case),
        expect_memory: programs::memory_tables(case),
        step: steps.map(|step| self::step(step, &case.modules)).collect(),
        session: sessions(&case.schedule.sessions),
        cycle: case.schedule.cycle.as_ref().map(cycle),
        action: actions(&case.schedule.actions),
        neighbour: case.schedule.neighbour.as_ref().map(neighbour),
    }
}

/// The table of each module, its content left out.
pub(super) fn modules(case: &Case) -> impl Iterator<Item = (ModuleTable, &CaseModule)> {
    let last = case.modules.len();
    case.modules.iter().zip(1..).map(move |(module, number)| {
        let obvious = number == last && module.name == MAIN;
        let name = (!obvious).then(|| module.name.clone());
        let table = ModuleTable {
            name,
            ..ModuleTable::default()
        };
        (table, module)
    })
}

/// A module as text, if the text makes the very same bytes again.
pub(super) fn as_text(wasm: &[u8]) -> Option<String> {
    let text = wasmprinter::print_bytes(wasm).ok()?;
    let again = match UserFile::new(String::new(), text.clone().into_bytes()).ok()? {
        UserFile::Module(module) => module.bytes,
        UserFile::Component(component) => component.bytes,
    };
    (*again == *wasm).then_some(text)
}

fn expectation(expect: &Expectation) -> ExpectTable {
    let mut table = ExpectTable {
        may: expect.may.iter().map(|&cause| CauseText(cause)).collect(),
        rule: expect.rule.map(RuleText),
        moment: expect.moment,
        ..ExpectTable::default()
    };
    if let Verdict::Known { causes, subjects } = &expect.verdict {
        table.known = causes.iter().map(|&cause| CauseText(cause)).collect();
        table.subjects = Some(subjects.join(", "));
    }
    table
}

fn step(step: &Step, modules: &[CaseModule]) -> StepTable {
    let table = StepTable {
        module: step.module.map(|position| module_ref(position, modules)),
        ..StepTable::default()
    };
    match &step.action {
        StepAction::Call {
            export,
            args,
            expect,
        } => {
            let args: Vec<ArgText> = args.iter().map(|&arg| ArgText(arg)).collect();
            let (returns, traps) = match expect {
                None => (None, None),
                Some(Expect::Returns(patterns)) => {
                    let patterns = patterns.iter().cloned();
                    (Some(patterns.map(PatternText).collect()), None)
                }
                Some(Expect::Traps(message)) => (None, Some(message.clone())),
            };
            StepTable {
                call: Some(export.clone()),
                args: (!args.is_empty()).then_some(args),
                returns,
                traps,
                ..table
            }
        }
        StepAction::Invoke { export, args } => StepTable {
            invoke: Some(format!("{export}({args})")),
            ..table
        },
        StepAction::Write {
            memory,
            offset,
            bytes,
        } => {
            let (hex, text) = hex_or_text(bytes);
            StepTable {
                write: Some(memory.clone()),
                offset: Some(Number(*offset)),
                hex,
                text,
                ..table
            }
        }
        StepAction::Set { global, value } => StepTable {
            set: Some(global.clone()),
            value: Some(ArgText(*value)),
            ..table
        },
    }
}

/// A module's name, if it says which module is meant; otherwise its position.
pub(super) fn module_ref(position: u32, modules: &[CaseModule]) -> ModuleRef {
    let name = modules.get(position as usize).map(|module| &module.name);
    let same = |name: &&String| modules.iter().filter(|other| other.name == **name).count() == 1;
    match name.filter(same) {
        Some(name) => ModuleRef::Name(name.clone()),
        None => ModuleRef::Position(position),
    }
}

pub(super) fn hex_or_text(bytes: &[u8]) -> (Option<Hex>, Option<String>) {
    match readable(bytes) {
        Some(text) => (None, Some(text)),
        None => (Some(Hex(bytes.to_vec())), None),
    }
}

fn host(host: &Host) -> HostTables {
    let functions = host.functions.iter();
    let memories = host.memories.iter();
    let tables = host.tables.iter();
    let globals = host.globals.iter();
    HostTables {
        seed: Number(host.seed),
        functions: functions
            .map(|(name, stub)| (name.clone(), StubTable::of(stub)))
            .collect(),
        globals: globals
            .map(|(name, &value)| (name.clone(), ArgText(value)))
            .collect(),
        memories: memories
            .map(|(name, memory)| (name.clone(), self::memory(memory)))
            .collect(),
        tables: tables
            .map(|(name, table)| {
                let elements = Number(table.elements);
                let maximum = table.maximum.map(Number);
                (name.clone(), ElementsTable { elements, maximum })
            })
            .collect(),
    }
}

fn memory(memory: &HostMemory) -> MemoryTable {
    let data = memory.data.iter().map(|(&offset, bytes)| {
        let (hex, text) = hex_or_text(bytes);
        let offset = Number(offset);
        DataTable { offset, hex, text }
    });
    MemoryTable {
        pages: Number(memory.pages),
        maximum: memory.maximum.map(Number),
        data: data.collect(),
    }
}

/// Sessions; absent where they are those of the default schedule.
fn sessions(sessions: &[Session]) -> Option<Vec<SessionTable>> {
    if sessions == Schedule::default().sessions {
        return None;
    }
    let tables = sessions.iter().map(|session| SessionTable {
        when: WhenText(session.when),
        edits: edits(&session.edits),
    });
    Some(tables.collect())
}

fn edits(edits: &[Edit]) -> Vec<EditText> {
    edits.iter().map(|&edit| EditText(edit)).collect()
}

fn cycle(cycle: &Cycle) -> CycleTable {
    CycleTable {
        period: Number(cycle.period),
        sessions: cycle
            .sessions
            .iter()
            .map(|session| edits(session))
            .collect(),
    }
}

/// Actions of one moment that follow one another share a table.
fn actions(actions: &[Act]) -> Vec<ActionTable> {
    let moments = actions.chunk_by(|a, b| a.when == b.when);
    let table = |acts: &[Act]| ActionTable {
        when: WhenText(acts[0].when),
        does: acts.iter().map(|act| ActionText(act.action)).collect(),
    };
    moments.map(table).collect()
}

fn neighbour(neighbour: &Neighbour) -> NeighbourTable {
    NeighbourTable {
        thread: neighbour.thread,
        session: sessions(&neighbour.sessions),
        cycle: neighbour.cycle.as_ref().map(cycle),
    }
}
