//! Faults of what a frame shows: locals, operands, and where it is.

use super::RE_ENTERED;
use super::stacks::{at_break, change, each_local, further, innermost, swap_last};
use crate::layer::Fault;
use crate::past::Before;
use lockstep::fault::low_bit;
use lockstep::observe::Boundary;
use lockstep::seen::{Seen, SeenExtern, SeenFunc};
use lockstep_oracles::address::FuncIndex;
use lockstep_oracles::opcode::Opcode;

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "local-i32",
        wrong: "a negative `i32` local is shown as its absolute value",
        hooks: &[at_break(|_, stack| {
            each_local(stack, |seen| match seen {
                Seen::I32(v) => Seen::I32((v as i32).unsigned_abs()),
                other => other,
            });
        })],
    },
    Fault {
        name: "local-i64",
        wrong: "an `i64` local is shown cut to its low 32 bits",
        hooks: &[at_break(|_, stack| {
            each_local(stack, |seen| match seen {
                Seen::I64(v) => Seen::I64(u64::from(v as u32)),
                other => other,
            });
        })],
    },
    Fault {
        name: "local-f32",
        wrong: "a negative `f32` local is shown as positive",
        hooks: &[at_break(|_, stack| {
            each_local(stack, |seen| match seen {
                Seen::F32(v) => Seen::F32(v & !(1 << 31)),
                other => other,
            });
        })],
    },
    Fault {
        name: "local-f64",
        wrong: "an `f64` local that holds −0 is shown as 0",
        hooks: &[at_break(|_, stack| {
            each_local(stack, |seen| match seen {
                Seen::F64(v) if v == 1 << 63 => Seen::F64(0),
                other => other,
            });
        })],
    },
    Fault {
        name: "local-v128",
        wrong: "the high half of a `v128` local is shown as 0",
        hooks: &[at_break(|_, stack| {
            each_local(stack, |seen| match seen {
                Seen::V128(v) => Seen::V128(v & u128::from(u64::MAX)),
                other => other,
            });
        })],
    },
    Fault {
        name: "local-funcref",
        wrong: "a function in a local is shown as null",
        hooks: &[at_break(|_, stack| {
            each_local(stack, |seen| match seen {
                Seen::Func(SeenFunc::Known(_)) => Seen::Func(SeenFunc::Null),
                other => other,
            });
        })],
    },
    Fault {
        name: "local-externref",
        wrong: "an external reference in a local is shown as another",
        hooks: &[at_break(|_, stack| {
            each_local(stack, |seen| match seen {
                Seen::Extern(Some(SeenExtern::Number(n))) => {
                    Seen::Extern(Some(SeenExtern::Number(n ^ 1)))
                }
                other => other,
            });
        })],
    },
    Fault {
        name: "local-stale",
        wrong: "after `local.set` and `local.tee` the locals are shown as at the event before",
        hooks: &[at_break(|past, stack| {
            if let Some(before) = past.same_frame(stack)
                && matches!(before.opcode, Some(Opcode::LocalSet | Opcode::LocalTee))
            {
                stack.frames[0].locals.clone_from(&before.frame.locals);
            }
        })],
    },
    Fault {
        name: "local-missing",
        wrong: "the last local is missing where there are more than eight",
        hooks: &[at_break(|_, stack| {
            if let Some(frame) = innermost(stack)
                && frame.locals.len() > 8
            {
                frame.locals.pop();
            }
        })],
    },
    Fault {
        name: "operand-order",
        wrong: "the two top operands are shown in the wrong order if their types are the same",
        hooks: &[at_break(|_, stack| {
            if let Some(frame) = innermost(stack) {
                swap_last(&mut frame.operands);
            }
        })],
    },
    Fault {
        name: "operand-top-missing",
        wrong: "the top operand is missing before `select`",
        hooks: &[at_break(|past, stack| {
            if past.opcode == Some(Opcode::Select)
                && let Some(frame) = innermost(stack)
            {
                frame.operands.pop();
            }
        })],
    },
    Fault {
        name: "operand-deep",
        wrong: "an operand below five others is shown with its lowest bit changed",
        hooks: &[at_break(|_, stack| {
            if let Some([.., operand, _, _, _, _, _]) =
                innermost(stack).map(|frame| &mut frame.operands[..])
            {
                change(operand, low_bit);
            }
        })],
    },
    Fault {
        name: "operand-type",
        wrong: "an `f32` operand on top is shown as an `i32` of the same bits",
        hooks: &[at_break(|_, stack| {
            if let Some(operand) = innermost(stack).and_then(|frame| frame.operands.last_mut()) {
                change(operand, |seen| match seen {
                    Seen::F32(v) => Seen::I32(v),
                    other => other,
                });
            }
        })],
    },
    Fault {
        name: "operand-after-branch",
        wrong: "after a branch the operand that it carried is shown with its lowest bit changed",
        hooks: &[at_break(|past, stack| {
            let branched = past.same_frame(stack);
            if branched.is_some_and(Before::is_branch)
                && let Some(operand) = stack.frames[0].operands.last_mut()
            {
                change(operand, low_bit);
            }
        })],
    },
    Fault {
        name: "caller-operand",
        wrong: "the lowest operand of a frame that waits for a callee is shown wrong",
        hooks: &[at_break(|_, stack| {
            for frame in stack.frames.iter_mut().skip(1) {
                frame
                    .operands
                    .iter_mut()
                    .take(1)
                    .for_each(|o| change(o, low_bit));
            }
        })],
    },
    Fault {
        name: "caller-local",
        wrong: "the last local of a frame that waits for a callee is shown wrong",
        hooks: &[at_break(|_, stack| {
            for frame in stack.frames.iter_mut().skip(1) {
                frame
                    .locals
                    .iter_mut()
                    .rev()
                    .take(1)
                    .for_each(|l| change(l, low_bit));
            }
        })],
    },
    Fault {
        name: "caller-pc",
        wrong: "a frame that waits for a callee in another instance is shown at the opcode after the call",
        hooks: &[at_break(|past, stack| {
            for index in 1..stack.frames.len() {
                let callee = stack.frames[index - 1].place.instance;
                let frame = &mut stack.frames[index];
                if frame.place.instance != callee {
                    further(past, frame);
                }
            }
        })],
    },
    Fault {
        name: "inlined-pc",
        wrong: "with inlining on, a function called in its own instance is shown one opcode further",
        hooks: &[at_break(|past, stack| {
            if past.inlined
                && let [callee, caller, ..] = &mut stack.frames[..]
                && callee.place.instance == caller.place.instance
            {
                further(past, callee);
            }
        })],
    },
    Fault {
        name: "frame-order",
        wrong: "the second and third of at least three frames are swapped",
        hooks: &[at_break(|_, stack| {
            if stack.frames.len() >= 3 {
                stack.frames.swap(1, 2);
            }
        })],
    },
    Fault {
        name: "frame-missing",
        wrong: "the outermost of at least four frames is missing",
        hooks: &[at_break(|_, stack| {
            if stack.frames.len() >= 4 {
                stack.frames.pop();
            }
        })],
    },
    Fault {
        name: "frame-deep",
        wrong: "the outermost of at least seventeen frames is shown at the opcode after the call",
        hooks: &[at_break(|past, stack| {
            if stack.frames.len() >= 17
                && let Some(frame) = stack.frames.last_mut()
            {
                further(past, frame);
            }
        })],
    },
    Fault {
        name: "function-index",
        wrong: "a callee's function index is shown without the imported functions before it",
        hooks: &[at_break(|past, stack| {
            if stack.frames.len() >= 2
                && let Some(FuncIndex(index)) = stack.frames[0].place.func
                && let Some(imported) = past.imported(&stack.frames[0])
            {
                stack.frames[0].place.func = Some(FuncIndex(index - imported));
            }
        })],
    },
    Fault {
        name: "activation-lost",
        wrong: "where the host called back, the two activations are shown as one",
        hooks: &[
            RE_ENTERED,
            at_break(|_, stack| {
                if let [.., outermost] = &mut stack.frames[..] {
                    let last = outermost.boundary;
                    stack
                        .frames
                        .iter_mut()
                        .for_each(|f| f.boundary = Boundary::Same);
                    stack
                        .frames
                        .iter_mut()
                        .rev()
                        .take(1)
                        .for_each(|f| f.boundary = last);
                }
            }),
        ],
    },
];
