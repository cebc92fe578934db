//! How large a case is: what reduction makes less.

use super::arguments::magnitude;
use super::module::{Draft, Op};
use crate::case::{Case, Host, StepAction, Stub, StubCall};
use crate::lockstep::policy::FramePolicy;
use crate::schedule::action::Act;
use crate::schedule::{Cycle, Edit, Neighbour, Schedule, Session, Site, When};
use crate::wasi::{Entry, World};
use wasmparser::Operator;

/// The size of a case. Fewer bytes of modules are smaller; among equals, less of the rest is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size {
    /// Bytes of all modules.
    pub module_bytes: usize,
    /// Instructions, steps, edits and settings, each with a weight.
    pub weight: u64,
    /// Steps.
    pub steps: usize,
    /// Edits of the schedule.
    pub edits: usize,
}

impl Size {
    /// The size of a case.
    pub fn of(case: &Case) -> Size {
        let bytes = case.modules.iter().map(|module| module.wasm.len());
        let code: u64 = case.modules.iter().map(|module| code(&module.wasm)).sum();
        let names = case.modules.iter().map(|module| 64 + module.name.len());
        let steps: u64 = case.steps.iter().map(|step| action(&step.action)).sum();
        let settings = 8 * case.configuration.settings().len() as u64;
        let frames = u64::from(case.frames != FramePolicy::Sampled);
        Size {
            module_bytes: bytes.sum(),
            weight: code
                + names.sum::<usize>() as u64
                + steps
                + 64 * case.checks.len() as u64
                + host(&case.host)
                + schedule(&case.schedule)
                + settings
                + frames
                + bits(case.max_events),
            steps: case.steps.len(),
            edits: edits(&case.schedule),
        }
    }
}

/// Bits that a number needs.
fn bits(number: u64) -> u64 {
    u64::from(64 - number.leading_zeros())
}

fn code(wasm: &[u8]) -> u64 {
    let Some(draft) = Draft::read(wasm) else {
        return 0;
    };
    draft.code().map(instruction).sum()
}

/// What makes the rest removable is lighter: a `drop` than what computes, zero than a number.
fn instruction(op: &Op<'_>) -> u64 {
    match op {
        Op::Plain(Operator::Drop | Operator::End) => 1,
        Op::Plain(Operator::I32Const { value }) => 2 + bits(u64::from(value.unsigned_abs())),
        Op::Plain(Operator::I64Const { value }) => 2 + bits(value.unsigned_abs()),
        Op::Plain(Operator::RefNull { .. } | Operator::Unreachable) => 2,
        Op::Plain(Operator::LocalGet { local_index }) => 80 + bits(u64::from(*local_index)),
        _ => 100,
    }
}

fn action(action: &StepAction) -> u64 {
    let of_action = match action {
        StepAction::Call {
            export,
            args,
            expect,
        } => {
            let args: u64 = args.iter().map(|&arg| 4 + magnitude(arg)).sum();
            args + export.len() as u64 + 4 * u64::from(expect.is_some())
        }
        StepAction::Invoke { export, args } => (export.len() + args.len()) as u64,
        StepAction::Write {
            memory,
            offset,
            bytes,
        } => memory.len() as u64 + bits(*offset) + 2 * bytes.len() as u64,
        StepAction::Set { global, value } => global.len() as u64 + magnitude(*value),
    };
    1000 + of_action
}

/// What a host function does in one call.
fn calls(call: &StubCall) -> u64 {
    let writes = call
        .writes
        .iter()
        .map(|write| 16 + write.bytes.len() as u64);
    let returns = call.returns.iter().flatten().map(|&arg| magnitude(arg));
    16 + writes.sum::<u64>() + returns.sum::<u64>()
}

/// What a program for WASI finds.
fn world(world: &World) -> u64 {
    let texts = world.args.iter().chain(&world.env);
    let texts: usize = texts.map(|text| 16 + text.len()).sum();
    let directories = world.directories.iter();
    let entries = directories
        .clone()
        .flat_map(|directory| directory.entries.iter());
    let entries = entries.map(|(path, entry)| match entry {
        Entry::File(bytes) => 16 + path.len() + bytes.len(),
        Entry::Directory => 16 + path.len(),
    });
    let files: usize = entries.sum();
    (16 + texts + world.stdin.len() + files + 16 * directories.count()) as u64
}

