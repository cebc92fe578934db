//! More faults of operands: by the opcode that made them, and where they are.

use super::opcode_sets::{COMPARISONS, CONSTANTS};
use super::stacks::{at_break, each_operand, innermost, swap_last, top, zero};
use crate::layer::Fault;
use lockstep::seen::{Seen, SeenExtern, SeenFunc};
use lockstep_oracles::address::FuncAddr;
use lockstep_oracles::opcode::Opcode;

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "operand-v128",
        wrong: "the halves of a `v128` operand are swapped",
        hooks: &[at_break(|_, stack| {
            each_operand(stack, |seen| match seen {
                Seen::V128(v) => Seen::V128(v.rotate_left(64)),
                other => other,
            });
        })],
    },
    Fault {
        name: "operand-null",
        wrong: "a null function on the operand stack is shown as the first function",
        hooks: &[at_break(|_, stack| {
            each_operand(stack, |seen| match seen {
                Seen::Func(SeenFunc::Null) => Seen::Func(SeenFunc::Known(FuncAddr(0))),
                other => other,
            });
        })],
    },
    Fault {
        name: "operand-function",
        wrong: "a function on the operand stack is shown as one of no instance",
        hooks: &[at_break(|_, stack| {
            each_operand(stack, |seen| match seen {
                Seen::Func(SeenFunc::Known(_)) => Seen::Func(SeenFunc::Unknown(0)),
                other => other,
            });
        })],
    },
    Fault {
        name: "operand-externref",
        wrong: "a null external reference on the operand stack is shown as one of the host's",
        hooks: &[at_break(|_, stack| {
            each_operand(stack, |seen| match seen {
                Seen::Extern(None) => Seen::Extern(Some(SeenExtern::Number(0))),
                other => other,
            });
        })],
    },
    Fault {
        name: "operand-constant",
        wrong: "an operand that a constant opcode has just made is shown as zero",
        hooks: &[at_break(|past, stack| {
            if past.behind(stack, CONSTANTS).is_some() {
                top(stack, zero);
            }
        })],
    },
    Fault {
        name: "operand-comparison",
        wrong: "the result of a comparison that holds is shown with every bit set",
        hooks: &[at_break(|past, stack| {
            if past.behind(stack, COMPARISONS).is_some() {
                top(stack, |seen| match seen {
                    Seen::I32(1) => Seen::I32(u32::MAX),
                    other => other,
                });
            }
        })],
    },
    Fault {
        name: "operand-wrapped",
        wrong: "after `i32.wrap_i64` the operand is shown with the 64 bits that it had",
        hooks: &[at_break(|past, stack| {
            let before = past.behind(stack, &[Opcode::I32WrapI64]);
            if let Some(Some(wide)) = before.and_then(|b| b.frame.operands.last().copied()) {
                top(stack, |_| wide);
            }
        })],
    },
    Fault {
        name: "operand-grown",
        wrong: "after `memory.grow` the operand is shown as the number of pages that was asked for",
        hooks: &[at_break(|past, stack| {
            let before = past.behind(stack, &[Opcode::MemoryGrow]);
            if let Some(Some(asked)) = before.and_then(|b| b.frame.operands.last().copied()) {
                top(stack, |_| asked);
            }
        })],
    },
    Fault {
        name: "operand-dropped",
        wrong: "after `drop` the operand is still shown",
        hooks: &[at_break(|past, stack| {
            if let Some(before) = past.behind(stack, &[Opcode::Drop]) {
                stack.frames[0].operands.clone_from(&before.frame.operands);
            }
        })],
    },
    Fault {
        name: "operand-selected",
        wrong: "after `select` the operand is always shown as the first of the two",
        hooks: &[at_break(|past, stack| {
            let before = past.behind(stack, &[Opcode::Select, Opcode::TypedSelect]);
            if let Some([.., Some(first), _, _]) = before.map(|b| &b.frame.operands[..]) {
                top(stack, |_| *first);
            }
        })],
    },
    Fault {
        name: "operand-in-arm",
        wrong: "at the first opcode of an arm of `if` the operands outside of it are missing",
        hooks: &[at_break(|past, stack| {
            if past.behind(stack, &[Opcode::If]).is_some() {
                stack.frames[0].operands.clear();
            }
        })],
    },
    Fault {
        name: "operand-of-condition",
        wrong: "after a `br_if` that is not taken its condition is still shown",
        hooks: &[at_break(|past, stack| {
            if let Some(before) = past.behind(stack, &[Opcode::BrIf])
                && past.next(&before.frame) == Some(stack.frames[0].place.pc.0)
            {
                stack.frames[0].operands.clone_from(&before.frame.operands);
            }
        })],
    },
    Fault {
        name: "operand-unwound",
        wrong: "after a taken branch the operands that it left behind are still shown",
        hooks: &[at_break(|past, stack| {
            if let Some(before) = past.behind(stack, &[Opcode::Br])
                && before.frame.operands.len() > stack.frames[0].operands.len()
            {
                stack.frames[0].operands.clone_from(&before.frame.operands);
            }
        })],
    },
    Fault {
        name: "operand-results",
        wrong: "the last two results of a callee are shown in the wrong order if their types are the same",
        hooks: &[at_break(|past, stack| {
            let callee = past.returned(stack).and_then(|b| past.shape(&b.frame));
            if callee.is_some_and(|shape| shape.results >= 2)
                && let Some(frame) = innermost(stack)
            {
                swap_last(&mut frame.operands);
            }
        })],
    },
    Fault {
        name: "operand-result-missing",
        wrong: "when a callee has returned, its last result is not shown yet",
        hooks: &[at_break(|past, stack| {
            let callee = past.returned(stack).and_then(|b| past.shape(&b.frame));
            if callee.is_some_and(|shape| shape.results > 0)
                && let Some(frame) = innermost(stack)
            {
                frame.operands.pop();
            }
        })],
    },
    Fault {
        name: "argument-at-entry",
        wrong: "at a callee's first opcode the last argument is gone from its caller's operands",
        hooks: &[at_break(|past, stack| {
            if past.is_entry(stack)
                && let Some(shape) = past.shape(&stack.frames[0])
                && shape.params > 0
                && let [_, caller, ..] = &mut stack.frames[..]
            {
                caller.operands.pop();
            }
        })],
    },
    Fault {
        name: "table-index-at-call",
        wrong: "when `call_indirect` has entered a callee, the table's index is still among the caller's operands",
        hooks: &[at_break(|past, stack| {
            if past.is_entry(stack)
                && let Some(before) = &past.before
                && before.opcode == Some(Opcode::CallIndirect)
                && let [_, caller, ..] = &mut stack.frames[..]
            {
                caller.operands.clone_from(&before.frame.operands);
            }
        })],
    },
];
