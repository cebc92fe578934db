//! Draws schedules: what the debugger does with a case's modules, and when.
//!
//! Events come only where something is set, so every schedule that waits for one sets something at
//! the start.

use super::Linked;
use super::actions::other_event;
use super::weights::{Row, below, between, chance, pick};
use crate::schedule::{Cycle, Edit, Neighbour, Schedule, Session, Site, When};
use arbitrary::{Result, Unstructured};

/// Sessions after the start at most.
const SESSIONS: u32 = 6;
/// Edits of a session at most.
const EDITS: u32 = 6;
/// The longest period of a cycle.
const PERIOD: u32 = 7;
/// The last event of the case at which a session comes.
const EVENTS: u32 = 400;
/// The last host call of the case at which a session comes.
const HOST_CALLS: u32 = 8;

/// What a schedule is drawn for.
pub(super) struct Scene<'a> {
    /// The case's modules: name, binary, and what the binary says.
    pub(super) modules: &'a [Linked],
    /// How many steps the case has.
    pub(super) steps: u32,
}

type Draw = fn(&mut Unstructured<'_>, &Scene<'_>) -> Result<Schedule>;

/// At every how many events garbage is collected.
const COLLECT: [u64; 4] = [1, 1, 5, 50];

/// The kinds of schedule.
static KINDS: &[Row<Draw>] = &[
    Row {
        name: "single-step",
        weight: 35,
        what: |_, _| Ok(Schedule::default()),
    },
    Row {
        name: "windows",
        weight: 14,
        what: windows,
    },
    Row {
        name: "breakpoints",
        weight: 16,
        what: breakpoints,
    },
    Row {
        name: "odd",
        weight: 8,
        what: odd,
    },
    Row {
        name: "current",
        weight: 8,
        what: current,
    },
    Row {
        name: "empty",
        weight: 3,
        what: empty,
    },
    Row {
        name: "cycle",
        weight: 16,
        what: cycle,
    },
];

/// Draws a schedule.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn schedule(u: &mut Unstructured<'_>, scene: &Scene<'_>) -> Result<Schedule> {
    let mut schedule = (pick(u, KINDS)?.what)(u, scene)?;
    if chance(u, 1, 20)? {
        let other = (pick(u, KINDS)?.what)(u, scene)?;
        schedule.neighbour = Some(Neighbour {
            sessions: other.sessions,
            cycle: other.cycle,
            thread: chance(u, 1, 2)?,
        });
    }
    // A neighbour's code belongs to the same process, and changes with its own edits.
    schedule.code_image = chance(u, 1, 20)? && schedule.neighbour.is_none();
    if chance(u, if schedule.code_image { 8 } else { 1 }, 16)? {
        attach(&mut schedule);
    }
    if chance(u, 1, 4)? {
        schedule.collect = *u.choose(&COLLECT)?;
    }
    schedule.late_modules = chance(u, 1, 16)?;
    Ok(schedule)
}

/// Has garbage collected, mostly at every event or every few.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn collect_often(u: &mut Unstructured<'_>, schedule: &mut Schedule) -> Result<()> {
    if schedule.collect == 0 && chance(u, 3, 4)? {
        schedule.collect = *u.choose(&COLLECT)?;
    }
    Ok(())
}

/// The debugger comes to modules that are there: code that was published without an edit is then edited.
fn attach(schedule: &mut Schedule) {
    for session in &mut schedule.sessions {
        if session.when == When::Start {
            session.when = When::Step(0);
        }
    }
}

fn of_sessions(sessions: Vec<Session>) -> Schedule {
    Schedule {
        sessions,
        ..Schedule::idle()
    }
}

fn session(when: When, edits: Vec<Edit>) -> Session {
    Session { when, edits }
}

