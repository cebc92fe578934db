//! Calls of host functions, and the events of their errors.

use super::Driver;
use crate::divergence::Moment;
use crate::lockstep::following::deadlines::Deadline;
use crate::lockstep::following::invocation::Phase;
use crate::lockstep::recording::families::Family;
use crate::lockstep::recording::looks::Look;
use crate::lockstep::verdict::{Ended, Flow};
use crate::observe::Observation;
use crate::outcome::{HostFailure, SeenTrap};
use crate::rules::RuleId;
use crate::seen::Seen;
use lockstep_oracles::address::HostFuncId;
use lockstep_oracles::machine::Stop;
use lockstep_oracles::trap::Trap;
use lockstep_oracles::value::Value;

impl Driver {
    /// A host function is called: the oracle must be calling it too, with the same arguments.
    ///
    /// `observed` is the stack, where the execution can show it.
    pub fn host_call<O: Observation>(
        &mut self,
        observed: Option<&mut O>,
        id: HostFuncId,
        args: &[Seen],
    ) -> Flow {
        self.comparison.budget.disturb();
        if self.ended.is_some() {
            return Flow::Stop;
        }
        let stop = self.advance();
        if stop != Stop::HostCall(id) {
            return self.unexpected_host_call(stop, id);
        }
        self.following.invocation.comes_to_another();
        self.recorder.tally.host_calls += 1;
        self.following.history.note_roots(&self.following.machine);
        // Host code that calls a host function has no opcode.
        if let Some(op) = self.following.machine.current_op() {
            self.recorder.tally.checked.note(Family::HostCall, op);
        }
        let expected = self.following.machine.host_args();
        self.comparison.look(&self.following);
        if !self
            .comparison
            .values_agree(&self.following, &expected, args)
            && !self
                .comparison
                .unbound_agree(&self.following, &expected, args)
            && !self.agree_but_for_registers(&expected, args)
        {
            let found = self
                .comparison
                .other_arguments(&self.following, id, &expected, args);
            self.report_and_end(Moment::HostCall, Some(found));
            if self.ended.is_some() {
                return Flow::Stop;
            }
        }
        let Some(observed) = observed else {
            return Flow::Continue;
        };
        let depth = self.following.machine.depth();
        let limit = self.comparison.budget.frames.at_boundary(depth);
        let flow = self.compare_frames(observed, Moment::HostCall, depth, limit);
        if flow == Flow::Continue {
            self.dare_slot(observed, Moment::HostCall);
        }
        flow
    }

    fn unexpected_host_call(&mut self, stop: Stop, id: HostFuncId) -> Flow {
        let expected = match stop {
            Stop::Exhausted(limit) => {
                self.ended.get_or_insert(Ended::OracleLimit(limit));
                return Flow::Stop;
            }
            Stop::HostCall(other) => format!("a call of host function {}", other.0),
            Stop::Trap(trap) => format!("a trap: {trap}"),
            Stop::Throw { .. } => "an exception to be thrown".to_owned(),
            Stop::Return => "the invocation to return".to_owned(),
            Stop::SequencePoint => "an event at the next opcode".to_owned(),
        };
        // In single-step the event before a later call may be what is missing.
        let lost = stop == Stop::SequencePoint && self.following.run_ahead() == Stop::HostCall(id);
        let rule = if lost {
            self.following.breakpoints.lost_rule()
        } else {
            RuleId::HostCall
        };
        let observed = format!("a call of host function {}", id.0);
        self.report_plain(rule, Moment::HostCall, expected, observed);
        self.end_control(rule);
        Flow::Stop
    }

    /// Gives the oracle the results that the host function gives the subject.
    pub fn host_return(&mut self, results: &[Value]) {
        self.comparison.budget.disturb();
        if self.ended.is_none() && self.following.machine.host_return(results).is_err() {
            // The harness made the results from the function's own type.
            unreachable!("host results do not fit the function's type");
        }
        self.following.invocation.go_on();
    }

    /// The host function is about to fail with this error. Only where Wasm code called it an event is
    /// due: host code that called it gets the error itself.
    pub fn host_fail(&mut self, failure: HostFailure) {
        self.host_ends(Phase::HostFailing(failure), Phase::HostFailed(failure));
    }

    /// The host function is about to fail with a trap: its own, or the one that its call ended with.
    pub fn host_trap(&mut self, trap: Trap) {
        self.host_ends(Phase::HostTrapping(trap), Phase::Trapped(trap));
    }

    fn host_ends(&mut self, before_event: Phase, without_event: Phase) {
        self.comparison.budget.disturb();
        self.following.invocation.phase = match self.following.is_called_by_wasm() {
            true => before_event,
            false => without_event,
        };
    }

    /// The event of an error that a host function passed on, if that is a trap: no document says
    /// whether it is a `Trap` event, or a `HostcallError` event as of another error.
    pub(crate) fn relayed_trap<O: Observation>(
        &mut self,
        observed: &mut O,
        due: Trap,
        seen: SeenTrap,
    ) -> Flow {
        if !seen.is(due) {
            self.report_plain(
                RuleId::HostErrorEvent,
                Moment::HostcallError,
                format!("the trap that was passed on: {due}"),
                seen.to_string(),
            );
        }
        self.following.invocation.phase = Phase::Trapped(due);
        self.following.invocation.note_unwinding(true);
        let depth = self.following.machine.depth();
        let limit = self.comparison.budget.frames.at_boundary(depth);
        self.compare_frames(observed, Moment::HostcallError, depth, limit)
    }

    /// A `HostcallError` event with this error, or with one that the harness did not make.
    pub fn host_error<O: Observation>(
        &mut self,
        observed: &mut O,
        error: Result<HostFailure, String>,
    ) -> Flow {
        self.comparison.budget.disturb();
        if self.ended.is_some() {
            return Flow::Stop;
        }
        if self.following.invocation.is_running() {
            if let Some(due) = self.following.invocation.failed_growth {
                return self.growth_failed(observed, due, error);
            }
            if error == Ok(HostFailure::Deadline) {
                return self.deadline_reached(observed, Deadline::Fails);
            }
        }
        let Phase::HostFailing(due) = self.following.invocation.phase else {
            let shown = match error {
                Ok(failure) => failure.to_string(),
                Err(message) => message,
            };
            let known = self.following.explain_collection(&shown);
            self.report_known(
                RuleId::HostErrorEvent,
                Moment::HostcallError,
                "no HostcallError event: no host function failed".to_owned(),
                shown,
                known,
            );
            match known {
                Some(_) => self.end_if_known(known),
                None => self.end_control(RuleId::HostErrorEvent),
            }
            return Flow::Stop;
        };
        self.host_failed(due, error);
        self.compare_event(observed, Moment::HostcallError, Look::HostError)
    }

    /// The event of an error of the host's was matched, which must be the one that is due.
    pub(crate) fn host_failed(&mut self, due: HostFailure, error: Result<HostFailure, String>) {
        if error != Ok(due) {
            let shown = error.map_or_else(|message| message, |failure| failure.to_string());
            self.report_plain(
                RuleId::HostErrorEvent,
                Moment::HostcallError,
                due.to_string(),
                shown,
            );
        }
        self.following.invocation.phase = Phase::HostFailed(due);
    }
}
