//! Faults of edits. Where an edit is lost or changed, the store still says what was asked for: the
//! fault must be seen in the events.

use super::deliveries::{events, lost};
use crate::layer::{Fault, Hook};
use crate::past::Now;
use lockstep::configuration::Fuel;
use lockstep::schedule::EngineEdit;

/// The store says what was asked for.
const AS_ASKED: Hook = Hook::EditState(|past, single_step, listed| {
    *single_step = past.asked.single_step;
    *listed = past.asked.listed.keys().copied().collect();
});

/// Only such cases look at the process's code.
const IMAGED: Hook = Hook::Needs(|case| case.schedule.code_image);

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "stale-breakpoint",
        wrong: "removing a breakpoint has no effect",
        hooks: &[
            Hook::Edit(|_, edit| match edit {
                EngineEdit::Remove { .. } => None,
                other => Some(other),
            }),
            AS_ASKED,
        ],
    },
    Fault {
        name: "stale-current",
        wrong: "removing the breakpoint that control is at has no effect",
        hooks: &[
            Hook::Edit(|past, edit| match edit {
                EngineEdit::Remove { module, pc } if past.at == Some((module, pc)) => None,
                other => Some(other),
            }),
            AS_ASKED,
        ],
    },
    Fault {
        name: "adds-counted",
        wrong: "a breakpoint that was added twice is not removed by one removal",
        hooks: &[
            Hook::Edit(|past, edit| match edit {
                EngineEdit::Remove { module, pc }
                    if past.asked.listed.get(&(module, pc)) > Some(&1) =>
                {
                    None
                }
                other => Some(other),
            }),
            AS_ASKED,
        ],
    },
    Fault {
        name: "step-survives",
        wrong: "turning single-step off has no effect",
        hooks: &[
            Hook::Edit(|_, edit| (edit != EngineEdit::SingleStep(false)).then_some(edit)),
            AS_ASKED,
        ],
    },
    Fault {
        name: "step-not-begun",
        wrong: "turning single-step on has no effect after the first event",
        hooks: &[
            Hook::Edit(|past, edit| {
                let lost = past.events > 0 && edit == EngineEdit::SingleStep(true);
                (!lost).then_some(edit)
            }),
            AS_ASKED,
        ],
    },
    Fault {
        name: "add-third",
        wrong: "adding a breakpoint has no effect at a PC that is a multiple of three",
        hooks: &[
            Hook::Edit(|_, edit| match edit {
                EngineEdit::Add { pc, .. } if pc.is_multiple_of(3) => None,
                other => Some(other),
            }),
            AS_ASKED,
        ],
    },
    Fault {
        name: "edit-late",
        wrong: "after the first event, an edit takes effect when the next one is made",
        hooks: &[
            Hook::Edit(|past, edit| match past.events {
                0 => Some(edit),
                _ => past.asked.held.replace(edit),
            }),
            AS_ASKED,
        ],
    },
    Fault {
        name: "off-takes-breakpoints",
        wrong: "turning single-step off makes breakpoints silent that were added before",
        hooks: &[events(|past, _| {
            lost(!past.asked.single_step && past.is_at(&past.asked.listed_at_off))
        })],
    },
    Fault {
        name: "remove-takes-step",
        wrong: "removing a breakpoint while single-step is on makes its PC silent",
        hooks: &[events(|past, _| {
            lost(past.is_at(&past.asked.removed_in_step))
        })],
    },
    Fault {
        name: "list-forgets",
        wrong: "the list of breakpoints lacks the last one",
        hooks: &[Hook::EditState(|_, _, listed| {
            listed.pop();
        })],
    },
    Fault {
        name: "list-keeps",
        wrong: "the list of breakpoints still has one that was removed",
        hooks: &[Hook::EditState(|past, _, listed| {
            listed.extend(past.asked.removed.first());
            listed.sort_unstable();
        })],
    },
    Fault {
        name: "step-state-stale",
        wrong: "after single-step is turned off it is still said to be on",
        hooks: &[Hook::EditState(|past, single_step, _| {
            *single_step |= past.asked.last == Some(EngineEdit::SingleStep(false));
        })],
    },
    Fault {
        name: "add-refused",
        wrong: "adding a breakpoint at a PC that is no opcode fails",
        hooks: &[Hook::Edited(|past, answer| match past.asked.last {
            Some(EngineEdit::Add { module, pc }) if !past.is_opcode((module, pc)) => {
                Err("no opcode is there".to_owned())
            }
            _ => answer,
        })],
    },
    Fault {
        name: "code-image",
        wrong: "the code is not as before once a breakpoint was removed",
        hooks: &[
            IMAGED,
            Hook::CodeImage(|past, mappings| {
                if !past.asked.removed.is_empty()
                    && let Some(Some(first)) = mappings.first_mut()
                {
                    first.digest[0] ^= 1;
                }
            }),
        ],
    },
    Fault {
        name: "writable-code",
        wrong: "an edit made while the guest runs leaves code both writable and executable",
        hooks: &[
            IMAGED,
            Hook::WritableCode(|past, mappings| {
                *mappings += usize::from(past.events > 0 && past.call.edits > 0);
            }),
        ],
    },
    Fault {
        name: "image-left-writable",
        wrong: "an edit made while the guest runs leaves the part of an image behind its code writable",
        hooks: &[
            IMAGED,
            Hook::Permissions(|past, permissions| {
                if past.events > 0
                    && let Some(last) = permissions.iter_mut().filter_map(|p| p.last_mut()).next()
                {
                    last.permissions = "rw-p".to_owned();
                }
            }),
        ],
    },
    Fault {
        name: "fuel-of-breakpoints",
        wrong: "each edit uses a unit of fuel",
        hooks: &[
            Hook::Needs(|case| case.configuration.fuel != Fuel::Off),
            Hook::Fuel(|past, left| {
                if past.asked.last.is_some() {
                    *left = left.map(|left| left.saturating_sub(1));
                }
            }),
        ],
    },
    Fault {
        name: "leak",
        wrong: "adding a breakpoint turns single-step on if a neighbouring store has it on",
        hooks: &[
            Hook::Needs(|case| case.schedule.neighbour.is_some()),
            Hook::Edit(|past, edit| match edit {
                EngineEdit::Add { .. } if past.neighbour_steps => {
                    Some(EngineEdit::SingleStep(true))
                }
                other => Some(other),
            }),
            AS_ASKED,
        ],
    },
    Fault {
        name: "add-next",
        wrong: "adding a breakpoint sets it at the opcode behind the one that was asked for",
        hooks: &[
            Hook::Edit(|past, edit| match edit {
                EngineEdit::Add { module, pc } => {
                    let pc = past.opcode_behind((module, pc)).unwrap_or(pc);
                    Some(EngineEdit::Add { module, pc })
                }
                other => Some(other),
            }),
            AS_ASKED,
        ],
    },
    Fault {
        name: "add-first-module",
        wrong: "a breakpoint of a later module is set in the first",
        hooks: &[
            Hook::Edit(|_, edit| match edit {
                EngineEdit::Add { pc, .. } => Some(EngineEdit::Add { module: 0, pc }),
                other => Some(other),
            }),
            AS_ASKED,
        ],
    },
    Fault {
        name: "add-ends-step",
        wrong: "adding a breakpoint while single-step is on turns it off",
        hooks: &[
            Hook::Edit(|past, edit| match edit {
                EngineEdit::Add { .. } if past.asked.single_step => {
                    Some(EngineEdit::SingleStep(false))
                }
                other => Some(other),
            }),
            AS_ASKED,
        ],
    },
    Fault {
        name: "add-toggles",
        wrong: "adding a breakpoint that is there removes it",
        hooks: &[
            Hook::Edit(|past, edit| match edit {
                EngineEdit::Add { module, pc } if past.asked.is_so(edit) => {
                    Some(EngineEdit::Remove { module, pc })
                }
                other => Some(other),
            }),
            AS_ASKED,
        ],
    },
    Fault {
        name: "remove-adds",
        wrong: "removing a breakpoint that is not there adds it",
        hooks: &[
            Hook::Edit(|past, edit| match edit {
                EngineEdit::Remove { module, pc } if past.asked.is_so(edit) => {
                    Some(EngineEdit::Add { module, pc })
                }
                other => Some(other),
            }),
            AS_ASKED,
        ],
    },
    Fault {
        name: "remove-all",
        wrong: "after a breakpoint was removed the others are silent until the next edit",
        hooks: &[events(|past, _| {
            let removed = matches!(past.asked.last, Some(EngineEdit::Remove { .. }));
            lost(removed && !past.asked.single_step)
        })],
    },
    Fault {
        name: "edit-in-host",
        wrong: "an edit that is made in a host function has no effect",
        hooks: &[
            Hook::Edit(|past, edit| (past.now != Now::Host).then_some(edit)),
            AS_ASKED,
        ],
    },
    Fault {
        name: "edit-between-calls",
        wrong: "an edit that is made between two calls has no effect",
        hooks: &[
            Hook::Edit(|past, edit| {
                let between = past.now == Now::Rest && past.events > 0;
                (!between).then_some(edit)
            }),
            AS_ASKED,
        ],
    },
    Fault {
        name: "edit-second",
        wrong: "of the edits that are made at one event the first alone has an effect",
        hooks: &[
            Hook::Edit(|past, edit| (!past.asked.since_event).then_some(edit)),
            AS_ASKED,
        ],
    },
    Fault {
        name: "list-twice",
        wrong: "a breakpoint that was added twice is listed twice",
        hooks: &[Hook::EditState(|past, _, listed| {
            let asked = past.asked.listed.iter();
            let twice = asked.filter(|(at, times)| **times > 1 && listed.contains(at));
            let twice: Vec<_> = twice.map(|(at, _)| *at).collect();
            listed.extend(twice);
            listed.sort_unstable();
        })],
    },
    Fault {
        name: "list-pc",
        wrong: "the last breakpoint is listed at the opcode behind its own",
        hooks: &[Hook::EditState(|past, _, listed| {
            if let Some(at) = listed.last_mut()
                && let Some(pc) = past.opcode_behind(*at)
            {
                at.1 = pc;
            }
        })],
    },
    Fault {
        name: "list-module",
        wrong: "the last breakpoint is listed as of the module behind its own",
        hooks: &[Hook::EditState(|_, _, listed| {
            if let Some((module, _)) = listed.last_mut() {
                *module += 1;
            }
        })],
    },
    Fault {
        name: "list-in-step",
        wrong: "with single-step on no breakpoint is listed",
        hooks: &[Hook::EditState(|_, single_step, listed| {
            if *single_step {
                listed.clear();
            }
        })],
    },
    Fault {
        name: "step-state-of-breakpoints",
        wrong: "where breakpoints are set single-step is said to be off",
        hooks: &[Hook::EditState(|_, single_step, listed| {
            *single_step &= listed.is_empty();
        })],
    },
    Fault {
        name: "remove-refused",
        wrong: "removing a breakpoint that is not there fails",
        hooks: &[Hook::Edited(|past, answer| match past.asked.last {
            Some(EngineEdit::Remove { .. }) if past.asked.repeated => {
                Err("no breakpoint is there".to_owned())
            }
            _ => answer,
        })],
    },
    Fault {
        name: "step-refused",
        wrong: "turning single-step on fails if it is on",
        hooks: &[Hook::Edited(|past, answer| match past.asked.last {
            Some(EngineEdit::SingleStep(true)) if past.asked.repeated => {
                Err("single-step is on".to_owned())
            }
            _ => answer,
        })],
    },
    Fault {
        name: "code-unmapped",
        wrong: "a part of the code is gone once an edit was made",
        hooks: &[
            IMAGED,
            Hook::CodeImage(|past, mappings| {
                if past.asked.last.is_some() {
                    mappings
                        .iter_mut()
                        .take(1)
                        .for_each(|mapping| *mapping = None);
                }
            }),
        ],
    },
    Fault {
        name: "fuel-of-events",
        wrong: "each breakpoint event uses a unit of fuel",
        hooks: &[
            Hook::Needs(|case| case.configuration.fuel != Fuel::Off),
            Hook::Fuel(|past, left| {
                *left = left.map(|left| left.saturating_sub(past.events));
            }),
        ],
    },
];
