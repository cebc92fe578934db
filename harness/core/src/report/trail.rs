//! The steps before a divergence, for whoever wants to walk back from it: the events that were matched last,
//! with both states of the innermost frame at each.
//!
//! They are recorded in another run of a case that differs, and only where somebody asks for them: the runs
//! that judge keep nothing.

use super::trace::{Codes, Event};
use crate::divergence::{Divergence, Execution, StateRow};
use crate::snapshot::Snapshot;
use crate::trace::Tracer;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::machine::Machine;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Trails that are kept of each divergence.
const KEPT: u64 = 16;

/// Of which divergences the steps are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trails {
    /// Of none
    #[default]
    None,
    /// Of those that no cause explains
    Unexplained,
    /// Of the first of each known cause, too
    All,
}

/// An event that was matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailEvent {
    /// Its number in the case, from 1
    pub event: u64,
    /// The opcode that was about to execute, with its immediates
    pub opcode: String,
    /// Where it is, and how many frames there are
    pub place: String,
    /// The innermost frame on both sides
    pub state: Vec<StateRow>,
}

/// The steps that were recorded, by event.
pub type Recorded = Arc<Mutex<BTreeMap<u64, TrailEvent>>>;

impl Trails {
    /// The divergences of these whose steps are wanted, by the event after which each came.
    pub fn events<'a>(
        self,
        unexplained: &'a [Divergence],
        known: &'a [Divergence],
    ) -> BTreeSet<u64> {
        let known = match self {
            Trails::None => return BTreeSet::new(),
            Trails::Unexplained => &[],
            Trails::All => known,
        };
        let all = unexplained.iter().chain(known);
        all.filter(|found| can_be_walked(found))
            .map(|found| found.event)
            .collect()
    }
}

/// Whether the events before a divergence are those of the instrumented execution, and there are any.
pub fn can_be_walked(found: &Divergence) -> bool {
    let mut others = [NEIGHBOUR, VISITED].into_iter();
    let beside = others.any(|other| found.command.starts_with(other));
    found.execution == Execution::Instrumented && !beside && found.event > 0
}

/// How the commands of a neighbour's execution begin, whose events are counted for themselves.
pub const NEIGHBOUR: &str = "neighbour: ";

/// How those of a store that the debugger visits begin.
pub const VISITED: &str = "another store: ";

/// Of all steps those that lead to the divergence after this event.
pub fn before(recorded: &BTreeMap<u64, TrailEvent>, event: u64) -> Vec<TrailEvent> {
    let first = event.saturating_sub(KEPT - 1);
    let steps = recorded.range(first..=event);
    steps.map(|(_, step)| step.clone()).collect()
}

/// Records the steps before some events, and no others.
#[derive(Debug)]
pub struct Recorder {
    /// The events, in order.
    wanted: BTreeSet<u64>,
    codes: Codes,
    recorded: Recorded,
}

impl Recorder {
    /// A recorder, and where its steps will be.
    pub fn new(wanted: BTreeSet<u64>) -> (Recorder, Recorded) {
        let recorded = Recorded::default();
        let recorder = Recorder {
            wanted,
            codes: Codes::default(),
            recorded: recorded.clone(),
        };
        (recorder, recorded)
    }
}

impl Tracer for Recorder {
    fn wants(&self, ordinal: u64) -> bool {
        let mut after = self.wanted.range(ordinal..);
        after.next().is_some_and(|event| event - ordinal < KEPT)
    }

    fn instance(&mut self, instance: InstanceAddr, module: &Arc<[u8]>) {
        self.codes.add(instance, module);
    }

    fn event(&mut self, ordinal: u64, machine: &Machine, seen: &Snapshot) {
        let step = Event::of(&self.codes, "", 1, ordinal, machine, seen).into_step();
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.insert(ordinal, step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RuleId;

    fn found(event: u64, execution: Execution, command: &str) -> Divergence {
        let text = String::new;
        Divergence {
            event,
            ..Divergence::at_end(
                RuleId::LocalValue,
                execution,
                command.to_owned(),
                text(),
                text(),
            )
        }
    }

    #[test]
    fn the_steps_of_a_divergence_are_the_last_before_it() {
        let (recorder, _) = Recorder::new(BTreeSet::from([3, 40]));
        let wanted: Vec<u64> = (1..50).filter(|&event| recorder.wants(event)).collect();
        let expected: Vec<u64> = (1..=3).chain(25..=40).collect();
        assert_eq!(wanted, expected);
        let step = |event| {
            let (opcode, place) = ("nop".to_owned(), String::new());
            let state = Vec::new();
            (
                event,
                TrailEvent {
                    event,
                    opcode,
                    place,
                    state,
                },
            )
        };
        let recorded = expected.into_iter().map(step).collect();
        let of = |event| -> Vec<u64> {
            let steps = before(&recorded, event);
            steps.iter().map(|step| step.event).collect()
        };
        assert_eq!((of(3), of(40).len()), (vec![1, 2, 3], KEPT as usize));
    }

    #[test]
    fn only_the_instrumented_execution_has_steps() {
        let here = Execution::Instrumented;
        let unexplained = [
            found(7, here, "f()"),
            found(8, Execution::Uninstrumented, "f()"),
            found(9, here, "neighbour: f()"),
            found(0, here, "f()"),
        ];
        let known = [found(2, here, "f()")];
        let of = |steps: Trails| steps.events(&unexplained, &known);
        assert_eq!(of(Trails::None), BTreeSet::new());
        assert_eq!(of(Trails::Unexplained), BTreeSet::from([7]));
        assert_eq!(of(Trails::All), BTreeSet::from([2, 7]));
    }
}
