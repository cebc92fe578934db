//! How an invocation ended, as the subject reports it, in no engine's terms.

use crate::seen::Seen;
use lockstep_oracles::address::TagAddr;
use lockstep_oracles::trap::Trap;

/// A trap as the subject classifies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SeenTrap {
    /// One that the specification defines. `OutOfBoundsTableAccess` stands for an undefined
    /// element too, and `NullReference` for every use of null: the subject has one code for each.
    Wasm(Trap),
    /// The engine's stack is used up.
    StackOverflow,
    /// The engine's heap cannot hold an object.
    OutOfMemory,
    /// The fuel that the engine was given is used up.
    OutOfFuel,
    /// The epoch reached the store's deadline.
    Interrupt,
    /// A trap that Wasm does not have, by the engine's name for it.
    Other(&'static str),
}

impl SeenTrap {
    /// Whether the subject's trap is the expected one.
    pub fn is(self, expected: Trap) -> bool {
        match self {
            SeenTrap::Wasm(Trap::OutOfBoundsTableAccess) => {
                matches!(
                    expected,
                    Trap::OutOfBoundsTableAccess | Trap::UndefinedElement
                )
            }
            SeenTrap::Wasm(Trap::NullReference) => matches!(
                expected,
                Trap::NullReference
                    | Trap::NullFunctionReference
                    | Trap::NullStructureReference
                    | Trap::NullArrayReference
                    | Trap::NullI31Reference
                    | Trap::NullExceptionReference
            ),
            SeenTrap::Wasm(trap) => trap == expected,
            SeenTrap::StackOverflow
            | SeenTrap::OutOfMemory
            | SeenTrap::OutOfFuel
            | SeenTrap::Interrupt
            | SeenTrap::Other(_) => false,
        }
    }
}

impl std::fmt::Display for SeenTrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SeenTrap::Wasm(trap) => trap.fmt(f),
            SeenTrap::StackOverflow => f.write_str("stack overflow"),
            SeenTrap::OutOfMemory => f.write_str("out of memory"),
            SeenTrap::OutOfFuel => f.write_str("out of fuel"),
            SeenTrap::Interrupt => f.write_str("interrupt"),
            SeenTrap::Other(name) => f.write_str(name),
        }
    }
}

/// A host function's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum HostFailure {
    /// The function failed; it is known by the number of its call.
    #[error("host function failed (host call {0})")]
    Call(u64),
    /// The program asked for its end, with this exit code.
    #[error("the program ended with exit code {0}")]
    Exit(u32),
    /// The store's limiter failed where a memory was to grow.
    #[error("the store's limiter failed the growth of a memory")]
    MemoryGrowth,
    /// The store's limiter failed where a table was to grow.
    #[error("the store's limiter failed the growth of a table")]
    TableGrowth,
    /// The callback for the epoch's deadline failed.
    #[error("the callback for the epoch's deadline failed")]
    Deadline,
    /// The debugger took the exception that was thrown; nobody threw another.
    #[error("an exception was thrown, and is no longer pending")]
    TakenException,
}

/// An exception as the subject shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenException {
    /// The reference.
    pub reference: Seen,
    /// Its tag, or `None` if the case holds none such.
    pub tag: Option<TagAddr>,
    /// Its payload.
    pub payload: Vec<Seen>,
}

impl std::fmt::Display for SeenException {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.tag {
            Some(tag) => write!(f, "exception of tag {tag} (")?,
            None => f.write_str("exception of an unknown tag (")?,
        }
        for (n, value) in self.payload.iter().enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            write!(f, "{comma}{value}")?;
        }
        f.write_str(")")
    }
}

/// How an invocation or an instantiation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// With results.
    Returned(Vec<Seen>),
    /// With a trap.
    Trapped(SeenTrap),
    /// With the error of a host function.
    HostFailed(HostFailure),
    /// With an exception that nothing caught.
    Thrown(SeenException),
    /// The module does not link: a missing or ill-typed import.
    Unlinkable(String),
    /// A resource that the harness limits on purpose is used up (memory or table size).
    LimitReached(String),
    /// With an error that none of the above describes.
    Failed(String),
    /// The engine panicked.
    Panicked(String),
    /// The harness stopped the guest: control diverged, or a limit of the harness was reached.
    Stopped,
}

impl Outcome {
    /// A short description for people.
    pub fn describe(&self) -> String {
        match self {
            Outcome::Returned(values) => {
                let values: Vec<_> = values.iter().map(Seen::to_string).collect();
                format!("returned ({})", values.join(", "))
            }
            Outcome::Trapped(trap) => format!("trapped: {trap}"),
            Outcome::HostFailed(failure) => failure.to_string(),
            Outcome::Thrown(exception) => format!("threw an {exception}"),
            Outcome::Unlinkable(message) => format!("does not link: {message}"),
            Outcome::LimitReached(message) => format!("limit reached: {message}"),
            Outcome::Failed(message) => format!("failed: {message}"),
            Outcome::Panicked(message) => format!("the engine panicked: {message}"),
            Outcome::Stopped => "stopped by the harness".to_owned(),
        }
    }
}
