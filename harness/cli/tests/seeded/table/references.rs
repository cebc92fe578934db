//! Faults of references to objects, of the objects, and of exceptions and tail calls.

use super::deliveries::{lost, twice};
use super::stacks::{at_break, each_local, each_operand, innermost, top};
use crate::layer::{Fault, Hook};
use lockstep::divergence::Moment;
use lockstep::fault::low_bit;
use lockstep::seen::{ObjectKind, Seen, SeenRef};
use lockstep::snapshot::Snapshot;
use lockstep_oracles::opcode::Opcode;

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "scalar",
        wrong: "a scalar reference on the operand stack is shown with its lowest bit changed",
        hooks: &[at_break(|_, stack| {
            each_operand(stack, |seen| match seen {
                Seen::Ref(hierarchy, SeenRef::I31(value)) => {
                    Seen::Ref(hierarchy, SeenRef::I31(value ^ 1))
                }
                other => other,
            });
        })],
    },
    Fault {
        name: "object-null",
        wrong: "a reference to an object in a local is shown as null",
        hooks: &[at_break(|_, stack| each_local(stack, null))],
    },
    Fault {
        name: "object-first",
        wrong: "every reference to a structure on the operand stack is shown as the lowest one",
        hooks: &[at_break(|_, stack| {
            let mut first = None;
            each_operand_of(stack, ObjectKind::Struct, |seen| {
                *seen = *first.get_or_insert(*seen);
            });
        })],
    },
    Fault {
        name: "object-type",
        wrong: "a structure is shown with the type of the subject that comes before its own",
        hooks: &[at_break(|_, stack| {
            each_operand_of(stack, ObjectKind::Struct, |seen| {
                if let Seen::Ref(_, SeenRef::Object(object)) = seen {
                    object.ty = object.ty.saturating_sub(1);
                }
            });
        })],
    },
    Fault {
        name: "field",
        wrong: "the first field or element of an object is shown with its lowest bit changed",
        hooks: &[at_break(|_, stack| {
            let objects = stack.objects.values_mut();
            objects
                .filter_map(|object| object.fields.first_mut())
                .for_each(|field| *field = low_bit(*field));
        })],
    },
    Fault {
        name: "array-length",
        wrong: "the last element of an array is missing",
        hooks: &[at_break(|_, stack| {
            for slot in arrays(stack) {
                if let Some(object) = stack.objects.get_mut(&slot) {
                    object.fields.pop();
                }
            }
        })],
    },
    Fault {
        name: "cast-null",
        wrong: "what `ref.cast` leaves is shown as null",
        hooks: &[at_break(|past, stack| {
            if past
                .behind(stack, &[Opcode::RefCastNullable, Opcode::RefCastNonNull])
                .is_some()
            {
                top(stack, null);
            }
        })],
    },
    Fault {
        name: "throw-lost",
        wrong: "the event of an exception is lost",
        hooks: &[Hook::Event(Moment::Throw, |_, _| lost(true))],
    },
    Fault {
        name: "throw-twice",
        wrong: "the event of an exception in a callee comes twice",
        hooks: &[Hook::Event(Moment::Throw, |_, stack| {
            twice(stack.frames.len() >= 2)
        })],
    },
    Fault {
        name: "throw-payload",
        wrong: "the event of an exception tells another last value",
        hooks: &[Hook::Throw(|seen| {
            if let Some(value) = seen.exception.payload.last_mut() {
                *value = low_bit(*value);
            }
        })],
    },
    Fault {
        name: "throw-tag",
        wrong: "the event of an exception tells none of the case's tags",
        hooks: &[Hook::Throw(|seen| seen.exception.tag = None)],
    },
    Fault {
        name: "throw-frames",
        wrong: "at the event of an exception only the innermost frame is shown",
        hooks: &[Hook::Stack(Moment::Throw, |_, stack| {
            stack.frames.truncate(1)
        })],
    },
    Fault {
        name: "throw-operand",
        wrong: "at the event of an exception the top operand of the frame that throws is missing",
        hooks: &[Hook::Stack(Moment::Throw, |_, stack| {
            if let Some(frame) = innermost(stack) {
                frame.operands.pop();
            }
        })],
    },
    Fault {
        name: "throw-local",
        wrong: "at the event of an exception the locals are shown with the lowest bit changed",
        hooks: &[Hook::Stack(Moment::Throw, |_, stack| {
            each_local(stack, low_bit)
        })],
    },
    Fault {
        name: "caught-operand",
        wrong: "what a handler leaves of an exception is shown with its lowest bit changed",
        hooks: &[at_break(|past, stack| {
            if past.thrown {
                top(stack, low_bit);
            }
        })],
    },
    Fault {
        name: "tail-caller",
        wrong: "a frame that a tail call replaced is shown below the callee's",
        hooks: &[at_break(|past, stack| {
            let tail = [
                Opcode::ReturnCall,
                Opcode::ReturnCallIndirect,
                Opcode::ReturnCallRef,
            ];
            if past.has_run(&tail)
                && past.is_entry(stack)
                && let Some(before) = &past.before
            {
                let frame = before.frame.clone();
                stack.frames.insert(1, frame);
            }
        })],
    },
    Fault {
        name: "tail-lost",
        wrong: "the first event behind a tail call is lost",
        hooks: &[Hook::Event(Moment::Breakpoint, |past, stack| {
            let tail = [
                Opcode::ReturnCall,
                Opcode::ReturnCallIndirect,
                Opcode::ReturnCallRef,
            ];
            lost(past.has_run(&tail) && past.is_entry(stack))
        })],
    },
];

/// Null in the place of an object.
fn null(seen: Seen) -> Seen {
    match seen {
        Seen::Ref(hierarchy, SeenRef::Object(_)) => Seen::Ref(hierarchy, SeenRef::Null),
        other => other,
    }
}

/// Changes each operand of the innermost frame that refers to an object of this kind.
fn each_operand_of(stack: &mut Snapshot, kind: ObjectKind, mut change: impl FnMut(&mut Seen)) {
    let operands = innermost(stack).map(|frame| &mut frame.operands);
    for operand in operands.into_iter().flatten().flatten() {
        if operand.object().is_some_and(|object| object.kind == kind) {
            change(operand);
        }
    }
}

/// The arrays that the innermost frame's operands refer to, by slot.
fn arrays(stack: &mut Snapshot) -> Vec<u32> {
    let mut slots = Vec::new();
    each_operand_of(stack, ObjectKind::Array, |seen| {
        slots.extend(seen.object().map(|object| object.slot));
    });
    slots
}
