//! Faults of which breakpoint events come.

use super::RE_ENTERED;
use super::deliveries::{events, lost, twice};
use crate::layer::Fault;
use lockstep::observe::Boundary;
use lockstep::snapshot::Snapshot;
use lockstep_oracles::opcode::Opcode;

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "lost-97th",
        wrong: "every 97th event is lost",
        hooks: &[events(|past, _| lost(past.events.is_multiple_of(97)))],
    },
    Fault {
        name: "lost-at-end",
        wrong: "the event at the last `end` of a callee is lost",
        hooks: &[events(|past, stack| {
            let last = stack.frames.first().is_some_and(|f| past.next(f).is_none());
            lost(last && stack.frames.len() >= 2)
        })],
    },
    Fault {
        name: "lost-branch-back",
        wrong: "the event after a branch backwards is lost",
        hooks: &[events(|past, stack| lost(past.is_branch_back(stack)))],
    },
    Fault {
        name: "lost-in-step",
        wrong: "with single-step on, the event at `br_table` is lost",
        hooks: &[events(|past, _| {
            lost(past.asked.single_step && past.opcode == Some(Opcode::BrTable))
        })],
    },
    Fault {
        name: "lost-at-breakpoint",
        wrong: "with single-step off, a breakpoint's every tenth event of a call is lost",
        hooks: &[events(|past, _| {
            lost(!past.asked.single_step && past.call.breaks.is_multiple_of(10))
        })],
    },
    Fault {
        name: "lost-at-both",
        wrong: "with single-step on, the event at a PC that has a breakpoint too is lost",
        hooks: &[events(|past, _| {
            lost(past.asked.single_step && past.is_listed())
        })],
    },
    Fault {
        name: "lost-after-edit",
        wrong: "the first event after an edit is lost, except for edits before the first event",
        hooks: &[events(|past, _| lost(past.asked.since_event))],
    },
    Fault {
        name: "lost-in-re-entry",
        wrong: "events are lost while the host has called back",
        hooks: &[RE_ENTERED, events(|_, stack| lost(is_re_entered(stack)))],
    },
    Fault {
        name: "lost-in-provider",
        wrong: "events are lost in a function that was called from another instance",
        hooks: &[events(|_, stack| {
            lost(match &stack.frames[..] {
                [callee, caller, ..] => callee.place.instance != caller.place.instance,
                _ => false,
            })
        })],
    },
    Fault {
        name: "twice-after-branch",
        wrong: "the event after a taken `br_if` comes twice",
        hooks: &[events(|past, stack| {
            let from = past
                .same_frame(stack)
                .filter(|b| b.opcode == Some(Opcode::BrIf));
            let taken =
                from.is_some_and(|b| past.next(&b.frame) != Some(stack.frames[0].place.pc.0));
            twice(taken)
        })],
    },
    Fault {
        name: "twice-at-both",
        wrong: "with single-step on, the event at a PC that has a breakpoint too comes twice",
        hooks: &[events(|past, _| {
            twice(past.asked.single_step && past.is_listed())
        })],
    },
];

/// Whether host frames lie between two of these.
fn is_re_entered(stack: &Snapshot) -> bool {
    let callees = stack.frames.len().saturating_sub(1);
    let mut boundaries = stack.frames[..callees].iter().map(|frame| frame.boundary);
    boundaries.any(|boundary| boundary == Boundary::Host)
}
