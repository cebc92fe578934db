//! At how many events of the rarer kinds every frame was compared.

use serde::{Deserialize, Serialize};

/// A kind of event at which frames are looked at, other than a breakpoint's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// A `Trap` event of a trap that the specification defines
    Trap,
    /// A stack overflow
    Overflow,
    /// A heap that cannot hold an object
    OutOfMemory,
    /// Fuel that is used up
    OutOfFuel,
    /// An `EpochYield` event
    EpochYield,
    /// A deadline of the epoch at which the program ends
    Deadline,
    /// A segment that traps at instantiation
    SegmentTrap,
    /// A failing host function
    HostError,
    /// A thrown exception
    Throw,
}

impl Look {
    /// Every kind, in the order of reports.
    pub const ALL: [Look; 9] = [
        Look::Trap,
        Look::Overflow,
        Look::OutOfMemory,
        Look::OutOfFuel,
        Look::EpochYield,
        Look::Deadline,
        Look::SegmentTrap,
        Look::HostError,
        Look::Throw,
    ];

    /// The words in reports.
    pub fn name(self) -> &'static str {
        match self {
            Look::Trap => "trap",
            Look::Overflow => "stack overflow",
            Look::OutOfMemory => "out of memory",
            Look::OutOfFuel => "out of fuel",
            Look::EpochYield => "epoch yield",
            Look::Deadline => "epoch deadline",
            Look::SegmentTrap => "segment trap",
            Look::HostError => "host error",
            Look::Throw => "exception",
        }
    }
}

/// Events of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// How many came.
    pub events: u64,
    /// At how many of them every frame was compared.
    pub whole: u64,
}

/// Events by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looks {
    by_kind: [Looked; Look::ALL.len()],
    /// Whether every frame was compared at the event that came last.
    #[serde(skip)]
    last_was_whole: bool,
}

impl Looks {
    /// An event came.
    pub fn event(&mut self, look: Look) {
        self.by_kind[look as usize].events += 1;
        self.last_was_whole = false;
    }

    /// At an event every frame was compared.
    pub fn whole(&mut self, look: Look) {
        self.by_kind[look as usize].whole += 1;
        self.last_was_whole = true;
    }

    /// Whether every frame was compared at the event of these kinds that came last.
    pub fn last_was_whole(&self) -> bool {
        self.last_was_whole
    }

    /// Events of a kind.
    pub fn of(&self, look: Look) -> Looked {
        self.by_kind[look as usize]
    }

    /// The kinds of which there was an event.
    pub fn each(&self) -> impl Iterator<Item = (Look, Looked)> {
        let all = Look::ALL.into_iter().zip(self.by_kind);
        all.filter(|(_, looked)| looked.events > 0)
    }

    /// Adds another execution's.
    pub fn add(&mut self, other: &Looks) {
        for (mine, theirs) in self.by_kind.iter_mut().zip(other.by_kind) {
            mine.events += theirs.events;
            mine.whole += theirs.whole;
        }
    }
}
