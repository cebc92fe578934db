//! Schedules that do less.

use super::module::bodies::halves;
use super::passes::{Change, change};
use crate::case::Case;
use crate::generate::FEATURES;
use crate::schedule::action::Act;
use crate::schedule::{Cycle, Edit, Neighbour, Schedule, Session, Site, When};
use lockstep_oracles::address::Pc;
use lockstep_oracles::module::Module;

/// Sites that stay what they are when modules shrink.
pub(super) fn sites(case: &Case) -> Vec<Change> {
    let modules: Vec<_> = case
        .modules
        .iter()
        .map(|module| Module::new(&module.wasm, FEATURES).ok())
        .collect();
    // Every opcode, numbered as sites number them.
    let pcs: Vec<Vec<Pc>> = modules
        .iter()
        .map(|module| {
            let functions = module.iter().flat_map(|module| module.functions());
            functions
                .flat_map(|function| function.pcs.iter().copied())
                .collect()
        })
        .collect();
    let relative = move |site: Site| match site {
        Site::Pc { module, pc } => {
            let pcs = pcs.get(module as usize)?;
            let nth = pcs.iter().position(|&at| at == Pc(pc))?;
            Some(Site::Opcode {
                module,
                nth: nth as u32,
            })
        }
        _ => None,
    };
    let mut changes = Vec::new();
    if edits(&mut case.schedule.clone())
        .iter()
        .any(|edit| site_of(edit).is_some_and(|site| matches!(site, Site::Pc { .. })))
    {
        changes.push(in_edits(relative));
    }
    changes.push(in_edits(|site| match site {
        Site::Pc { module, .. } | Site::Opcode { module, .. } | Site::Function { module, .. } => {
            Some(Site::All { module })
        }
        Site::Current | Site::All { .. } => None,
    }));
    changes
}

/// The plainest schedules, then one thing less after another.
pub(super) fn changes(case: &Case) -> Vec<Change> {
    let schedule = &case.schedule;
    let mut changes = vec![
        in_schedule(|schedule| becomes(schedule, Schedule::idle())),
        in_schedule(|schedule| becomes(schedule, Schedule::default())),
    ];
    changes.push(in_schedule(|schedule| schedule.neighbour.take().is_some()));
    changes.push(in_schedule(|schedule| schedule.cycle.take().is_some()));
    changes.push(in_schedule(|schedule| {
        std::mem::take(&mut schedule.code_image)
    }));
    changes.push(in_schedule(|schedule| {
        std::mem::take(&mut schedule.collect) > 0
    }));
    changes.push(in_schedule(|schedule| {
        std::mem::take(&mut schedule.late_modules)
    }));
    changes.push(in_schedule(|schedule| {
        let neighbour = schedule.neighbour.as_mut();
        neighbour.is_some_and(|neighbour| neighbour.cycle.take().is_some())
    }));
    changes.push(in_schedule(|schedule| {
        let neighbour = schedule.neighbour.as_mut();
        neighbour.is_some_and(|neighbour| std::mem::take(&mut neighbour.thread))
    }));
    changes.extend(action_changes(&schedule.actions));
    changes.extend(session_changes(&schedule.sessions, |schedule| {
        Some(&mut schedule.sessions)
    }));
    if let Some(cycle) = &schedule.cycle {
        changes.extend(cycle_changes(cycle, |schedule| schedule.cycle.as_mut()));
    }
    if let Some(neighbour) = &schedule.neighbour {
        changes.extend(session_changes(&neighbour.sessions, |schedule| {
            neighbour_of(schedule).map(|neighbour| &mut neighbour.sessions)
        }));
        if let Some(cycle) = &neighbour.cycle {
            changes.extend(cycle_changes(cycle, |schedule| {
                neighbour_of(schedule)?.cycle.as_mut()
            }));
        }
    }
    changes
}

fn neighbour_of(schedule: &mut Schedule) -> Option<&mut Neighbour> {
    schedule.neighbour.as_mut()
}

fn becomes(schedule: &mut Schedule, plain: Schedule) -> bool {
    let differs = *schedule != plain;
    *schedule = plain;
    differs
}

fn in_schedule(with: impl Fn(&mut Schedule) -> bool + 'static) -> Change {
    change(move |case| with(&mut case.schedule))
}

fn session_changes(
    sessions: &[Session],
    get: fn(&mut Schedule) -> Option<&mut Vec<Session>>,
) -> Vec<Change> {
    let mut changes: Vec<Change> = halves(sessions.len())
        .into_iter()
        .map(|range| {
            in_schedule(move |schedule| {
                let sessions = get(schedule);
                sessions.is_some_and(|sessions| removed(sessions, range.clone()))
            })
        })
        .collect();
    for (index, session) in sessions.iter().enumerate() {
        changes.extend(halves(session.edits.len()).into_iter().map(|range| {
            in_schedule(move |schedule| {
                let session = get(schedule).and_then(|sessions| sessions.get_mut(index));
                session.is_some_and(|session| removed(&mut session.edits, range.clone()))
            })
        }));
        changes.extend(earlier(session.when).into_iter().map(|when| {
            in_schedule(move |schedule| {
                let session = get(schedule).and_then(|sessions| sessions.get_mut(index));
                session.is_some_and(|session| {
                    session.when = when;
                    true
                })
            })
        }));
    }
    changes
}

