//! `Trap` events: the trapping opcode, and what of its operands is still there.

use super::Driver;
use crate::causes::{Cause, Known, libcall_trap};
use crate::divergence::Moment;
use crate::lockstep::checkers::skipping::Skipping;
use crate::lockstep::following::deadlines::Deadline;
use crate::lockstep::following::invocation::Phase;
use crate::lockstep::recording::families::Family;
use crate::lockstep::recording::looks::Look;
use crate::lockstep::verdict::{Ended, Flow};
use crate::observe::Observation;
use crate::outcome::SeenTrap;
use crate::rules::RuleId;
use lockstep_oracles::machine::Stop;

impl Driver {
    /// A `Trap` event.
    pub fn trap<O: Observation>(&mut self, observed: &mut O, seen: SeenTrap) -> Flow {
        self.comparison.budget.disturb();
        if self.ended.is_some() {
            return Flow::Stop;
        }
        if let Phase::HostTrapping(due) = self.following.invocation.phase {
            return self.relayed_trap(observed, due, seen);
        }
        self.following
            .invocation
            .trap(self.following.setting.inlined);
        if seen == SeenTrap::StackOverflow {
            return self.overflow(observed);
        }
        if seen == SeenTrap::OutOfMemory {
            return self.out_of_memory(observed);
        }
        if seen == SeenTrap::OutOfFuel {
            return self.out_of_fuel(observed);
        }
        if seen == SeenTrap::Interrupt {
            return self.deadline_reached(observed, Deadline::Traps);
        }
        if !self.following.invocation.is_running() {
            let expected = "no further event: the invocation has trapped or failed".to_owned();
            let shown = format!("a Trap event: {seen}");
            return self.report_control(observed, Moment::Trap, RuleId::TrapEvent, expected, shown);
        }
        if self.following.machine.num_activations() == 0 {
            return self.trap_at_instantiation(observed, seen);
        }
        match self.advance() {
            Stop::Trap(trap) => {
                let trap = self.following.chosen_trap(trap, seen);
                self.following.invocation.phase = Phase::Trapped(trap);
                if !seen.is(trap) {
                    self.report_plain(
                        RuleId::TrapEvent,
                        Moment::Trap,
                        format!("a Trap event: {trap}"),
                        format!("a Trap event: {seen}"),
                    );
                }
                self.recorder.tally.looks.event(Look::Trap);
                self.compare_trap(observed, Look::Trap)
            }
            _ if self.ended.is_some() => Flow::Stop,
            Stop::Exhausted(limit) => {
                self.ended.get_or_insert(Ended::OracleLimit(limit));
                Flow::Stop
            }
            stop => {
                let expected = match stop {
                    Stop::SequencePoint => "an event at the next opcode",
                    Stop::HostCall(_) => "a host call",
                    Stop::Throw { .. } => "an exception to be thrown",
                    Stop::Return => "the invocation to return",
                    Stop::Trap(_) | Stop::Exhausted(_) => {
                        unreachable!("arms of their own have these")
                    }
                };
                let shown = format!("a Trap event: {seen}");
                let expected = expected.to_owned();
                let lost = stop == Stop::SequencePoint && self.traps_ahead(observed, seen);
                let rule = if lost {
                    self.following.breakpoints.lost_rule()
                } else {
                    RuleId::TrapEvent
                };
                self.report_control(observed, Moment::Trap, rule, expected, shown)
            }
        }
    }

