//! Faults of the accessors of an instance's entities.

use crate::layer::{Fault, Hook};
use lockstep::lockstep::accessors::{Accessed, Accessor, Denoted};

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "imported-entity-not-found",
        wrong: "a second instance's first memory, global or table is not found by its index",
        hooks: &[Hook::Access(|_, instance, (accessor, index), accessed| {
            if instance.0 > 0 && index == 0 && accessor != Accessor::Function {
                *accessed = Accessed::Nothing;
            }
        })],
    },
    Fault {
        name: "function-not-found",
        wrong: "the accessor of functions does not find the first",
        hooks: &[Hook::Access(|_, _, (accessor, index), accessed| {
            if (accessor, index) == (Accessor::Function, 0) {
                *accessed = Accessed::Nothing;
            }
        })],
    },
    Fault {
        name: "table-found-past-the-end",
        wrong: "the accessor of tables finds one past the end",
        hooks: &[Hook::Access(|_, _, (accessor, _), accessed| {
            if accessor == Accessor::Table && *accessed == Accessed::Nothing {
                *accessed = Accessed::Handle(Denoted::default());
            }
        })],
    },
    Fault {
        name: "memory-found-as-shared",
        wrong: "the accessor of shared memories finds one that is not shared",
        hooks: &[Hook::Access(
            |past, instance, (accessor, index), accessed| {
                let plain = past.accessed.get(&(instance.0, Accessor::Memory, index));
                if accessor == Accessor::SharedMemory
                    && let Some(found) = plain
                {
                    *accessed = *found;
                }
            },
        )],
    },
    Fault {
        name: "global-found-defined",
        wrong: "the accessor of globals finds no imported one",
        hooks: &[Hook::Access(
            |past, instance, (accessor, index), accessed| {
                if accessor == Accessor::Global && index < past.imported_globals(instance) {
                    *accessed = Accessed::Nothing;
                }
            },
        )],
    },
    Fault {
        name: "functions-as-one",
        wrong: "a function is found as the same one of the instance before",
        hooks: &[Hook::Access(
            |past, instance, (accessor, index), accessed| {
                let before = instance
                    .0
                    .checked_sub(1)
                    .map(|before| (before, accessor, index));
                let before = before.and_then(|before| past.accessed.get(&before));
                if accessor == Accessor::Function
                    && *accessed != Accessed::Nothing
                    && let Some(found @ Accessed::Handle(_)) = before
                {
                    *accessed = *found;
                }
            },
        )],
    },
];
