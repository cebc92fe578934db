//! Faults of what is shown and told while a host function runs.

use super::stacks::{each_local, innermost, move_to, zero};
use crate::layer::{Fault, Hook};
use crate::past::Past;
use lockstep::divergence::Moment;
use lockstep::seen::Seen;
use lockstep::snapshot::Snapshot;

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "host-call-stack",
        wrong: "in a host function the calling frame is shown without the last argument",
        hooks: &[at_host_call(|_, stack| {
            if let Some(frame) = innermost(stack) {
                frame.operands.pop();
            }
        })],
    },
    Fault {
        name: "host-call-frames",
        wrong: "in a host function the callers of the calling frame are missing",
        hooks: &[at_host_call(|_, stack| stack.frames.truncate(1))],
    },
    Fault {
        name: "host-call-frame",
        wrong: "in a host function the calling frame is missing",
        hooks: &[at_host_call(|_, stack| {
            if !stack.frames.is_empty() {
                stack.frames.remove(0);
            }
        })],
    },
    Fault {
        name: "host-call-pc",
        wrong: "in a host function the calling frame is shown at the opcode before",
        hooks: &[at_host_call(|past, stack| {
            if let Some(frame) = innermost(stack)
                && let Some(pc) = past.previous(frame)
            {
                move_to(frame, pc);
            }
        })],
    },
    Fault {
        name: "host-call-locals",
        wrong: "in a host function the calling frame's locals are shown as zero",
        hooks: &[at_host_call(|_, stack| each_local(stack, zero))],
    },
    Fault {
        name: "host-argument-missing",
        wrong: "a host function of more than one parameter does not get the last",
        hooks: &[Hook::HostArgs(|args| {
            if args.len() > 1 {
                args.pop();
            }
        })],
    },
    Fault {
        name: "host-argument-cut",
        wrong: "a host function gets an `i64` cut to its low 32 bits",
        hooks: &[Hook::HostArgs(|args| {
            for arg in args {
                if let Seen::I64(v) = arg {
                    *v &= u64::from(u32::MAX);
                }
            }
        })],
    },
];

/// A stack changed while a host function runs.
const fn at_host_call(change: fn(&Past, &mut Snapshot)) -> Hook {
    Hook::Stack(Moment::HostCall, change)
}
