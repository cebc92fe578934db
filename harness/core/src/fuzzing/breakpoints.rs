//! Any sequence of edits on the built-in modules, drawn from bytes.
//!
//! Wilder than what generated cases draw: nothing is kept out that the API takes.

use crate::case::{Case, Host, Step, StepAction};
use crate::samples::{SAMPLES, Sample};
use crate::schedule::{Cycle, Edit, Neighbour, Schedule, Session, Site, When};
use crate::subject::Settings;
use arbitrary::{Result, Unstructured};
use lockstep_spec_tests::script::{Action, CommandKind, ModuleSource};
use std::sync::OnceLock;

/// Events of a case at most: the edits are the matter here, not the program.
const EVENTS: u64 = 5_000;

/// The case that these bytes stand for. Any bytes stand for one.
pub fn breakpoints_case(bytes: &[u8]) -> Case {
    let nothing = |_| Case::of_module("breakpoints", Vec::new());
    case(&mut Unstructured::new(bytes)).unwrap_or_else(nothing)
}

fn case(u: &mut Unstructured<'_>) -> Result<Case> {
    let base = u.choose(programs())?;
    let mut case = base.clone();
    let calls = u.int_in_range(1..=3)?;
    case.steps = (0..calls)
        .map(|_| u.choose(&base.steps).cloned())
        .collect::<Result<_>>()?;
    case.max_events = EVENTS;
    let size = case.main_module().len() as u32;
    case.schedule = Schedule {
        sessions: sessions(u, size)?,
        cycle: cycle(u, size)?,
        actions: Vec::new(),
        neighbour: neighbour(u, size)?,
        code_image: false,
        collect: 0,
        dare: None,
        late_modules: u.ratio(1u8, 16u8)?,
    };
    Ok(case)
}

/// The built-in modules as cases, each with every call of its sample.
fn programs() -> &'static [Case] {
    static PROGRAMS: OnceLock<Vec<Case>> = OnceLock::new();
    PROGRAMS.get_or_init(|| SAMPLES.iter().filter_map(program).collect())
}

fn program(sample: &Sample) -> Option<Case> {
    let plan = sample.plan(Settings::default()).ok()?;
    let mut wasm = None;
    let mut steps = Vec::new();
    for command in plan.script.commands {
        match command.kind {
            CommandKind::Module {
                module: ModuleSource::Binary(bytes),
                ..
            } => wasm = Some(bytes),
            CommandKind::Action(Action::Invoke { export, args, .. }) => steps.push(Step {
                module: None,
                action: StepAction::Call {
                    export,
                    args,
                    expect: None,
                },
            }),
            _ => {}
        }
    }
    Some(Case {
        steps,
        host: Host {
            functions: plan.options.imports.host.functions,
            ..Host::default()
        },
        ..Case::of_module(sample.name, wasm?)
    })
}

fn sessions(u: &mut Unstructured<'_>, size: u32) -> Result<Vec<Session>> {
    let count = u.int_in_range(1..=8)?;
    (0..count)
        .map(|_| {
            Ok(Session {
                when: when(u)?,
                edits: edits(u, size)?,
            })
        })
        .collect()
}

fn when(u: &mut Unstructured<'_>) -> Result<When> {
    Ok(match u.int_in_range(0..=7)? {
        0..=2 => When::Start,
        3 => When::Step(u.int_in_range(0..=3)?),
        4 => When::HostCall(u.int_in_range(1..=4)?),
        _ => When::Event(u.int_in_range(1..=200)?),
    })
}

fn edits(u: &mut Unstructured<'_>, size: u32) -> Result<Vec<Edit>> {
    let count = u.int_in_range(0..=6)?;
    (0..count).map(|_| edit(u, size)).collect()
}

fn edit(u: &mut Unstructured<'_>, size: u32) -> Result<Edit> {
    Ok(match u.int_in_range(0..=7)? {
        0 | 1 => Edit::SingleStep(u.arbitrary()?),
        2 => Edit::Clear,
        3..=5 => Edit::Add(site(u, size)?),
        _ => Edit::Remove(site(u, size)?),
    })
}

fn site(u: &mut Unstructured<'_>, size: u32) -> Result<Site> {
    let module = 0;
    Ok(match u.int_in_range(0..=5)? {
        0 => Site::Current,
        1 => Site::All { module },
        2 => Site::Function {
            module,
            nth: u.int_in_range(0..=8)?,
        },
        3 => Site::Pc {
            module,
            // Also a little behind the module.
            pc: u.int_in_range(0..=size + 8)?,
        },
        _ => Site::Opcode {
            module,
            nth: u.arbitrary()?,
        },
    })
}

fn cycle(u: &mut Unstructured<'_>, size: u32) -> Result<Option<Cycle>> {
    if !u.ratio(1u8, 4u8)? {
        return Ok(None);
    }
    let period = u.int_in_range(1..=9)?;
    let count = u.int_in_range(1..=3)?;
    let sessions = (0..count).map(|_| edits(u, size)).collect::<Result<_>>()?;
    Ok(Some(Cycle { period, sessions }))
}

fn neighbour(u: &mut Unstructured<'_>, size: u32) -> Result<Option<Neighbour>> {
    if !u.ratio(1u8, 8u8)? {
        return Ok(None);
    }
    Ok(Some(Neighbour {
        sessions: sessions(u, size)?,
        cycle: cycle(u, size)?,
        thread: u.arbitrary()?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus;
    use rand::{RngCore, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn every_sample_is_a_program() {
        assert_eq!(programs().len(), SAMPLES.len());
        for program in programs() {
            corpus::check(program).unwrap();
            assert!(!program.steps.is_empty(), "{}", program.name);
        }
    }

    #[test]
    fn bytes_make_cases_that_a_file_can_hold() {
        for seed in 0..100 {
            let mut bytes = [0; 1024];
            ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
            let case = breakpoints_case(&bytes);
            let text = corpus::to_text(&case).unwrap();
            let again = corpus::parse(&text, |_| Ok(Vec::new())).unwrap();
            assert_eq!(again.case, case);
        }
    }
}
