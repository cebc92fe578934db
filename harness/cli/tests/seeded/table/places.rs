//! Faults of where a frame is shown, and of which frames are.

use super::opcode_sets::is_vector;
use super::stacks::{at_break, innermost, move_to};
use crate::layer::Fault;
use crate::past::{Before, is_same_function};
use lockstep::observe::Boundary;
use lockstep_oracles::address::FuncIndex;
use lockstep_oracles::opcode::Opcode;

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "pc-behind-prefix",
        wrong: "at an opcode of vectors the PC is that of the byte behind the prefix",
        hooks: &[at_break(|past, stack| {
            if past.opcode.is_some_and(is_vector)
                && let Some(frame) = innermost(stack)
            {
                move_to(frame, frame.place.pc.0 + 1);
            }
        })],
    },
    Fault {
        name: "pc-of-function",
        wrong: "the PC is shown as if its function were the first of the module",
        hooks: &[at_break(|past, stack| {
            if let Some(frame) = innermost(stack)
                && let Some(shape) = past.shape(frame)
                && let Some(first) = past.first_opcode(frame)
            {
                move_to(frame, frame.place.pc.0 - shape.first + first);
            }
        })],
    },
    Fault {
        name: "pc-behind-branch",
        wrong: "after a taken branch the PC is that of the opcode behind the branch",
        hooks: &[at_break(|past, stack| {
            if let Some(before) = past.same_frame(stack).filter(|b| b.is_branch())
                && let Some(pc) = past.next(&before.frame)
            {
                move_to(&mut stack.frames[0], pc);
            }
        })],
    },
    Fault {
        name: "pc-of-call",
        wrong: "when a callee has returned, the PC is still that of the call",
        hooks: &[at_break(|past, stack| {
            if past.returned(stack).is_some()
                && let Some(call) = past.previous(&stack.frames[0])
            {
                move_to(&mut stack.frames[0], call);
            }
        })],
    },
    Fault {
        name: "pc-of-loop",
        wrong: "at the first opcode of a loop the PC is that of `loop`",
        hooks: &[at_break(|past, stack| {
            if let Some(Before { frame, .. }) = past.behind(stack, &[Opcode::Loop]) {
                move_to(&mut stack.frames[0], frame.place.pc.0);
            }
        })],
    },
    Fault {
        name: "caller-pc-recursive",
        wrong: "a frame of the same function as its callee is shown at the callee's PC",
        hooks: &[at_break(|_, stack| {
            for index in 1..stack.frames.len() {
                if is_same_function(&stack.frames[index - 1], &stack.frames[index]) {
                    stack.frames[index].place.pc = stack.frames[index - 1].place.pc;
                }
            }
        })],
    },
    Fault {
        name: "function-of-caller",
        wrong: "at a callee's first opcode the function is the caller's",
        hooks: &[at_break(|past, stack| {
            if past.is_entry(stack)
                && let [callee, caller, ..] = &mut stack.frames[..]
            {
                callee.place.func = caller.place.func;
            }
        })],
    },
    Fault {
        name: "function-indirect",
        wrong: "a function that was called by its table's element is shown as the one before it",
        hooks: &[at_break(|past, stack| {
            let called = past.before.as_ref();
            let indirect = called.is_some_and(|b| b.opcode == Some(Opcode::CallIndirect));
            if indirect
                && past.is_entry(stack)
                && let Some(FuncIndex(index @ 1..)) = stack.frames[0].place.func
            {
                stack.frames[0].place.func = Some(FuncIndex(index - 1));
            }
        })],
    },
    Fault {
        name: "instance-of-caller",
        wrong: "the instance of a function that was called from another one is that of its caller",
        hooks: &[at_break(|_, stack| {
            if let [callee, caller, ..] = &mut stack.frames[..] {
                callee.place.instance = caller.place.instance;
            }
        })],
    },
    Fault {
        name: "module-of-caller",
        wrong: "the module of a function that was called from another instance is not that of its own",
        hooks: &[at_break(|_, stack| {
            if let [callee, caller, ..] = &mut stack.frames[..] {
                callee.place.module_agrees &= callee.place.instance == caller.place.instance;
            }
        })],
    },
    Fault {
        name: "frame-twice",
        wrong: "a frame that calls its own function is shown twice",
        hooks: &[at_break(|_, stack| {
            let mut pairs = stack.frames.windows(2);
            let calls = pairs.position(|pair| is_same_function(&pair[0], &pair[1]));
            if let Some(callee) = calls {
                let caller = stack.frames[callee + 1].clone();
                stack.frames.insert(callee + 1, caller);
            }
        })],
    },
    Fault {
        name: "frame-inlined",
        wrong: "a callee without locals has no frame",
        hooks: &[at_break(|_, stack| {
            if stack.frames.len() >= 2 && stack.frames[0].locals.is_empty() {
                stack.frames.remove(0);
            }
        })],
    },
    Fault {
        name: "frame-returned",
        wrong: "a callee that has returned is still shown at the next event",
        hooks: &[at_break(|past, stack| {
            if let Some(before) = past.returned(stack) {
                stack.frames.insert(0, before.frame.clone());
            }
        })],
    },
    Fault {
        name: "frames-at-entry",
        wrong: "at a function's first opcode its callers are missing",
        hooks: &[at_break(|past, stack| {
            if past.is_entry(stack) {
                stack.frames.truncate(1);
            }
        })],
    },
    Fault {
        name: "activation-at-instance",
        wrong: "a call from another instance is shown as a new activation",
        hooks: &[at_break(|_, stack| {
            for index in 1..stack.frames.len() {
                let caller = stack.frames[index].place.instance;
                let callee = &mut stack.frames[index - 1];
                if callee.place.instance != caller {
                    callee.boundary = Boundary::Host;
                }
            }
        })],
    },
];
