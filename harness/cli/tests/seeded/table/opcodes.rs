//! Faults of breakpoint events by the opcode that control is at, or comes from.

use super::deliveries::{events, late, lost, twice};
use super::opcode_sets::{BULK, GROWTHS, STORES, is_vector};
use crate::layer::Fault;
use crate::past::{Now, is_same_function};
use lockstep_oracles::opcode::Opcode;

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "lost-at-loop",
        wrong: "the event at the first opcode of a loop is lost when control comes from above",
        hooks: &[events(|past, stack| {
            lost(past.behind(stack, &[Opcode::Loop]).is_some())
        })],
    },
    Fault {
        name: "lost-at-else",
        wrong: "the event at the first opcode of an `else` arm is lost",
        hooks: &[events(|past, stack| {
            let from = past.behind(stack, &[Opcode::If]);
            lost(from.is_some_and(|b| past.next(&b.frame) != Some(stack.frames[0].place.pc.0)))
        })],
    },
    Fault {
        name: "lost-at-drop",
        wrong: "the event at `drop`, which makes no machine code, is lost",
        hooks: &[events(|past, _| lost(past.is_before(&[Opcode::Drop])))],
    },
    Fault {
        name: "lost-at-return",
        wrong: "the event at `return` is lost",
        hooks: &[events(|past, _| lost(past.is_before(&[Opcode::Return])))],
    },
    Fault {
        name: "lost-at-unreachable",
        wrong: "the event at `unreachable` is lost, and that of its trap comes",
        hooks: &[events(|past, _| {
            lost(past.is_before(&[Opcode::Unreachable]))
        })],
    },
    Fault {
        name: "lost-at-vector",
        wrong: "the event at an opcode with the prefix of vectors is lost",
        hooks: &[events(|past, _| lost(past.opcode.is_some_and(is_vector)))],
    },
    Fault {
        name: "lost-at-bulk",
        wrong: "the event at a bulk operation on a memory or table is lost",
        hooks: &[events(|past, _| lost(past.is_before(BULK)))],
    },
    Fault {
        name: "lost-after-growth",
        wrong: "the event after `memory.grow` or `table.grow` is lost",
        hooks: &[events(|past, stack| {
            lost(past.behind(stack, GROWTHS).is_some())
        })],
    },
    Fault {
        name: "lost-after-store",
        wrong: "the event after a store is lost",
        hooks: &[events(|past, stack| {
            lost(past.behind(stack, STORES).is_some())
        })],
    },
    Fault {
        name: "lost-at-indirect",
        wrong: "the event at `call_indirect` is lost",
        hooks: &[events(|past, _| {
            lost(past.is_before(&[Opcode::CallIndirect]))
        })],
    },
    Fault {
        name: "lost-at-entry",
        wrong: "the event at the first opcode of a callee is lost",
        hooks: &[events(|past, stack| {
            lost(past.is_entry(stack) && stack.frames.len() >= 2)
        })],
    },
    Fault {
        name: "lost-after-call",
        wrong: "the event at the opcode to which a callee returns is lost",
        hooks: &[events(|past, stack| lost(past.returned(stack).is_some()))],
    },
    Fault {
        name: "lost-after-host",
        wrong: "the event at the opcode to which a host function returns is lost",
        hooks: &[events(|past, _| lost(past.from == Now::Host))],
    },
    Fault {
        name: "lost-repeated",
        wrong: "the second event of two in a row at the same kind of opcode is lost",
        hooks: &[events(|past, stack| {
            let before = past.same_frame(stack);
            lost(before.is_some_and(|before| before.opcode == past.opcode))
        })],
    },
    Fault {
        name: "lost-recursive",
        wrong: "events are lost in a function that has a frame further out",
        hooks: &[events(|_, stack| {
            lost(match &stack.frames[..] {
                [innermost, callers @ ..] => {
                    let mut callers = callers.iter();
                    callers.any(|caller| is_same_function(innermost, caller))
                }
                [] => false,
            })
        })],
    },
    Fault {
        name: "lost-in-start",
        wrong: "events are lost while a module is instantiated",
        hooks: &[events(|past, _| lost(past.is_instantiating()))],
    },
    Fault {
        name: "lost-once-met",
        wrong: "with single-step off, a breakpoint's events of a call are lost but for the first",
        hooks: &[events(|past, _| {
            lost(!past.asked.single_step && past.last_visit().is_some())
        })],
    },
    Fault {
        name: "lost-in-later-call",
        wrong: "single-step ends with the first call: the first event of each later one is lost",
        hooks: &[events(|past, _| {
            lost(past.call.steps == 1 && past.events > 1)
        })],
    },
    Fault {
        name: "twice-at-loop",
        wrong: "the event at the first opcode of a loop comes twice when control comes back",
        hooks: &[events(|past, stack| twice(past.is_branch_back(stack)))],
    },
    Fault {
        name: "twice-after-call",
        wrong: "the event at the opcode to which a callee returns comes twice",
        hooks: &[events(|past, stack| twice(past.returned(stack).is_some()))],
    },
    Fault {
        name: "late-at-local",
        wrong: "the event at `local.set` comes behind the one that follows it",
        hooks: &[events(|past, _| late(past.is_before(&[Opcode::LocalSet])))],
    },
    Fault {
        name: "late-at-call",
        wrong: "the event at `call` comes behind the first one of the callee",
        hooks: &[events(|past, _| late(past.is_before(&[Opcode::Call])))],
    },
    Fault {
        name: "late-at-trap",
        wrong: "the event at `unreachable` comes behind that of its trap",
        hooks: &[events(|past, _| {
            late(past.is_before(&[Opcode::Unreachable]))
        })],
    },
];