/// Single-step switched on and off: in the middle of functions, in host functions, between calls.
fn windows(u: &mut Unstructured<'_>, scene: &Scene<'_>) -> Result<Schedule> {
    let mut on = chance(u, 2, 3)?;
    let mut start = vec![Edit::SingleStep(on)];
    if !on || chance(u, 1, 3)? {
        start.push(Edit::Add(lasting(u, scene)?));
    }
    if let Some([site, _]) = shared_pc(u, scene)? {
        // Of two modules with code at a PC one has a breakpoint there.
        start.push(Edit::Add(site));
    }
    let mut sessions = vec![session(When::Start, start)];
    let mut event = 0;
    for _ in 0..between(u, 1, SESSIONS)? {
        on = !on;
        let when = match below(u, 4)? {
            0 | 1 => {
                event += u64::from(between(u, 1, EVENTS / 4)?);
                When::Event(event)
            }
            2 => When::HostCall(between(u, 1, HOST_CALLS / 2)?.into()),
            _ => between_calls(u, scene)?,
        };
        sessions.push(session(when, vec![Edit::SingleStep(on)]));
    }
    Ok(of_sessions(sessions))
}

/// Breakpoints added at the start, at once or one by one; then some come and go.
fn breakpoints(u: &mut Unstructured<'_>, scene: &Scene<'_>) -> Result<Schedule> {
    let mut sites = vec![lasting(u, scene)?];
    for _ in 0..below(u, EDITS)? {
        sites.push(site(u, scene)?);
    }
    sites.extend(shared_pc(u, scene)?.into_iter().flatten());
    let mut sessions = at_start(u, sites.iter().map(|&site| Edit::Add(site)).collect())?;
    for _ in 0..below(u, SESSIONS)? {
        let when = moment(u, scene)?;
        let mut edits = Vec::new();
        for _ in 0..between(u, 1, EDITS)? {
            let known = sites[below(u, sites.len() as u32)? as usize];
            edits.push(match below(u, 4)? {
                0 => Edit::Remove(known),
                1 => Edit::Add(known),
                2 => Edit::Add(site(u, scene)?),
                _ => Edit::Remove(site(u, scene)?),
            });
        }
        sessions.push(session(when, edits));
    }
    Ok(of_sessions(sessions))
}

/// What a debugger should not do, but may: the same twice, what is not there, where no opcode is; also
/// while stepping.
fn odd(u: &mut Unstructured<'_>, scene: &Scene<'_>) -> Result<Schedule> {
    let base = lasting(u, scene)?;
    let mut start = vec![Edit::Add(base)];
    if chance(u, 1, 3)? {
        start.push(Edit::SingleStep(true));
    }
    let mut sessions = at_start(u, start)?;
    for number in 0..between(u, 1, SESSIONS)? {
        let when = if number == 0 {
            When::Start
        } else {
            moment(u, scene)?
        };
        let place = site(u, scene)?;
        let raw = raw_pc(u, scene)?;
        sessions.push(session(
            when,
            match below(u, 12)? {
                0 => vec![Edit::Add(place), Edit::Add(place)],
                1 => vec![Edit::Remove(place), Edit::Remove(place)],
                2 => vec![Edit::Add(raw)],
                3 => vec![Edit::Add(raw), Edit::Remove(raw), Edit::Remove(raw)],
                4 => vec![Edit::Clear, Edit::Add(place)],
                5 => vec![Edit::Clear],
                6 => vec![Edit::Add(place), Edit::Add(place), Edit::Remove(place)],
                7 => vec![Edit::Add(raw), Edit::Add(raw), Edit::Remove(raw)],
                8 => vec![Edit::Remove(base)],
                9 => vec![Edit::Remove(raw), Edit::SingleStep(true), Edit::Add(raw)],
                10 => vec![Edit::SingleStep(false), Edit::Remove(base)],
                _ => vec![Edit::SingleStep(true), Edit::Add(base), Edit::Remove(place)],
            },
        ));
    }
    Ok(of_sessions(sessions))
}

