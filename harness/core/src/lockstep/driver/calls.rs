//! Calls that the debugger makes while the program waits.

use super::Driver;
use crate::causes::Cause;
use crate::divergence::Moment;
use crate::lockstep::following::calls::Outside;
use crate::lockstep::verdict::Flow;
use crate::observe::Observation;
use crate::rules::RuleId;
use crate::schedule::action::call_function::{Call, CallFunction};

impl Driver {
    /// The call that an action makes here; none where there is nothing to call, an exhaustion has left open
    /// what the program does, or a cause forbids a look at frames outside it, or changes registers at events.
    pub fn call_of(&self, action: CallFunction) -> Option<Call> {
        let waits = self.following.machine.activations() > 0;
        if !waits || !self.may_run_code() {
            return None;
        }
        action.call(&self.following.machine.store)
    }

    /// Whether code can be run here on the debugger's behalf, and what is outside it compared again.
    pub(crate) fn may_run_code(&self) -> bool {
        self.ended.is_none()
            && self.following.invocation.ahead.is_none()
            && !self.following.instantiation.runs()
            && !self.comparison.taint.is_tainted()
            && !self.comparison.registers.are_changed()
            && self.looks_again()
    }

    /// Whether every frame can be looked at again here as at a breakpoint event: neither forbids a cause that, nor
    /// is the event one that shows its innermost frame in a way of its own. Where the program is unwound a panic of the
    /// engine's ends the process, and none may come for a reason that is known.
    fn looks_again(&self) -> bool {
        let invocation = &self.following.invocation;
        self.following.horizon().is_none()
            && invocation.takes_calls()
            && (!invocation.unwinds_now() || self.following.follows_no_object().is_none())
    }

    /// Begins a call in the oracle; the subject's follows.
    pub fn begin_call(&mut self, call: &Call) -> Option<Outside> {
        let outside = Outside {
            fuel: self.following.fuel(),
            invocation: self.following.invocation.suspend(),
        };
        if self.begin(call.addr, &call.args).is_err() {
            self.following.invocation.resume(outside.invocation);
            return None;
        }
        Some(outside)
    }

    /// The call has ended in both: the program is where it was, and has the fuel that it had. The answer is
    /// whether an exception was thrown in the call.
    pub fn end_call(&mut self, outside: Outside) -> bool {
        self.comparison.budget.disturb();
        for (addr, value) in outside.fuel {
            self.following.machine.store.global_mut(addr).value = value.cell();
        }
        self.following.invocation.resume(outside.invocation)
    }

    /// Checks whether the exception of the event is still pending behind a call that the debugger made there, in
    /// which one was thrown or not. Where it is not, and why is known, the debugger is to throw it again.
    pub fn is_to_throw_again(&mut self, pending: bool, threw: bool) -> bool {
        if self.thrown().is_none() {
            return false;
        }
        self.recorder.note(RuleId::ThrowEvent);
        if pending {
            return false;
        }
        let known = self.following.setting.cause(Cause::NestedThrow);
        let known = known.filter(|_| threw);
        self.report_known(
            RuleId::ThrowEvent,
            Moment::Action,
            "the exception of the event is pending".to_owned(),
            "nothing is pending".to_owned(),
            known,
        );
        if known.is_none() {
            self.end_control(RuleId::ThrowEvent);
            return false;
        }
        self.following.invocation.throw_again();
        true
    }

    /// Every frame still reads as before a call that the debugger made.
    pub fn called<O: Observation>(&mut self, observed: &mut O) -> Flow {
        if self.ended.is_some() {
            return Flow::Stop;
        }
        let depth = self.following.machine.depth();
        self.compare_frames(observed, Moment::Action, depth, depth)
    }
}
