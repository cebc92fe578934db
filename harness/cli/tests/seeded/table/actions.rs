//! Faults of what the debugger does beside edits: what it keeps, writes, and asks the store for.

use super::stacks::{each_local, zero};
use crate::layer::{Fault, Hook};
use lockstep::case::Case;
use lockstep::divergence::Moment;
use lockstep::outcome::Outcome;
use lockstep::schedule::action::Action;
use lockstep::seen::{Seen, SeenExtern};

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "frames-at-rest",
        wrong: "a frame is shown where nothing runs",
        hooks: &[
            LISTED,
            Hook::Items(|items| items.frames = items.frames.map(|frames| frames + 1)),
        ],
    },
    Fault {
        name: "handler-lost",
        wrong: "the store does not keep a handler",
        hooks: &[HANDLED, Hook::Handlers(|handlers| handlers.last = false)],
    },
    Fault {
        name: "handler-kept",
        wrong: "a handler that was replaced is not dropped",
        hooks: &[HANDLED, Hook::Handlers(|handlers| handlers.others += 1)],
    },
    Fault {
        name: "handler-first",
        wrong: "events go to the handler that was set first",
        hooks: &[HANDLED, Hook::HandledBy(|handler| *handler = 0)],
    },
    Fault {
        name: "write-refused",
        wrong: "a write through an entity's handle fails",
        hooks: &[
            WRITTEN,
            Hook::Wrote(|made| made.and(Err("it is read-only".to_owned()))),
        ],
    },
    Fault {
        name: "instance-refused",
        wrong: "an instance that the debugger asks for is not made",
        hooks: &[
            INSTANTIATED,
            Hook::InstantiatedAgain(|outcome| *outcome = Outcome::Failed("no room".to_owned())),
        ],
    },
    Fault {
        name: "locals-after-call",
        wrong: "when a call of the debugger's has ended, the locals are shown as zero",
        hooks: &[
            CALLED,
            Hook::Stack(Moment::Action, |_, stack| each_local(stack, zero)),
        ],
    },
    Fault {
        name: "frames-after-call",
        wrong: "when a call of the debugger's has ended, the outermost frame is missing",
        hooks: &[
            CALLED,
            Hook::Stack(Moment::Action, |_, stack| {
                stack.frames.pop();
            }),
        ],
    },
    Fault {
        name: "collection-refused",
        wrong: "a collection of garbage fails where the debugger asks for it",
        hooks: &[
            COLLECTED,
            Hook::Collection(|refused| *refused = Some("not at an event".to_owned())),
        ],
    },
    Fault {
        name: "collection-moves",
        wrong: "after a collection an external reference in a local is shown as another",
        hooks: &[
            COLLECTED,
            Hook::Stack(Moment::Collection, |_, stack| {
                each_local(stack, |seen| match seen {
                    Seen::Extern(Some(SeenExtern::Number(n))) => {
                        Seen::Extern(Some(SeenExtern::Number(n + 1)))
                    }
                    other => other,
                });
            }),
        ],
    },
];

/// Only in such cases the store is asked for what it lists.
pub(super) const LISTED: Hook =
    Hook::Needs(|case| acts(case, |action| matches!(action, Action::ListItems(_))));

/// Only in such cases the debugger writes.
pub(super) const WRITTEN: Hook = Hook::Needs(|case| {
    acts(case, |action| {
        matches!(
            action,
            Action::WriteGlobal(_) | Action::WriteMemory(_) | Action::WriteElement(_)
        )
    })
});

/// Only in such cases the store's handler is set or cleared.
const HANDLED: Hook = Hook::Needs(|case| {
    acts(case, |action| {
        matches!(action, Action::SetHandler(_) | Action::ClearHandler(_))
    })
});

/// Only in such cases the debugger calls a function.
const CALLED: Hook =
    Hook::Needs(|case| acts(case, |action| matches!(action, Action::CallFunction(_))));

/// Only in such cases it registers a module.
pub(super) const REGISTERED: Hook =
    Hook::Needs(|case| acts(case, |action| matches!(action, Action::RegisterModule(_))));

/// Only in such cases the debugger makes an instance.
const INSTANTIATED: Hook =
    Hook::Needs(|case| acts(case, |action| matches!(action, Action::Instantiate(_))));

/// Only in such cases garbage is collected.
pub(super) const COLLECTED: Hook = Hook::Needs(|case| case.schedule.collect > 0);

pub(super) fn acts(case: &Case, is_one: fn(&Action) -> bool) -> bool {
    case.schedule.actions.iter().any(|act| is_one(&act.action))
}