/// The breakpoint that control is at is removed, or added, and what is set changes under it.
fn current(u: &mut Unstructured<'_>, scene: &Scene<'_>) -> Result<Schedule> {
    let single_step = chance(u, 1, 2)?;
    let start = if single_step {
        Edit::SingleStep(true)
    } else {
        Edit::Add(lasting(u, scene)?)
    };
    let mut sessions = vec![session(When::Start, vec![start])];
    let mut event = 0;
    for _ in 0..between(u, 1, SESSIONS)? {
        event += u64::from(between(u, 1, EVENTS / 8)?);
        let edits = match below(u, 5)? {
            0 => vec![Edit::Remove(Site::Current)],
            1 => vec![Edit::Add(Site::Current)],
            2 => vec![Edit::Add(Site::Current), Edit::Remove(Site::Current)],
            3 => vec![Edit::Add(Site::Current), Edit::SingleStep(!single_step)],
            _ => vec![Edit::Remove(Site::Current), Edit::Add(site(u, scene)?)],
        };
        let when = if chance(u, 1, 8)? {
            between_calls(u, scene)?
        } else {
            When::Event(event)
        };
        sessions.push(session(when, edits));
    }
    Ok(of_sessions(sessions))
}

/// Sessions that change nothing.
fn empty(u: &mut Unstructured<'_>, scene: &Scene<'_>) -> Result<Schedule> {
    let start = if chance(u, 1, 2)? {
        Edit::SingleStep(true)
    } else {
        Edit::Add(lasting(u, scene)?)
    };
    let mut sessions = vec![
        session(When::Start, Vec::new()),
        session(When::Start, vec![start]),
    ];
    for _ in 0..between(u, 1, SESSIONS)? {
        sessions.push(session(moment(u, scene)?, Vec::new()));
    }
    Ok(of_sessions(sessions))
}

/// Edits that alternate at events for the whole run.
fn cycle(u: &mut Unstructured<'_>, scene: &Scene<'_>) -> Result<Schedule> {
    let base = lasting(u, scene)?;
    let other = site(u, scene)?;
    let mut start = vec![Edit::Add(base)];
    let sessions = match below(u, 6)? {
        0 => vec![vec![Edit::SingleStep(true)], vec![Edit::SingleStep(false)]],
        1 => vec![
            vec![Edit::Add(Site::Current), Edit::SingleStep(true)],
            vec![Edit::Remove(Site::Current)],
        ],
        2 => {
            start = vec![Edit::SingleStep(true)];
            vec![vec![Edit::Add(other)], vec![Edit::Remove(other)]]
        }
        3 => {
            start = vec![Edit::SingleStep(true)];
            vec![
                vec![Edit::SingleStep(false), Edit::Add(base)],
                vec![Edit::SingleStep(true), Edit::Clear],
            ]
        }
        4 => vec![
            vec![Edit::Add(other)],
            Vec::new(),
            vec![Edit::Remove(other), Edit::Remove(other)],
        ],
        _ => {
            start.push(Edit::SingleStep(chance(u, 1, 2)?));
            (0..between(u, 1, 4)?)
                .map(|_| edits(u, scene))
                .collect::<Result<_>>()?
        }
    };
    Ok(Schedule {
        cycle: Some(Cycle {
            period: between(u, 1, PERIOD)?.into(),
            sessions,
        }),
        ..of_sessions(vec![session(When::Start, start)])
    })
}

fn edits(u: &mut Unstructured<'_>, scene: &Scene<'_>) -> Result<Vec<Edit>> {
    (0..below(u, EDITS)?)
        .map(|_| {
            Ok(match below(u, 8)? {
                0..=2 => Edit::Add(site(u, scene)?),
                3..=4 => Edit::Remove(site(u, scene)?),
                5 => Edit::Add(Site::Current),
                6 => Edit::Remove(Site::Current),
                _ => Edit::SingleStep(chance(u, 1, 2)?),
            })
        })
        .collect()
}

/// Edits at the start: together, or a session each.
fn at_start(u: &mut Unstructured<'_>, edits: Vec<Edit>) -> Result<Vec<Session>> {
    if chance(u, 1, 2)? {
        return Ok(vec![session(When::Start, edits)]);
    }
    let singly = edits.into_iter().map(|edit| vec![edit]);
    Ok(singly.map(|edits| session(When::Start, edits)).collect())
}

