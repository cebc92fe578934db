//! Faults of what the program does: results and host calls.

use super::traps::FAILING;
use crate::layer::{Fault, Hook};
use lockstep::fault::low_bit;
use lockstep::outcome::{Outcome, SeenTrap};
use lockstep::seen::Seen;
use lockstep_oracles::trap::Trap;

/// Events of a call after which a result changes by single-step.
const MANY: u64 = 50;

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "result-at-breakpoint",
        wrong: "the last result changes if only breakpoints, not single-step, interrupted the call",
        hooks: &[Hook::Outcome(|past, outcome| {
            if past.call.breaks > 0 && past.call.steps == 0 {
                last_result(outcome);
            }
        })],
    },
    Fault {
        name: "result-stepped",
        wrong: "the last result changes if single-step interrupted the call more than 50 times",
        hooks: &[Hook::Outcome(|past, outcome| {
            if past.call.steps > MANY {
                last_result(outcome);
            }
        })],
    },
    Fault {
        name: "result-edited",
        wrong: "the last result changes if breakpoints were edited during the call",
        hooks: &[Hook::Outcome(|past, outcome| {
            if past.call.edits > 0 && past.call.breaks + past.call.steps > 0 {
                last_result(outcome);
            }
        })],
    },
    Fault {
        name: "trap-becomes-return",
        wrong: "a call that traps by a division by zero returns nothing",
        hooks: &[Hook::Outcome(|_, outcome| {
            if *outcome == Outcome::Trapped(SeenTrap::Wasm(Trap::IntegerDivideByZero)) {
                *outcome = Outcome::Returned(Vec::new());
            }
        })],
    },
    Fault {
        name: "host-arguments",
        wrong: "a host function gets its first two arguments swapped if their types are the same",
        hooks: &[Hook::HostArgs(|args| {
            if let [a, b, ..] = &mut args[..]
                && std::mem::discriminant(a) == std::mem::discriminant(b)
            {
                std::mem::swap(a, b);
            }
        })],
    },
    Fault {
        name: "result-order",
        wrong: "a call returns its last two results in the wrong order if their types are the same",
        hooks: &[Hook::Outcome(|_, outcome| {
            if let Outcome::Returned(values) = outcome
                && let [.., a, b] = &mut values[..]
                && std::mem::discriminant(a) == std::mem::discriminant(b)
            {
                std::mem::swap(a, b);
            }
        })],
    },
    Fault {
        name: "result-missing",
        wrong: "a call whose last event was in a callee returns nothing",
        hooks: &[Hook::Outcome(|past, outcome| {
            if past.before.as_ref().is_some_and(|before| before.depth >= 2)
                && let Outcome::Returned(values) = outcome
            {
                values.clear();
            }
        })],
    },
    Fault {
        name: "result-vector",
        wrong: "the halves of a `v128` result are swapped",
        hooks: &[Hook::Outcome(|_, outcome| {
            if let Outcome::Returned(values) = outcome {
                for value in values {
                    if let Seen::V128(v) = value {
                        *v = v.rotate_left(64);
                    }
                }
            }
        })],
    },
    Fault {
        name: "outcome-of-memory",
        wrong: "a call that traps outside of a memory is told to trap outside of a table",
        hooks: &[Hook::Outcome(|_, outcome| {
            if *outcome == Outcome::Trapped(SeenTrap::Wasm(Trap::OutOfBoundsMemoryAccess)) {
                *outcome = Outcome::Trapped(SeenTrap::Wasm(Trap::OutOfBoundsTableAccess));
            }
        })],
    },
    Fault {
        name: "failure-becomes-trap",
        wrong: "a call whose host function fails traps by `unreachable`",
        hooks: &[
            FAILING,
            Hook::Outcome(|_, outcome| {
                if let Outcome::HostFailed(_) = outcome {
                    *outcome = Outcome::Trapped(SeenTrap::Wasm(Trap::Unreachable));
                }
            }),
        ],
    },
    Fault {
        name: "instantiation-refused",
        wrong: "a module does not link",
        hooks: &[Hook::Instantiation(|outcome| {
            if let Outcome::Returned(_) = outcome {
                *outcome = Outcome::Unlinkable("an import is missing".to_owned());
            }
        })],
    },
];

fn last_result(outcome: &mut Outcome) {
    if let Outcome::Returned(values) = outcome
        && let Some(last) = values.last_mut()
    {
        *last = low_bit(*last);
    }
}
