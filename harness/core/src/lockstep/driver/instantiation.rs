//! Modules that are instantiated: what is noted of them, and the events of their segments.

use super::Driver;
use crate::causes::Cause;
use crate::conventions::SegmentTraps;
use crate::divergence::Moment;
use crate::lockstep::recording::looks::Look;
use crate::lockstep::verdict::Flow;
use crate::observe::{Observation, Walk};
use crate::outcome::SeenTrap;
use crate::rules::RuleId;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::trap::Trap;

impl Driver {
    /// An instance is being made, or `None`: it has been.
    pub fn set_making(&mut self, instance: Option<InstanceAddr>) {
        // A tag whose instance was never finished stays unknown.
        self.comparison.references.unbound |= instance.is_some();
        self.comparison.references.making = instance;
        self.following.instantiation.making = instance;
    }

    /// The instance that was being made has a handle.
    pub fn made(&mut self) {
        self.following.instantiation.handles += 1;
        self.recorder.note(RuleId::Instantiate);
        if self.following.has_events() && self.following.breakpoints.is_single_step() {
            self.recorder.note(RuleId::StepInstantiate);
        }
        self.comparison.references.unbound =
            self.following.instantiation.handles < self.following.program.instances();
    }

    /// Whether a module's start function is not entered yet: what the compiler makes for an instantiation
    /// can be interrupted, too, and has a frame that cannot be read (`STARTUP-FRAME`).
    pub(crate) fn is_before_start<O: Observation>(&mut self, observed: &mut O) -> bool {
        let Some(known) = self.following.setting.cause(Cause::StartupFrame) else {
            return false;
        };
        // The oracle has entered the start function, if it is a Wasm function.
        if !self.following.instantiation.runs
            || self.following.invocation.previous.is_some()
            || self.following.machine.depth() > 1
        {
            return false;
        }
        // Without a start function nothing else runs; and where the module defines no function, there is no
        // record before that frame, and none can be looked for.
        if self.following.machine.num_activations() == 0 || !self.following.defines_functions() {
            self.recorder.leave_out(known, 1);
            return true;
        }
        let mut walk = observed.walk();
        let mut frames = 0;
        while !walk.done() && frames < 2 {
            walk.parent();
            frames += 1;
        }
        drop(walk);
        let before = frames < 2;
        self.recorder.leave_out(known, u64::from(before));
        before
    }

    /// A `Trap` event before any function runs: that of a segment, where the version tells of those.
    /// There is no frame to compare; which trap it must be is for the instantiation's outcome.
    pub(crate) fn trap_at_instantiation<O: Observation>(
        &mut self,
        observed: &mut O,
        seen: SeenTrap,
    ) -> Flow {
        if self.following.instantiation.runs
            && self.following.setting.conventions.segment_traps == SegmentTraps::Events
        {
            self.following.instantiation.segment_trap = Some(seen);
            // No function is running: there is no frame of the program's.
            return self.compare_event(observed, Moment::Trap, Look::SegmentTrap);
        }
        let expected = "no event: no function is running".to_owned();
        let shown = format!("a Trap event: {seen}");
        self.report_control(observed, Moment::Trap, RuleId::TrapEvent, expected, shown)
    }

    /// The event of a segment that traps, where the version tells of it.
    pub fn check_segment_trap(&mut self, trap: Trap) {
        if !self.following.has_events() || self.ended.is_some() {
            return;
        }
        let seen = self.following.instantiation.segment_trap.take();
        let agrees = match (self.following.setting.conventions.segment_traps, seen) {
            (SegmentTraps::Events, Some(seen)) => seen.is(trap),
            (SegmentTraps::Events, None) => false,
            // Such an event was reported when it came.
            (SegmentTraps::Silent, _) => true,
        };
        if !agrees {
            let shown = seen.map_or("no event".to_owned(), |seen| {
                format!("a Trap event: {seen}")
            });
            let expected = format!("a Trap event: {trap}");
            self.report_plain(RuleId::TrapEvent, Moment::Trap, expected, shown);
        }
    }
}