/// Any moment after the start.
fn moment(u: &mut Unstructured<'_>, scene: &Scene<'_>) -> Result<When> {
    Ok(match below(u, 5)? {
        0 | 1 => When::Event(between(u, 1, EVENTS)?.into()),
        2 | 3 => between_calls(u, scene)?,
        _ => other_event(u)?,
    })
}

/// A moment at which no opcode is about to run: between steps, or in a host function.
fn between_calls(u: &mut Unstructured<'_>, scene: &Scene<'_>) -> Result<When> {
    Ok(match below(u, 2)? {
        0 => When::Step(between(u, 0, scene.steps)?),
        _ => When::HostCall(between(u, 1, HOST_CALLS)?.into()),
    })
}

/// A site that control is likely to come by more than once: functions of the main module.
fn lasting(u: &mut Unstructured<'_>, scene: &Scene<'_>) -> Result<Site> {
    let module = scene.modules.len().saturating_sub(1) as u32;
    let functions = functions(scene, module);
    if functions == 0 || chance(u, 1, 3)? {
        return Ok(Site::All { module });
    }
    Ok(Site::Function {
        module,
        nth: below(u, functions)?,
    })
}

/// Any site of any module.
fn site(u: &mut Unstructured<'_>, scene: &Scene<'_>) -> Result<Site> {
    let module = module(u, scene)?;
    Ok(match below(u, 12)? {
        0..=6 => Site::Opcode {
            module,
            nth: below(u, opcodes(scene, module).max(1))?,
        },
        7..=8 => Site::Function {
            module,
            nth: below(u, functions(scene, module).max(1))?,
        },
        9 => Site::All { module },
        10 => Site::Current,
        _ => raw_pc(u, scene)?,
    })
}

/// The same PC in two modules, where there are two; in one of them it is that of an opcode.
fn shared_pc(u: &mut Unstructured<'_>, scene: &Scene<'_>) -> Result<Option<[Site; 2]>> {
    let count = scene.modules.len() as u32;
    if count < 2 || !chance(u, 1, 2)? {
        return Ok(None);
    }
    let module = below(u, count)?;
    let other = (module + 1 + below(u, count - 1)?) % count;
    let functions = scene.modules[module as usize].2.functions();
    let pcs: Vec<u32> = functions
        .iter()
        .flat_map(|function| function.pcs.iter().map(|pc| pc.0))
        .collect();
    if pcs.is_empty() {
        return Ok(None);
    }
    let pc = pcs[below(u, pcs.len() as u32)? as usize];
    Ok(Some([module, other].map(|module| Site::Pc { module, pc })))
}

/// Any PC of a module's binary; few are those of an opcode.
fn raw_pc(u: &mut Unstructured<'_>, scene: &Scene<'_>) -> Result<Site> {
    let module = module(u, scene)?;
    let length = scene
        .modules
        .get(module as usize)
        .map_or(0, |(_, wasm, _)| wasm.len());
    Ok(Site::Pc {
        module,
        pc: below(u, length as u32)?,
    })
}

/// Mostly the main module, the last.
fn module(u: &mut Unstructured<'_>, scene: &Scene<'_>) -> Result<u32> {
    let count = scene.modules.len() as u32;
    let back = if chance(u, 1, 4)? {
        below(u, count)?
    } else {
        0
    };
    Ok(count.saturating_sub(1 + back))
}

fn functions(scene: &Scene<'_>, module: u32) -> u32 {
    let module = scene.modules.get(module as usize);
    module.map_or(0, |(_, _, module)| module.functions().len() as u32)
}

