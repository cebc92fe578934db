//! Faults of traps, and of the errors of host functions.

use super::deliveries::{lost, twice};
use super::stacks::{each_local, further, innermost, zero};
use crate::layer::{Fault, Hook};
use crate::past::{Now, Past};
use lockstep::case::Stub;
use lockstep::divergence::Moment;
use lockstep::fault::Delivery;
use lockstep::outcome::{HostFailure, SeenTrap};
use lockstep::seen::Seen;
use lockstep::snapshot::Snapshot;
use lockstep_oracles::trap::Trap;

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "trap-kind",
        wrong: "a trap event tells an integer overflow as a division by zero",
        hooks: &[Hook::Trap(|_, trap| {
            tell(trap, Trap::IntegerOverflow, Trap::IntegerDivideByZero);
        })],
    },
    Fault {
        name: "trap-lost",
        wrong: "the trap event of an access out of bounds is lost",
        hooks: &[traps(|past, _| {
            lost(past.trap == Some(SeenTrap::Wasm(Trap::OutOfBoundsMemoryAccess)))
        })],
    },
    Fault {
        name: "trap-twice",
        wrong: "the trap event of `unreachable` comes twice",
        hooks: &[traps(|past, _| {
            twice(past.trap == Some(SeenTrap::Wasm(Trap::Unreachable)))
        })],
    },
    Fault {
        name: "host-error-lost",
        wrong: "the event of a failing host function is lost",
        hooks: &[
            FAILING,
            Hook::Event(Moment::HostcallError, |past, _| lost(past.trap.is_none())),
        ],
    },
    Fault {
        name: "trap-stack",
        wrong: "at a trap the lowest operand is missing where there are more than three",
        hooks: &[at_trap(|_, stack| {
            if let Some(frame) = innermost(stack)
                && frame.operands.len() > 3
            {
                frame.operands.remove(0);
            }
        })],
    },
    Fault {
        name: "trap-of-table",
        wrong: "a trap event tells an access outside of a table as one outside of a memory",
        hooks: &[Hook::Trap(|_, trap| {
            tell(
                trap,
                Trap::OutOfBoundsTableAccess,
                Trap::OutOfBoundsMemoryAccess,
            );
        })],
    },
    Fault {
        name: "trap-told-of-host",
        wrong: "a trap that a host function passes on is told as `unreachable`",
        hooks: &[
            PASSING,
            Hook::Trap(|past, trap| {
                if past.now == Now::Host && *trap != SeenTrap::StackOverflow {
                    *trap = SeenTrap::Wasm(Trap::Unreachable);
                }
            }),
        ],
    },
    Fault {
        name: "trap-lost-unstepped",
        wrong: "with single-step off the event of a trap is lost",
        hooks: &[traps(|past, _| lost(!past.asked.single_step))],
    },
    Fault {
        name: "trap-lost-in-callee",
        wrong: "the event of a trap in a callee is lost",
        hooks: &[traps(|_, stack| lost(stack.frames.len() >= 2))],
    },
    Fault {
        name: "trap-twice-in-callee",
        wrong: "the event of a trap in a callee comes twice",
        hooks: &[traps(|_, stack| twice(stack.frames.len() >= 2))],
    },
    Fault {
        name: "trap-pc",
        wrong: "at a trap the innermost frame is shown at the opcode behind the trapping one",
        hooks: &[at_trap(|past, stack| {
            if let Some(frame) = innermost(stack) {
                further(past, frame);
            }
        })],
    },
    Fault {
        name: "trap-callers",
        wrong: "at a trap the frames that wait are missing",
        hooks: &[at_trap(|_, stack| stack.frames.truncate(1))],
    },
    Fault {
        name: "trap-frame",
        wrong: "at a trap the trapping frame is missing",
        hooks: &[at_trap(|_, stack| {
            if stack.frames.len() >= 2 {
                stack.frames.remove(0);
            }
        })],
    },
    Fault {
        name: "trap-locals",
        wrong: "at a trap the locals are shown as zero",
        hooks: &[at_trap(|_, stack| each_local(stack, zero))],
    },
    Fault {
        name: "trap-operands",
        wrong: "at a trap an operand more than there were is shown",
        hooks: &[at_trap(|past, stack| {
            if past.asked.single_step
                && let Some(before) = past.before.as_ref()
                && let Some(frame) = innermost(stack)
            {
                frame.operands.clone_from(&before.frame.operands);
                frame.operands.push(Some(Seen::I32(0)));
            }
        })],
    },
    Fault {
        name: "host-error-twice",
        wrong: "the event of a failing host function comes twice",
        hooks: &[
            FAILING,
            Hook::Event(Moment::HostcallError, |past, _| twice(past.trap.is_none())),
        ],
    },
    Fault {
        name: "host-error-number",
        wrong: "the event of a failing host function tells the error of another call",
        hooks: &[
            FAILING,
            Hook::HostError(|error| {
                if let Ok(HostFailure::Call(call)) = error {
                    *call += 1;
                }
            }),
        ],
    },
    Fault {
        name: "host-error-frame",
        wrong: "at the event of a failing host function the frame that called it is missing",
        hooks: &[
            FAILING,
            at_host_error(|_, stack| {
                if !stack.frames.is_empty() {
                    stack.frames.remove(0);
                }
            }),
        ],
    },
    Fault {
        name: "host-error-locals",
        wrong: "at the event of a failing host function the caller's locals are shown as zero",
        hooks: &[FAILING, at_host_error(|_, stack| each_local(stack, zero))],
    },
    Fault {
        name: "relayed-frames",
        wrong: "at the event of a trap that a host function passes on, only the frame that called it is shown",
        hooks: &[
            PASSING,
            at_host_error(|past, stack| {
                if past.trap.is_some() {
                    stack.frames.truncate(1);
                }
            }),
            // Some versions tell it as a trap of the program.
            at_trap(|past, stack| {
                if past.now == Now::Host {
                    stack.frames.truncate(1);
                }
            }),
        ],
    },
];

/// Only such cases have host functions that fail.
pub(super) const FAILING: Hook =
    Hook::Needs(|case| case.host.functions.values().any(|stub| *stub == Stub::Fail));

/// Only such cases have host functions that trap, or pass a trap on.
const PASSING: Hook = Hook::Needs(|case| {
    let mut stubs = case.host.functions.values();
    stubs.any(|stub| matches!(stub, Stub::Trap | Stub::WrappedTrap | Stub::Relay(_)))
});

/// How often trap events come.
const fn traps(says: fn(&Past, &Snapshot) -> Delivery) -> Hook {
    Hook::Event(Moment::Trap, says)
}

/// A stack changed at a trap event.
const fn at_trap(change: fn(&Past, &mut Snapshot)) -> Hook {
    Hook::Stack(Moment::Trap, change)
}

/// A stack changed at the event of a host function's error.
const fn at_host_error(change: fn(&Past, &mut Snapshot)) -> Hook {
    Hook::Stack(Moment::HostcallError, change)
}

/// Tells a trap of this kind as one of another.
fn tell(trap: &mut SeenTrap, kind: Trap, other: Trap) {
    if *trap == SeenTrap::Wasm(kind) {
        *trap = SeenTrap::Wasm(other);
    }
}
