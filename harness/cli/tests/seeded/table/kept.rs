//! Faults of what the debugger keeps: handles to frames, exceptions and objects.

use super::actions::{COLLECTED, acts};
use crate::layer::{Fault, Hook};
use lockstep::fault::low_bit;
use lockstep::lockstep::held_frame::HeldFrame;
use lockstep::schedule::action::Action;
use lockstep::seen::{Seen, SeenRef};

/// Versions before have a cursor, which cannot be kept.
const HANDLES: Hook = Hook::Since(43);

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "frame-stale",
        wrong: "a frame's handle is stale before execution is resumed",
        hooks: &[
            HANDLES,
            HOLDS_FRAME,
            Hook::HeldFrame(|held| {
                if *held == HeldFrame::Valid {
                    *held = HeldFrame::Stale {
                        answers: Vec::new(),
                    };
                }
            }),
        ],
    },
    Fault {
        name: "frame-valid",
        wrong: "a frame's handle is valid for ever",
        hooks: &[
            HANDLES,
            HOLDS_FRAME,
            Hook::HeldFrame(|held| {
                if matches!(held, HeldFrame::Stale { .. }) {
                    *held = HeldFrame::Valid;
                }
            }),
        ],
    },
    Fault {
        name: "frame-answers",
        wrong: "a stale handle to a frame answers how many locals there are",
        hooks: &[
            HANDLES,
            HOLDS_FRAME,
            Hook::HeldFrame(|held| {
                if let HeldFrame::Stale { answers } = held {
                    answers.push("num_locals");
                }
            }),
        ],
    },
    Fault {
        name: "exception-kept",
        wrong: "a handle to an exception shows another first value",
        hooks: &[
            HOLDS_EXCEPTION,
            Hook::HeldException(|seen| {
                if let Some(value) = seen.payload.first_mut() {
                    *value = low_bit(*value);
                }
            }),
        ],
    },
    Fault {
        name: "object-kept",
        wrong: "a handle to an object shows null after a collection",
        hooks: &[
            COLLECTED,
            Hook::Handle(|held| {
                if let Seen::Ref(hierarchy, SeenRef::Object(_)) = *held {
                    *held = Seen::Ref(hierarchy, SeenRef::Null);
                }
            }),
        ],
    },
];

/// Only in such cases the debugger keeps a frame's handle.
const HOLDS_FRAME: Hook =
    Hook::Needs(|case| acts(case, |action| matches!(action, Action::HoldFrame(_))));

/// Only in such cases it keeps an exception's.
const HOLDS_EXCEPTION: Hook =
    Hook::Needs(|case| acts(case, |action| matches!(action, Action::HoldException(_))));