    /// A `HostcallError` event whose error is a trap: known of two opcodes, a divergence elsewhere.
    pub fn trap_as_host_error<O: Observation>(&mut self, observed: &mut O, seen: SeenTrap) -> Flow {
        self.comparison.budget.disturb();
        if self.ended.is_some() {
            return Flow::Stop;
        }
        if let Phase::HostTrapping(due) = self.following.invocation.phase {
            return self.relayed_trap(observed, due, seen);
        }
        if seen == SeenTrap::OutOfFuel {
            return self.fuel_as_host_error(observed);
        }
        if seen == SeenTrap::Interrupt {
            return self.deadline_as_host_error(observed);
        }
        let stop = self.advance();
        if self.ended.is_some() {
            return Flow::Stop;
        }
        // The trapping frame is still there.
        let op = self.following.machine.top().map(|view| view.op());
        let Stop::Trap(trap) = stop else {
            let expected = "no HostcallError event: no host function failed".to_owned();
            let rule = RuleId::HostErrorEvent;
            return self.report_control(observed, Moment::Trap, rule, expected, seen.to_string());
        };
        let trap = self.following.chosen_trap(trap, seen);
        self.following.invocation.phase = Phase::Trapped(trap);
        let rule = RuleId::TrapEvent;
        let explains = seen.is(trap) && op.is_some_and(libcall_trap::explains);
        let known = self
            .following
            .setting
            .cause(Cause::LibcallTrap)
            .filter(|_| explains);
        if !self.recorder.repeats(known) {
            let expected = Some(format!("a Trap event: {trap}"));
            let shown = format!("a HostcallError event: {seen}");
            let mut divergence = self.evidence(
                observed,
                Moment::HostcallError,
                rule,
                Some(0),
                expected,
                shown,
            );
            divergence.known = known.map(Known::cause);
            self.record(divergence);
        }
        self.recorder.tally.looks.event(Look::Trap);
        self.compare_trap(observed, Look::Trap)
    }

    /// The event of a trap that interrupts the program tells of it as the error of a host function
    /// (`LIBCALL-TRAP`).
    pub(crate) fn told_as_host_error(&mut self, trap: SeenTrap) {
        let known = self.following.setting.cause(Cause::LibcallTrap);
        if self.recorder.repeats(known) {
            return;
        }
        self.report_known(
            RuleId::TrapEvent,
            Moment::HostcallError,
            format!("a Trap event: {trap}"),
            format!("a HostcallError event: {trap}"),
            known,
        );
    }

    /// Whether the oracle comes to this trap when it is not stopped: then events are missing.
    fn traps_ahead<O: Observation>(&mut self, observed: &mut O, seen: SeenTrap) -> bool {
        let before = self
            .comparison
            .both_states(&self.following, observed, Moment::Trap);
        self.recorder.keep(before);
        matches!(self.following.run_ahead(), Stop::Trap(trap) if seen.is(trap))
    }

    /// Compares the stack at an opcode that failed: its operands may be gone.
    fn compare_trap<O: Observation>(&mut self, observed: &mut O, look: Look) -> Flow {
        self.following.invocation.note_unwinding(false);
        let visible = self.following.visible_frames();
        if self.dares_horizon() {
            return self.dare_frames(observed, Moment::Trap);
        }
        if visible == 0 {
            return Flow::Continue;
        }
        let flow = match self.compare_trap_frame(observed) {
            Flow::Continue => self.compare_callers(observed, Moment::Trap),
            Flow::Stop => Flow::Stop,
        };
        let depth = self.following.machine.depth();
        if flow == Flow::Continue
            && visible >= depth
            && self.comparison.budget.frames.at_boundary(depth) == depth
        {
            self.recorder.tally.looks.whole(look);
        }
        flow
    }

    /// The frames above the trapping one, compared as at any other event.
    pub(crate) fn compare_callers<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
    ) -> Flow {
        match self.following.replaced_frames(observed, moment) {
            None => self.compare_shown_callers(observed, moment),
            Some((replaced, known)) => {
                self.count_explained(observed, moment, RuleId::FrameCount, known);
                self.compare_shown_callers(&mut Skipping::new(observed, &replaced), moment)
            }
        }
    }

    fn compare_shown_callers<O: Observation>(&mut self, observed: &mut O, moment: Moment) -> Flow {
        let depth = self.following.machine.depth();
        let limit = self.comparison.budget.frames.at_boundary(depth);
        if limit <= 1 {
            return Flow::Continue;
        }
        let limit = self.limit_to_first_shown(observed, moment, limit);
        let tally = &mut self.recorder.tally;
        if let Some(op) = self.following.machine.current_op() {
            tally.checked.note(Family::Callers, op);
        }
        let (values, structure) =
            self.comparison
                .compare_callers(&self.following, observed, limit, tally);
        self.report_frames(observed, moment, values, structure)
    }
}
