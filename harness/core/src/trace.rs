//! Traces: what both sides showed at each event. Made only when a person asks for one.

use crate::snapshot::Snapshot;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::machine::Machine;
use std::sync::Arc;

/// Receives every matched event.
pub trait Tracer: Send {
    /// Whether it is to be given this event.
    fn wants(&self, _ordinal: u64) -> bool {
        true
    }

    /// A command of the case begins; its events follow.
    fn command(&mut self, _command: &str) {}

    /// An instance was made, of the module with these bytes.
    fn instance(&mut self, _instance: InstanceAddr, _module: &Arc<[u8]>) {}

    /// An event at which control agreed: the oracle's state and the subject's.
    fn event(&mut self, ordinal: u64, machine: &Machine, seen: &Snapshot);
}
