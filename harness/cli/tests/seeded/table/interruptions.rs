//! Faults of events between two opcodes: the epoch's, a stack or a heap that is used up, fuel.

use super::deliveries::{lost, twice};
use super::stacks::{each_local, further};
use crate::layer::{Fault, Hook};
use crate::past::Past;
use lockstep::configuration::{Epochs, Fuel};
use lockstep::divergence::Moment;
use lockstep::fault::low_bit;
use lockstep::outcome::SeenTrap;
use lockstep::snapshot::Snapshot;

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "epoch-lost",
        wrong: "every event of the epoch is lost",
        hooks: &[YIELDING, Hook::Event(Moment::EpochYield, |_, _| lost(true))],
    },
    Fault {
        name: "epoch-twice",
        wrong: "the epoch's event comes twice where a frame waits",
        hooks: &[
            YIELDING,
            Hook::Event(Moment::EpochYield, |_, stack| {
                twice(stack.frames.len() >= 2)
            }),
        ],
    },
    Fault {
        name: "epoch-local",
        wrong: "at the epoch's event the innermost locals are shown with the lowest bit changed",
        hooks: &[YIELDING, at_epoch(|_, stack| each_local(stack, low_bit))],
    },
    Fault {
        name: "epoch-caller",
        wrong: "at the epoch's event a waiting frame's locals are shown with the lowest bit changed",
        hooks: &[YIELDING, at_epoch(|_, stack| callers(stack))],
    },
    Fault {
        name: "epoch-frame",
        wrong: "at the epoch's event the outermost of several frames is missing",
        hooks: &[YIELDING, at_epoch(|_, stack| without_outermost(stack))],
    },
    Fault {
        name: "epoch-callers",
        wrong: "at the epoch's event only the innermost frame is shown",
        hooks: &[YIELDING, at_epoch(|_, stack| stack.frames.truncate(1))],
    },
    Fault {
        name: "overflow-lost",
        wrong: "the event of a stack overflow is lost",
        hooks: &[Hook::Event(Moment::Trap, |past, _| lost(overflows(past)))],
    },
    Fault {
        name: "overflow-local",
        wrong: "at a stack overflow a waiting frame's locals are shown with the lowest bit changed",
        hooks: &[at_trap(|past, stack| {
            if overflows(past) {
                callers(stack);
            }
        })],
    },
    Fault {
        name: "overflow-frame",
        wrong: "at a stack overflow the outermost frame is missing",
        hooks: &[at_trap(|past, stack| {
            if overflows(past) {
                without_outermost(stack);
            }
        })],
    },
    Fault {
        name: "overflow-pc",
        wrong: "at a stack overflow the outermost frame is shown one opcode further",
        hooks: &[at_trap(|past, stack| {
            if overflows(past)
                && let [_, .., outermost] = &mut stack.frames[..]
            {
                further(past, outermost);
            }
        })],
    },
    Fault {
        name: "fuel-lost",
        wrong: "the event at which the fuel is used up is lost",
        hooks: &[
            BURNING,
            Hook::Event(Moment::Trap, |past, _| {
                lost(past.trap == Some(SeenTrap::OutOfFuel))
            }),
            Hook::Event(Moment::HostcallError, |past, _| {
                lost(past.trap == Some(SeenTrap::OutOfFuel))
            }),
        ],
    },
    Fault {
        name: "memory-lost",
        wrong: "the event of a heap that is full is lost",
        hooks: &[
            Hook::Event(Moment::Trap, |past, _| {
                lost(past.trap == Some(SeenTrap::OutOfMemory))
            }),
            Hook::Event(Moment::HostcallError, |past, _| {
                lost(past.trap.is_none() && !past.host_failed)
            }),
        ],
    },
];

/// Only in such cases the epoch advances.
const YIELDING: Hook = Hook::Needs(|case| case.configuration.epochs != Epochs::Off);

/// Only in such cases the fuel may be used up.
const BURNING: Hook =
    Hook::Needs(|case| matches!(case.configuration.fuel, Fuel::Hundreds | Fuel::Thousands));

/// A stack changed at the epoch's event.
const fn at_epoch(change: fn(&Past, &mut Snapshot)) -> Hook {
    Hook::Stack(Moment::EpochYield, change)
}

/// A stack changed at the event of a trap.
const fn at_trap(change: fn(&Past, &mut Snapshot)) -> Hook {
    Hook::Stack(Moment::Trap, change)
}

fn overflows(past: &Past) -> bool {
    past.trap == Some(SeenTrap::StackOverflow)
}

/// Changes the locals of all frames but the innermost.
fn callers(stack: &mut Snapshot) {
    let locals = stack
        .frames
        .iter_mut()
        .skip(1)
        .flat_map(|frame| &mut frame.locals);
    locals.for_each(|local| *local = local.map(low_bit));
}

fn without_outermost(stack: &mut Snapshot) {
    if stack.frames.len() >= 2 {
        stack.frames.pop();
    }
}
