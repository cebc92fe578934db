//! Faults of what the program does: results, host calls, memories, globals, tables.

use crate::layer::{Fault, Hook};
use lockstep::fault::low_bit;
use lockstep::lockstep::accessors::{Accessed, Accessor};
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
        name: "imported-entity-not-found",
        wrong: "a second instance's first memory, global or table is not found by its index",
        hooks: &[Hook::Access(|instance, (accessor, index), accessed| {
            if instance.0 > 0 && index == 0 && accessor != Accessor::Function {
                *accessed = Accessed::Nothing;
            }
        })],
    },
    Fault {
        name: "function-not-found",
        wrong: "the accessor of functions does not find the first",
        hooks: &[Hook::Access(|_, (accessor, index), accessed| {
            if (accessor, index) == (Accessor::Function, 0) {
                *accessed = Accessed::Nothing;
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
        name: "memory-stale",
        wrong: "the last byte that a program changed is shown as it was",
        hooks: &[Hook::Memory(|old, bytes| {
            let same_size = old.len() == bytes.len();
            let mut pairs = bytes.iter_mut().zip(old).rev();
            if same_size && let Some((byte, old)) = pairs.find(|(byte, old)| byte != old) {
                *byte = *old;
            }
        })],
    },
    Fault {
        name: "memory-size-stale",
        wrong: "after `memory.grow` a memory is shown with the size that it had",
        hooks: &[Hook::Memory(|old, bytes| bytes.truncate(old.len()))],
    },
    Fault {
        name: "global-stale",
        wrong: "a global that changed is shown as it was",
        hooks: &[Hook::Global(|_, old, value| *value = old)],
    },
    Fault {
        name: "global-at-events",
        wrong: "a global that changed is shown as it was, at breakpoint events alone",
        hooks: &[Hook::Global(|past, old, value| {
            if past.at_event {
                *value = old;
            }
        })],
    },
    Fault {
        name: "global-v128",
        wrong: "the high half of a `v128` global is shown as 0",
        hooks: &[Hook::Global(|_, _, value| {
            if let Seen::V128(v) = value {
                *v &= u128::from(u64::MAX);
            }
        })],
    },
    Fault {
        name: "table-element-stale",
        wrong: "a table element that changed is shown as it was",
        hooks: &[Hook::TableElement(|old, element| *element = old)],
    },
    Fault {
        name: "table-size-stale",
        wrong: "after `table.grow` a table is shown with the size that it had",
        hooks: &[Hook::TableSize(|old, size| *size = old)],
    },
];

fn last_result(outcome: &mut Outcome) {
    if let Outcome::Returned(values) = outcome
        && let Some(last) = values.last_mut()
    {
        *last = low_bit(*last);
    }
}
