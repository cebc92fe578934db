//! Copies of the stack, for faulty observations.

use super::Driver;
use crate::lockstep::checkers::readable::ReadableSlots;
use crate::lockstep::following::invocation::Phase;
use crate::observe::Observation;
use crate::snapshot::Snapshot;
use lockstep_oracles::machine::Stop;

impl Driver {
    /// Brings the oracle to its next stop, if it can be run on. Which slots have a value, and what causes
    /// forbid to look at, depends on where the program is: an event that was not compared yet is copied there.
    fn come_to_event(&mut self) {
        let running = self.ended.is_none() && self.following.invocation.is_running();
        if running
            && self.following.invocation.ahead.is_none()
            && self.following.machine.num_activations() > 0
        {
            self.following.invocation.ahead = Some(self.advance());
        }
    }

    /// Copies the stack at an event of a breakpoint that was not compared yet. Where it cannot be told from one that
    /// nobody asked for the execution ends, as it does without a copy, and nothing is copied.
    pub fn snapshot_of_breakpoint<O: Observation>(&mut self, observed: &mut O) -> Snapshot {
        if self.ended.is_none() && self.ends_unasked() {
            return Snapshot::default();
        }
        self.snapshot_of_event(observed)
    }

    /// Copies the stack at an event of a breakpoint, or an exception, that was not compared yet.
    pub fn snapshot_of_event<O: Observation>(&mut self, observed: &mut O) -> Snapshot {
        self.come_to_event();
        self.following.snapshot(observed, usize::MAX)
    }

    /// Copies the stack shown at a `Trap` event that was not compared yet, reading only what is safe to
    /// read there (`TRAP-SLOT`). That depends on where the program traps, so the oracle is brought there.
    pub fn snapshot_of_trap<O: Observation>(&mut self, observed: &mut O) -> Snapshot {
        if matches!(self.following.invocation.phase, Phase::HostTrapping(_)) {
            // A host function's own trap: the innermost frame waits for it.
            return self.snapshot_of_call(observed);
        }
        self.come_to_event();
        // So that what causes forbid at a trap is not copied.
        let inlined = self.following.setting.inlined;
        self.following.invocation.trap(inlined);
        let there = matches!(self.following.invocation.ahead, Some(Stop::Trap(_)));
        self.following.copy_trapped(observed, usize::MAX, there)
    }

    /// Copies the stack at a call of a host function that was not compared yet.
    pub fn snapshot_of_call<O: Observation>(&mut self, observed: &mut O) -> Snapshot {
        self.come_to_event();
        let readable = ReadableSlots {
            // Else the debugger calls it, at an event at which the innermost frame does not wait.
            calls: self.following.machine.has_entered_code(),
            ..ReadableSlots::of(&self.following)
        };
        readable.copy(observed, usize::MAX)
    }
}
