//! More faults of locals: by when they were written, and whose they are.

use super::stacks::{at_break, change, each_local, innermost, swap_last, zero};
use crate::layer::Fault;
use crate::past::is_same_function;
use lockstep::fault::low_bit;
use lockstep::seen::{Seen, SeenFunc};

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "local-type",
        wrong: "an `f64` local is shown as an `i64` of the same bits",
        hooks: &[at_break(|_, stack| {
            each_local(stack, |seen| match seen {
                Seen::F64(v) => Seen::I64(v),
                other => other,
            });
        })],
    },
    Fault {
        name: "local-null-type",
        wrong: "a null external reference in a local is shown as a null function",
        hooks: &[at_break(|_, stack| {
            each_local(stack, |seen| match seen {
                Seen::Extern(None) => Seen::Func(SeenFunc::Null),
                other => other,
            });
        })],
    },
    Fault {
        name: "parameter-at-entry",
        wrong: "a parameter is shown as the function was given it, whatever was written to it",
        hooks: &[at_break(|past, stack| {
            if let Some(entry) = past.entry_of(stack, 0)
                && let Some(shape) = past.shape(entry)
            {
                let params = stack.frames[0].locals.iter_mut().zip(&entry.locals);
                let params = params.take(shape.params);
                params.for_each(|(param, given)| *param = *given);
            }
        })],
    },
    Fault {
        name: "local-unwritten",
        wrong: "a declared local is not zero when its function is entered",
        hooks: &[at_break(|past, stack| {
            if past.is_entry(stack)
                && let Some(frame) = innermost(stack)
                && let Some(shape) = past.shape(frame)
            {
                let declared = frame.locals.iter_mut().skip(shape.params);
                declared.for_each(|local| change(local, low_bit));
            }
        })],
    },
    Fault {
        name: "local-in-loop",
        wrong: "after a branch backwards the locals are shown as when control was there last",
        hooks: &[at_break(|past, stack| {
            if past.is_branch_back(stack)
                && let Some(visit) = past.last_visit()
            {
                stack.frames[0].locals.clone_from(&visit.locals);
            }
        })],
    },
    Fault {
        name: "local-of-caller",
        wrong: "the locals of a function that called itself are shown as its caller's",
        hooks: &[at_break(|_, stack| {
            if let [callee, caller, ..] = &mut stack.frames[..]
                && is_same_function(callee, caller)
            {
                callee.locals.clone_from(&caller.locals);
            }
        })],
    },
    Fault {
        name: "local-of-callee",
        wrong: "when a callee has returned, the caller's locals are shown as the callee's where the types are the same",
        hooks: &[at_break(|past, stack| {
            if let Some(before) = past.returned(stack) {
                let locals = stack.frames[0].locals.iter_mut();
                for (local, left) in locals.zip(&before.frame.locals) {
                    if let (Some(shown), Some(left)) = (local, left)
                        && std::mem::discriminant(shown) == std::mem::discriminant(left)
                    {
                        *shown = *left;
                    }
                }
            }
        })],
    },
    Fault {
        name: "local-before-call",
        wrong: "a frame that waits for a callee shows its locals as when it was entered",
        hooks: &[at_break(|past, stack| {
            if let Some(entry) = past.entry_of(stack, 1) {
                stack.frames[1].locals.clone_from(&entry.locals);
            }
        })],
    },
    Fault {
        name: "local-undeclared",
        wrong: "a frame that waits for a callee shows its parameters and no declared locals",
        hooks: &[at_break(|past, stack| {
            for frame in stack.frames.iter_mut().skip(1) {
                if let Some(shape) = past.shape(frame) {
                    frame.locals.truncate(shape.params);
                }
            }
        })],
    },
    Fault {
        name: "local-order",
        wrong: "the last two locals are swapped if their types are the same",
        hooks: &[at_break(|_, stack| {
            if let Some(frame) = innermost(stack) {
                swap_last(&mut frame.locals);
            }
        })],
    },
    Fault {
        name: "local-dead",
        wrong: "at a function's last `end` the locals are shown as zero",
        hooks: &[at_break(|past, stack| {
            let last = stack.frames.first().is_some_and(|f| past.next(f).is_none());
            if last {
                each_local(stack, zero);
            }
        })],
    },
];
