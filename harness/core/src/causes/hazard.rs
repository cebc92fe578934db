//! What a hazard forbids, and which hazards a case dares.

use super::{Cause, Kind, NoCause};
use std::fmt;
use std::str::FromStr;

/// What a hazard forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hazard {
    /// To read a slot of a frame
    Slot,
    /// To look at a frame, or to ask for its instance
    Frame,
    /// To collect garbage
    Collection,
    /// To ask for events
    Events,
    /// To take an exception that was thrown
    Exception,
    /// To panic in the handler
    Panic,
}

impl Hazard {
    /// Every kind.
    pub const ALL: [Hazard; 6] = [
        Hazard::Slot,
        Hazard::Frame,
        Hazard::Collection,
        Hazard::Events,
        Hazard::Exception,
        Hazard::Panic,
    ];

    /// What the cause forbids; none if it is no hazard.
    pub fn of(cause: Cause) -> Option<Hazard> {
        Some(match cause {
            Cause::V128Slot | Cause::UnsetLocal | Cause::TrapSlot | Cause::LibcallSlot => {
                Hazard::Slot
            }
            Cause::InlinedTryCall
            | Cause::InlinedTrap
            | Cause::InlinedLibcall
            | Cause::OverflowFrame
            | Cause::EpochFrame
            | Cause::StartupFrame => Hazard::Frame,
            Cause::UnsetRoot | Cause::IfParamRoot | Cause::HostRoot | Cause::ThrownRoot => {
                Hazard::Collection
            }
            Cause::PulleyIntegers => Hazard::Events,
            Cause::TakenException => Hazard::Exception,
            Cause::PanickedHandler => Hazard::Panic,
            _ => return None,
        })
    }

    /// The word in case files.
    pub fn name(self) -> &'static str {
        match self {
            Hazard::Slot => "slot",
            Hazard::Frame => "frame",
            Hazard::Collection => "collection",
            Hazard::Events => "events",
            Hazard::Exception => "exception",
            Hazard::Panic => "panic",
        }
    }
}

/// Of 100 dares of a cause that is there, so many confirm it at least.
///
/// Measured with `lockstep run --only generated --dare`, 1,200 cases on 42.0.2 and 600 on 48.0.8, and rounded
/// down: `INLINED-TRAP` 4 of 44, `PULLEY-INTEGERS` 17 of 75, `UNSET-LOCAL` 15 of 27, and 5 of 12 on 42.0.2
/// alone. Of the others that were dared often, `EPOCH-FRAME` had the fewest, 50 of 78. Those that were dared
/// less than ten times are taken to be confirmed half of the time.
fn confirming(cause: Cause) -> f64 {
    let hundredths = match cause {
        Cause::InlinedTrap => 9,
        Cause::PulleyIntegers => 22,
        Cause::UnsetLocal => 40,
        _ => 50,
    };
    f64::from(hundredths) / 100.0
}

/// The chance that a cause that is there is called gone.
const MISTAKEN: f64 = 0.001;

/// After how many dares of which none confirmed it a cause is called gone: if it were still there, that would
/// come about once in 1,000 times.
pub fn dares_to_tell(cause: Cause) -> u64 {
    let dares = MISTAKEN.ln() / (1.0 - confirming(cause)).ln();
    dares.ceil() as u64
}

/// Which hazard a case dares: it does once what is forbidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dare {
    /// This one. A case of the corpus expects that it is confirmed.
    Cause(Cause),
    /// The first of a kind that the case meets.
    Kind(Hazard),
    /// The first that the case meets.
    Any,
}

/// The word for [`Dare::Any`].
const ANY: &str = "any";

impl Dare {
    /// Whether this is a hazard to be dared.
    pub fn includes(self, cause: Cause) -> bool {
        let hazard = Hazard::of(cause);
        match self {
            Dare::Cause(wanted) => wanted == cause && hazard.is_some(),
            Dare::Kind(kind) => hazard == Some(kind),
            Dare::Any => hazard.is_some(),
        }
    }
}

impl fmt::Display for Dare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dare::Cause(cause) => cause.fmt(f),
            Dare::Kind(kind) => f.write_str(kind.name()),
            Dare::Any => f.write_str(ANY),
        }
    }
}

/// A text names nothing that can be dared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDare {
    /// There is no such cause
    #[error("{0}, or write any, slot, frame, collection, events, exception or panic")]
    NoCause(#[from] NoCause),
    /// It forbids nothing
    #[error("the cause {0} forbids nothing that could be dared")]
    NoHazard(Cause),
}

impl FromStr for Dare {
    type Err = NoDare;

    fn from_str(text: &str) -> Result<Dare, NoDare> {
        if text == ANY {
            return Ok(Dare::Any);
        }
        if let Some(kind) = Hazard::ALL.into_iter().find(|kind| kind.name() == text) {
            return Ok(Dare::Kind(kind));
        }
        let cause: Cause = text.parse()?;
        match cause.row().kind {
            Kind::Forbids => Ok(Dare::Cause(cause)),
            _ => Err(NoDare::NoHazard(cause)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarer_a_dare_confirms_the_more_it_takes_to_tell() {
        let of = dares_to_tell;
        assert_eq!((of(Cause::V128Slot), of(Cause::InlinedTrap)), (10, 74));
        assert_eq!((of(Cause::UnsetLocal), of(Cause::PulleyIntegers)), (14, 28));
    }

    #[test]
    fn every_cause_that_forbids_is_a_hazard_of_a_kind() {
        for &cause in Cause::ALL {
            let forbids = cause.row().kind == Kind::Forbids;
            assert_eq!(Hazard::of(cause).is_some(), forbids, "{cause}");
            assert_eq!(Dare::Any.includes(cause), forbids, "{cause}");
        }
    }

    #[test]
    fn a_dare_is_read_as_it_is_written() {
        let kinds = Hazard::ALL.map(Dare::Kind);
        for dare in kinds
            .into_iter()
            .chain([Dare::Any, Dare::Cause(Cause::V128Slot)])
        {
            assert_eq!(dare.to_string().parse(), Ok(dare));
        }
        let explains = "TRAP-PC".parse::<Dare>();
        assert_eq!(explains, Err(NoDare::NoHazard(Cause::TrapPc)));
        assert!("NONE".parse::<Dare>().is_err());
    }

    #[test]
    fn a_kind_includes_its_own_causes_alone() {
        assert!(Dare::Kind(Hazard::Slot).includes(Cause::UnsetLocal));
        assert!(!Dare::Kind(Hazard::Slot).includes(Cause::UnsetRoot));
        assert!(!Dare::Cause(Cause::V128Slot).includes(Cause::UnsetLocal));
    }
}