fn host(host: &Host) -> u64 {
    let functions = host.functions.values().map(|stub| match stub {
        Stub::Seeded | Stub::Fail | Stub::Trap | Stub::WrappedTrap => 16,
        Stub::Constant(values) => 16 + values.iter().map(|&v| magnitude(v)).sum::<u64>(),
        Stub::Calls(calls) => 16 + calls.iter().map(self::calls).sum::<u64>(),
        Stub::Call(export) | Stub::Through(export) | Stub::Relay(export) | Stub::Throw(export) => {
            17 + export.len() as u64
        }
    });
    let memories = host.memories.values().map(|memory| {
        let data: usize = memory.data.values().map(|bytes| 4 + bytes.len()).sum();
        16 + bits(memory.pages) + u64::from(memory.maximum.is_some()) + data as u64
    });
    let tables = host.tables.values();
    let tables = tables.map(|table| 16 + bits(table.elements) + u64::from(table.maximum.is_some()));
    let globals = host.globals.values().map(|&value| 16 + magnitude(value));
    bits(host.seed)
        + host.wasi.as_ref().map_or(0, world)
        + functions.sum::<u64>()
        + memories.sum::<u64>()
        + tables.sum::<u64>()
        + globals.sum::<u64>()
}

fn schedule(schedule: &Schedule) -> u64 {
    sessions(&schedule.sessions)
        + schedule.cycle.as_ref().map_or(0, cycle)
        + schedule.neighbour.as_ref().map_or(0, neighbour)
        + actions(&schedule.actions)
        + 8 * u64::from(schedule.code_image)
        + 8 * u64::from(schedule.collect > 0)
}

fn neighbour(neighbour: &Neighbour) -> u64 {
    let cycle = neighbour.cycle.as_ref().map_or(0, cycle);
    200 + sessions(&neighbour.sessions) + cycle + 8 * u64::from(neighbour.thread)
}

fn cycle(cycle: &Cycle) -> u64 {
    let sessions = cycle.sessions.iter().map(|edits| 16 + edit_list(edits));
    32 + bits(cycle.period) + sessions.sum::<u64>()
}

fn sessions(sessions: &[Session]) -> u64 {
    let sessions = sessions
        .iter()
        .map(|session| 16 + moment(session.when) + edit_list(&session.edits));
    sessions.sum()
}

fn moment(when: When) -> u64 {
    match when {
        When::Start => 0,
        When::Step(n) => 4 + bits(u64::from(n)),
        When::Event(n)
        | When::HostCall(n)
        | When::Throw(n)
        | When::Trap(n)
        | When::HostError(n)
        | When::EpochYield(n) => 4 + bits(n),
    }
}

/// What an action's text is made of: each number by its bits.
fn actions(actions: &[Act]) -> u64 {
    let sizes = actions.iter().map(|act| {
        let text = act.action.text();
        let words = text.split([' ', ':']);
        let numbers = words.map(|word| match word.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16),
            None => word.parse(),
        });
        64 + moment(act.when) + numbers.flatten().map(bits).sum::<u64>()
    });
    sizes.sum()
}

fn edit_list(edits: &[Edit]) -> u64 {
    let edits = edits.iter().map(|edit| match edit {
        Edit::SingleStep(_) | Edit::Clear => 16,
        Edit::Add(site) | Edit::Remove(site) => 16 + place(site),
    });
    edits.sum()
}

fn place(site: &Site) -> u64 {
    match *site {
        Site::Current => 1,
        Site::All { module } => 2 + bits(u64::from(module)),
        Site::Function { module, nth } => 8 + bits(u64::from(module)) + bits(u64::from(nth)),
        Site::Opcode { module, nth } => 16 + bits(u64::from(module)) + bits(u64::from(nth)),
        Site::Pc { module, pc } => 100 + bits(u64::from(module)) + bits(u64::from(pc)),
    }
}

fn edits(schedule: &Schedule) -> usize {
    let of_sessions = |sessions: &[Session]| -> usize {
        sessions.iter().map(|session| session.edits.len()).sum()
    };
    let of_cycle = |cycle: &Option<Cycle>| -> usize {
        let sessions = cycle.iter().flat_map(|cycle| &cycle.sessions);
        sessions.map(Vec::len).sum()
    };
    let neighbour = schedule.neighbour.as_ref();
    of_sessions(&schedule.sessions)
        + of_cycle(&schedule.cycle)
        + neighbour.map_or(0, |n| of_sessions(&n.sessions) + of_cycle(&n.cycle))
}