/// Fewer actions, earlier ones, and such that do less.
fn action_changes(actions: &[Act]) -> Vec<Change> {
    let fewer = halves(actions.len()).into_iter();
    let fewer = fewer
        .map(|range| in_schedule(move |schedule| removed(&mut schedule.actions, range.clone())));
    let mut changes: Vec<Change> = fewer.collect();
    for (index, &act) in actions.iter().enumerate() {
        let less = act.action.reduced().into_iter();
        let less = less.map(|action| Act { action, ..act });
        let moments = earlier(act.when)
            .into_iter()
            .filter(|&when| when != When::Start || act.action.is_of_start());
        let sooner = moments.map(|when| Act { when, ..act });
        changes.extend(less.chain(sooner).map(|new| {
            in_schedule(move |schedule| match schedule.actions.get_mut(index) {
                Some(act) => {
                    *act = new;
                    true
                }
                None => false,
            })
        }));
    }
    changes
}

fn cycle_changes(cycle: &Cycle, get: fn(&mut Schedule) -> Option<&mut Cycle>) -> Vec<Change> {
    let mut changes: Vec<Change> = halves(cycle.sessions.len())
        .into_iter()
        .map(|range| {
            in_schedule(move |schedule| {
                let cycle = get(schedule);
                cycle.is_some_and(|cycle| removed(&mut cycle.sessions, range.clone()))
            })
        })
        .collect();
    for (index, edits) in cycle.sessions.iter().enumerate() {
        changes.extend(halves(edits.len()).into_iter().map(|range| {
            in_schedule(move |schedule| {
                let edits = get(schedule).and_then(|cycle| cycle.sessions.get_mut(index));
                edits.is_some_and(|edits| removed(edits, range.clone()))
            })
        }));
    }
    for period in [1, cycle.period / 2] {
        if period > 0 && period < cycle.period {
            changes.push(in_schedule(move |schedule| {
                get(schedule).is_some_and(|cycle| {
                    cycle.period = period;
                    true
                })
            }));
        }
    }
    changes
}

fn removed<T>(list: &mut Vec<T>, range: std::ops::Range<usize>) -> bool {
    if range.end > list.len() {
        return false;
    }
    list.drain(range);
    true
}

/// Moments before this one, the earliest first.
fn earlier(when: When) -> Vec<When> {
    let numbers = |n: u64| {
        let mut smaller = vec![1, n / 2, n - 1];
        smaller.retain(|&number| number > 0 && number < n);
        smaller.dedup();
        smaller
    };
    let moments = match when {
        When::Start => return Vec::new(),
        When::Step(0) => Vec::new(),
        When::Step(n) => vec![When::Step(0), When::Step(n / 2), When::Step(n - 1)],
        When::Event(n) => numbers(n).into_iter().map(When::Event).collect(),
        When::HostCall(n) => numbers(n).into_iter().map(When::HostCall).collect(),
        When::Throw(n) => numbers(n).into_iter().map(When::Throw).collect(),
        When::Trap(n) => numbers(n).into_iter().map(When::Trap).collect(),
        When::HostError(n) => numbers(n).into_iter().map(When::HostError).collect(),
        When::EpochYield(n) => numbers(n).into_iter().map(When::EpochYield).collect(),
    };
    std::iter::once(When::Start).chain(moments).collect()
}

/// Every edit of a schedule.
fn edits(schedule: &mut Schedule) -> Vec<&mut Edit> {
    let (sessions, cycles) = match &mut schedule.neighbour {
        Some(neighbour) => (neighbour.sessions.as_mut_slice(), neighbour.cycle.as_mut()),
        None => (Default::default(), None),
    };
    let sessions = schedule.sessions.iter_mut().chain(sessions);
    let of_sessions = sessions.flat_map(|session| &mut session.edits);
    let cycles = schedule.cycle.as_mut().into_iter().chain(cycles);
    let of_cycles = cycles.flat_map(|cycle| cycle.sessions.iter_mut().flatten());
    of_sessions.chain(of_cycles).collect()
}

fn site_of(edit: &Edit) -> Option<Site> {
    match edit {
        Edit::Add(site) | Edit::Remove(site) => Some(*site),
        Edit::SingleStep(_) | Edit::Clear => None,
    }
}

/// Gives every site the one that `new` says, where it says one.
fn in_edits(new: impl Fn(Site) -> Option<Site> + 'static) -> Change {
    in_schedule(move |schedule| {
        let mut changed = false;
        for edit in edits(schedule) {
            if let Edit::Add(site) | Edit::Remove(site) = edit
                && let Some(new) = new(*site)
            {
                *site = new;
                changed = true;
            }
        }
        changed
    })
}

/// A schedule for a case that has this module no more: edits of it go.
pub(super) fn without_module(schedule: &mut Schedule, gone: u32) {
    let keep = |edit: &mut Edit| {
        let (Edit::Add(site) | Edit::Remove(site)) = edit else {
            return true;
        };
        match site {
            Site::Current => true,
            Site::Opcode { module, .. }
            | Site::Pc { module, .. }
            | Site::Function { module, .. }
            | Site::All { module } => {
                let stays = *module != gone;
                *module -= u32::from(*module > gone);
                stays
            }
        }
    };
    let in_sessions = |sessions: &mut Vec<Session>| {
        sessions
            .iter_mut()
            .for_each(|session| session.edits.retain_mut(keep));
    };
    let in_cycle = |cycle: &mut Option<Cycle>| {
        let sessions = cycle.iter_mut().flat_map(|cycle| &mut cycle.sessions);
        sessions.for_each(|edits| edits.retain_mut(keep));
    };
    in_sessions(&mut schedule.sessions);
    in_cycle(&mut schedule.cycle);
    if let Some(neighbour) = &mut schedule.neighbour {
        in_sessions(&mut neighbour.sessions);
        in_cycle(&mut neighbour.cycle);
    }
}
