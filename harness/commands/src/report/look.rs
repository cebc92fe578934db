//! What a reproducer looks at, and what it must see there.

use lockstep_core::version::Version;
use serde::Serialize;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// The PC of a frame
    Pc,
    /// The function of a frame
    Function,
    /// How many operands a frame has
    Operands,
    /// That a frame has at most so many operands
    OperandsAtMost,
    /// The type of an operand
    OperandType,
    /// The value of an operand
    Operand,
    /// The value of a local
    Local,
    /// How many frames there are
    Frames,
    /// Which event comes where the program ends
    Ending,
    /// The error of a `HostcallError` event
    HostError,
    /// How many `Breakpoint` events come
    Events,
    /// The breakpoints that the store lists
    Listed,
    /// What the calls return
    Result,
    /// Every frame is read
    Walk,
    /// The functions of every frame, each asked for its instance
    Stacks,
    /// Garbage is collected
    Collect,
    /// The exception of the event is taken
    Take,
    /// Whether the exception of the event is pending behind a call
    Pending,
    /// The handler panics
    Panic,
    /// Nothing; the process must live
    Survive,
    /// Whether the module compiles
    Refused,
    /// Whether a frame's handle is valid after the calls
    Held,
    /// How many `Breakpoint` events come after the first call was dropped
    Dropped,
    /// The indices of the instances that the store lists
    Positions,
    /// How a call of a component ends
    Component,
}

/// What a reproducer looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Look {
    pub(super) kind: Kind,
    /// The event at which it looks, as a pattern; none if it does not look at one.
    pub(super) event: Option<&'static str>,
    /// After how many `Breakpoint` events; none at the first such event.
    pub(super) after: Option<u64>,
    /// Whether it looks once.
    pub(super) once: bool,
    /// Frame, 0 innermost.
    pub(super) frame: usize,
    /// Which operand or local.
    pub(super) index: u32,
    /// The accessor of a value.
    pub(super) accessor: &'static str,
    /// What the number is that a component's call returns.
    pub(super) quantity: &'static str,
    /// The first PC that is right.
    pub(super) low: u32,
    /// The first PC behind those that are right, or the largest number.
    pub(super) high: u32,
    /// Whether frames are asked for their instances; otherwise their locals are read.
    pub(super) instances: bool,
    /// Whether it collects garbage there, and looks later.
    pub(super) collects: bool,
    /// Whether it puts an equal exception in the place of the one that was thrown, before it collects.
    pub(super) replaces: bool,
    /// The export that is called at the event.
    pub(super) nested: Option<String>,
    /// What must be seen.
    pub(super) expected: String,
    /// What is seen if nothing is.
    pub(super) default: Option<&'static str>,
    /// Whether the process may die of it.
    pub(super) dies: bool,
}

/// A `Breakpoint` event.
pub(super) const BREAKPOINT: &str = "DebugEvent::Breakpoint";
/// A `Trap` event.
pub(super) const TRAP: &str = "DebugEvent::Trap(_)";
/// The event of a trap, be it one of a trap or of an error.
pub(super) const ENDING: &str = "DebugEvent::Trap(_) | DebugEvent::HostcallError(_)";
/// The event of an exception that is caught.
pub(super) const CAUGHT: &str = "DebugEvent::CaughtExceptionThrown(_)";
/// The same from 46 on: nobody has looked yet who catches it.
const THROWN: &str = "DebugEvent::Exception(_)";
/// An `EpochYield` event.
pub(super) const EPOCH: &str = "DebugEvent::EpochYield";

impl Look {
    pub(super) fn new(kind: Kind, expected: impl Into<String>) -> Look {
        Look {
            kind,
            event: None,
            after: None,
            once: false,
            frame: 0,
            index: 0,
            accessor: "",
            quantity: "",
            low: 0,
            high: 0,
            instances: false,
            collects: false,
            replaces: false,
            nested: None,
            expected: expected.into(),
            default: None,
            dies: false,
        }
    }

    /// Something that the process may not survive, at every event of a pattern.
    pub(super) fn fatal(kind: Kind, event: &'static str, expected: &'static str) -> Look {
        Look {
            event: Some(event),
            default: Some(expected),
            dies: true,
            ..Look::new(kind, expected)
        }
    }

    /// The same, in the words of a version.
    pub(super) fn spelled(self, version: Version) -> Look {
        let one = version.release() >= 46;
        Look {
            event: self.event.map(|event| match event {
                CAUGHT if one => THROWN,
                event => event,
            }),
            ..self
        }
    }

    /// The frame that it looks at, 0 innermost.
    pub(super) fn frame(&self) -> usize {
        self.frame
    }

    /// The moment at which it looks, in words.
    pub(super) fn moment(&self) -> Option<String> {
        let event = match self.event? {
            BREAKPOINT => "`Breakpoint` event",
            TRAP => "`Trap` event",
            EPOCH => "`EpochYield` event",
            CAUGHT => "`CaughtExceptionThrown` event",
            THROWN => "`Exception` event",
            _ => "event of the trap",
        };
        Some(match self.after {
            Some(after) => format!("the {event} after {after} `Breakpoint` events"),
            None if self.dies => format!("each {event}"),
            None => format!("the {event}"),
        })
    }

    /// Whether it counts `Breakpoint` events.
    pub(super) fn counts(&self) -> bool {
        self.after.is_some() || self.kind == Kind::Events
    }

    /// Whether a function of its own looks.
    pub(super) fn is_at_a_frame(&self) -> bool {
        !matches!(
            self.kind,
            Kind::Ending
                | Kind::HostError
                | Kind::Events
                | Kind::Listed
                | Kind::Result
                | Kind::Collect
                | Kind::Take
                | Kind::Pending
                | Kind::Panic
                | Kind::Survive
                | Kind::Refused
                | Kind::Held
                | Kind::Dropped
                | Kind::Positions
                | Kind::Component
        )
    }

    /// Whether what was seen is kept in the store.
    pub(super) fn keeps(&self) -> bool {
        !matches!(
            self.kind,
            Kind::Listed
                | Kind::Result
                | Kind::Held
                | Kind::Dropped
                | Kind::Positions
                | Kind::Component
        )
    }

    /// Whether the handler looks at its event, and changes what is kept.
    pub(super) fn uses_event(&self) -> bool {
        let kinds = [Kind::Ending, Kind::HostError, Kind::Events];
        self.event.is_some() || self.counts() || kinds.contains(&self.kind)
    }
}