fn opcodes(scene: &Scene<'_>, module: u32) -> u32 {
    let module = scene.modules.get(module as usize);
    module.map_or(0, |(_, _, module)| {
        let functions = module.functions().iter();
        functions.map(|function| function.pcs.len() as u32).sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;
    use crate::generate::seed::bytes;
    use lockstep_oracles::module::Module;
    use std::collections::BTreeSet;

    const TEXT: &str = r#"(module (func (export "f") nop nop) (func (export "g") nop))"#;

    fn with_scene<R>(f: impl Fn(&Scene<'_>) -> R) -> R {
        let wasm = wat::parse_str(TEXT).unwrap();
        let module = Module::new(&wasm, check::FEATURES).unwrap();
        let linked = ("a".to_owned(), wasm.into(), module);
        let modules = [linked.clone(), linked];
        f(&Scene {
            modules: &modules,
            steps: 5,
        })
    }

    fn sessions(schedule: &Schedule) -> impl Iterator<Item = (Option<When>, &[Edit])> {
        let own = schedule.sessions.iter();
        let cycle = schedule.cycle.iter().flat_map(|cycle| &cycle.sessions);
        own.map(|session| (Some(session.when), session.edits.as_slice()))
            .chain(cycle.map(|edits| (None, edits.as_slice())))
    }

    #[test]
    fn every_kind_sets_something_at_the_start() {
        with_scene(|scene| {
            for row in KINDS {
                for number in 0..200 {
                    let schedule =
                        (row.what)(&mut Unstructured::new(&bytes(4, number)), scene).unwrap();
                    let sets = |edit: &Edit| matches!(edit, Edit::Add(_) | Edit::SingleStep(true));
                    let starts = schedule.sessions.iter().filter(|s| s.when == When::Start);
                    let set = starts.flat_map(|s| &s.edits).any(sets);
                    assert!(set, "{}: {schedule:?}", row.name);
                }
            }
        });
    }

    /// Its variants, without what they hold.
    fn words(value: &dyn std::fmt::Debug) -> String {
        let text = format!("{value:?}").replace('(', " ");
        let words = text.split(' ').take(2);
        let words = words.filter(|word| word.starts_with(char::is_alphabetic));
        let words: Vec<&str> = words.map(|word| word.trim_end_matches(')')).collect();
        words.join(" ")
    }

    #[test]
    fn every_sort_of_moment_edit_and_site_occurs() {
        let mut seen = BTreeSet::new();
        for number in 0..1000 {
            let bytes = bytes(4, number);
            let schedule = with_scene(|scene| schedule(&mut Unstructured::new(&bytes), scene));
            let schedule = schedule.unwrap();
            assert!(!schedule.code_image || schedule.neighbour.is_none());
            seen.extend(schedule.code_image.then_some("code image".to_owned()));
            seen.extend((schedule.collect > 0).then_some("collections".to_owned()));
            seen.extend(schedule.late_modules.then_some("late modules".to_owned()));
            if let Some(neighbour) = &schedule.neighbour {
                seen.insert(format!("neighbour, thread {}", neighbour.thread));
            }
            if let Some(cycle) = &schedule.cycle {
                seen.insert(format!("period {}", cycle.period));
            }
            for (when, edits) in sessions(&schedule) {
                seen.extend(when.map(|when| words(&when)));
                seen.extend(edits.is_empty().then_some("no edit".to_owned()));
                seen.extend(edits.iter().map(|edit| words(edit)));
            }
        }
        let seen: Vec<String> = seen.into_iter().collect();
        insta::assert_snapshot!(seen.join("\n"), @r"
        Add All
        Add Current
        Add Function
        Add Opcode
        Add Pc
        Clear
        EpochYield
        Event
        HostCall
        HostError
        Remove All
        Remove Current
        Remove Function
        Remove Opcode
        Remove Pc
        SingleStep false
        SingleStep true
        Start
        Step
        Throw
        Trap
        code image
        collections
        late modules
        neighbour, thread false
        neighbour, thread true
        no edit
        period 1
        period 2
        period 3
        period 4
        period 5
        period 6
        period 7
        ");
    }

    #[test]
    fn used_up_data_gives_single_step() {
        let drawn = with_scene(|scene| schedule(&mut Unstructured::new(&[]), scene).unwrap());
        assert_eq!(drawn, Schedule::default());
    }
}
