//! Faults of edits. Where an edit is lost or changed, the store still says what was asked for: the
//! fault must be seen in the events.

use crate::layer::{Fault, Hook};
use lockstep::configuration::Fuel;
use lockstep::divergence::Moment;
use lockstep::fault::Delivery;
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
        hooks: &[Hook::Event(Moment::Breakpoint, |past, _| {
            if !past.asked.single_step && past.is_at(&past.asked.listed_at_off) {
                Delivery::Never
            } else {
                Delivery::Once
            }
        })],
    },
    Fault {
        name: "remove-takes-step",
        wrong: "removing a breakpoint while single-step is on makes its PC silent",
        hooks: &[Hook::Event(Moment::Breakpoint, |past, _| {
            if past.is_at(&past.asked.removed_in_step) {
                Delivery::Never
            } else {
                Delivery::Once
            }
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
];
