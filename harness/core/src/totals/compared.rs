//! What was compared, and what was left out.

use super::is_zero;
use crate::causes::LeftOut;
use crate::lockstep::acted::Acted;
use crate::lockstep::looks::Looks;
use crate::lockstep::tally::Tally;
use serde::Serialize;

/// What was compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Events of the instrumented execution matched with the oracle.
    pub sequence_points: u64,
    /// (event, frame) pairs compared.
    pub frames: u64,
    /// (event, frame) pairs that the frame policy left out.
    pub frames_skipped: u64,
    /// Locals and operands compared; a `v128` is one.
    pub values: u64,
    /// Locals and operands of compared frames that the frame policy left to another event.
    #[serde(skip_serializing_if = "is_zero")]
    pub values_skipped: u64,
    /// Events other than a breakpoint's, and at how many of them every frame was compared.
    #[serde(serialize_with = "looks")]
    pub looks: Looks,
    /// Comparisons of a whole memory, global or table: at each host call and at each end.
    pub entities: u64,
    /// Comparisons left out: the subject shows no handle (`--no-twin`, a failed instantiation), or an
    /// exhaustion left the content open.
    pub entities_skipped: u64,
    /// Host calls matched with the oracle, both executions together.
    pub host_calls: u64,
    /// Looks at what a handle that was kept to an object holds: after each forced collection, and at the
    /// end of a case.
    #[serde(skip_serializing_if = "is_zero")]
    pub handles: u64,
    /// Actions of the debugger beside edits, by kind; one of 0 was never taken.
    #[serde(serialize_with = "acted", skip_serializing_if = "is_idle")]
    pub acted: Acted,
    /// Reads, looks and collections left out because they would crash the process.
    pub hazards_avoided: u64,
    /// The same, by the cause that forbids them.
    #[serde(rename = "hazards_by_cause")]
    pub left_out: LeftOut,
}

/// Writes the kinds of which there was an event, by name.
fn looks<S: serde::Serializer>(looks: &Looks, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(looks.each())
}

/// Writes every kind of action, by name.
fn acted<S: serde::Serializer>(acted: &Acted, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(acted.each())
}

fn is_idle(acted: &Acted) -> bool {
    acted.total() == 0
}

impl From<&Tally> for Compared {
    fn from(tally: &Tally) -> Compared {
        Compared {
            sequence_points: tally.sequence_points,
            frames: tally.frames,
            frames_skipped: tally.frames_skipped,
            values: tally.values,
            values_skipped: tally.values_skipped,
            entities: tally.entities,
            entities_skipped: tally.entities_skipped,
            host_calls: tally.host_calls,
            handles: tally.handles,
            acted: tally.acted,
            hazards_avoided: tally.left_out.total(),
            left_out: tally.left_out.clone(),
            looks: tally.looks,
        }
    }
}

impl Compared {
    /// Adds another case's counts.
    pub fn add(&mut self, other: Compared) {
        self.sequence_points += other.sequence_points;
        self.frames += other.frames;
        self.frames_skipped += other.frames_skipped;
        self.values += other.values;
        self.values_skipped += other.values_skipped;
        self.entities += other.entities;
        self.entities_skipped += other.entities_skipped;
        self.host_calls += other.host_calls;
        self.handles += other.handles;
        self.acted.add(&other.acted);
        self.hazards_avoided += other.hazards_avoided;
        self.left_out.add(&other.left_out);
        self.looks.add(&other.looks);
    }
}
