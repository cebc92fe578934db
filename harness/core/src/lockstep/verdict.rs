//! What is decided of an event, of an invocation, and of a case that ends early.

use crate::causes::Cause;
use crate::outcome::HostFailure;
use crate::report::{counted, grouped};
use crate::rules::RuleId;
use lockstep_oracles::address::ExnAddr;
use lockstep_oracles::trap::{Exhaustion, Trap};
use lockstep_oracles::value::Value;
use std::time::Duration;

/// Whether the subject goes on after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// Go on.
    Continue,
    /// Stop the guest: control diverged, or a limit of the harness is reached.
    Stop,
}

/// Why a case ends early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The two sides are no longer at the same place.
    Control(RuleId),
    /// A cause explains a difference after which nothing can be compared
    Known(Cause),
    /// What this cause forbids was done on purpose.
    Dared(Cause),
    /// More events than the case may have.
    EventLimit(u64),
    /// More values were compared than the case may have.
    ValueLimit(u64),
    /// The oracle reached a limit of its own.
    OracleLimit(Exhaustion),
    /// The oracle passed so many sequence points without an event that it is not run on.
    PointLimit(u64),
    /// The program is about to wait: for longer than it is waited for, or for ever.
    Wait(Duration),
    /// The oracle is about to use a NaN that the specification leaves open and that was not seen.
    UnseenNan,
    /// An earlier exhaustion left the two sides in different states, and the program shows it.
    OtherState,
    /// The Canonical ABI traps, and the adapter has core code allocate before it does.
    AdapterGoesOn,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ended::Control(rule) => write!(f, "control diverged earlier in this case ({rule})"),
            Ended::Known(cause) => write!(f, "a known cause ends this execution ({cause})"),
            Ended::Dared(cause) => write!(f, "the case dares {cause}, and ends there"),
            Ended::EventLimit(n) => {
                write!(f, "the case reached its limit of {}", counted(*n, "event"))
            }
            Ended::ValueLimit(n) => {
                let values = counted(*n, "value");
                write!(f, "the case reached its limit of {values} compared")
            }
            Ended::PointLimit(n) => {
                let points = counted(*n, "sequence point");
                write!(f, "the oracle passed {points} without an event")
            }
            Ended::Wait(Duration::MAX) => f.write_str("the program waits for ever"),
            Ended::Wait(time) => write!(f, "the program waits for {} s", grouped(time.as_secs())),
            Ended::UnseenNan => f.write_str(
                "a NaN that the specification leaves open is used, and its slot cannot be read",
            ),
            Ended::OtherState => {
                f.write_str("an earlier exhaustion left the two executions in different states")
            }
            Ended::AdapterGoesOn => {
                f.write_str("an adapter allocates where the Canonical ABI traps, before it does")
            }
            Ended::OracleLimit(limit) => write!(f, "the oracle reached its limit ({limit:?})"),
        }
    }
}

/// How an invocation compares with the oracle's.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Both ended alike (or a divergence of data was recorded): what the oracle says.
    Ended(Expected),
    /// The subject used up a resource where the oracle allows it.
    Exhausted,
    /// The debugger dropped the call.
    Dropped,
    /// Lockstep could not be kept to the end; the reason is in [`Driver::ended`](crate::lockstep::driver::Driver::ended).
    Lost,
}

/// How the oracle says an invocation ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// With these results.
    Returned(Vec<Value>),
    /// With this trap.
    Trapped(Trap),
    /// With the error of a host function.
    HostFailed(HostFailure),
    /// With this exception.
    Thrown(ExnAddr),
}

impl Expected {
    /// A short description for people.
    pub fn describe(&self) -> String {
        match self {
            Expected::Returned(values) => {
                let values: Vec<_> = values.iter().map(Value::to_string).collect();
                format!("returned ({})", values.join(", "))
            }
            Expected::Trapped(trap) => format!("trapped: {trap}"),
            Expected::HostFailed(failure) => failure.to_string(),
            Expected::Thrown(exception) => format!("threw exception {exception}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_written_for_people() {
        for (ended, text) in [
            (
                Ended::EventLimit(1_000_000),
                "its limit of 1,000,000 events",
            ),
            (Ended::EventLimit(1), "its limit of 1 event"),
            (
                Ended::ValueLimit(3000),
                "its limit of 3,000 values compared",
            ),
            (
                Ended::PointLimit(20_000),
                "passed 20,000 sequence points without",
            ),
        ] {
            let said = ended.to_string();
            assert!(said.contains(text), "{said}");
        }
    }
}
