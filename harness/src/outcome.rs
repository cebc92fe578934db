//! How an invocation ended, as the subject reports it, in no engine's terms.

use crate::seen::Seen;
use lockstep_oracles::trap::Trap;

/// A trap as the subject classifies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SeenTrap {
    /// One that the specification defines. `OutOfBoundsTableAccess` stands for an undefined
    /// element too: the subject has one code for both.
    Wasm(Trap),
    /// The engine's stack is used up.
    StackOverflow,
    /// A trap that Wasm 2.0 does not have, by the engine's name for it.
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
            SeenTrap::Wasm(trap) => trap == expected,
            SeenTrap::StackOverflow | SeenTrap::Other(_) => false,
        }
    }
}

impl std::fmt::Display for SeenTrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SeenTrap::Wasm(trap) => trap.fmt(f),
            SeenTrap::StackOverflow => f.write_str("stack overflow"),
            SeenTrap::Other(name) => f.write_str(name),
        }
    }
}

/// A failing host function's error, known by the number of its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("host function failed (host call {0})")]
pub struct HostFailure(pub u64);

/// How an invocation or an instantiation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// With results.
    Returned(Vec<Seen>),
    /// With a trap.
    Trapped(SeenTrap),
    /// With the error of a host function.
    HostFailed(HostFailure),
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
            Outcome::Unlinkable(message) => format!("does not link: {message}"),
            Outcome::LimitReached(message) => format!("limit reached: {message}"),
            Outcome::Failed(message) => format!("failed: {message}"),
            Outcome::Panicked(message) => format!("the engine panicked: {message}"),
            Outcome::Stopped => "stopped by the harness".to_owned(),
        }
    }
}
