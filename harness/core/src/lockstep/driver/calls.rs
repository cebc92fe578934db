//! Calls that the debugger makes while the program waits.

use super::Driver;
use crate::divergence::Moment;
use crate::lockstep::following::calls::Outside;
use crate::lockstep::verdict::Flow;
use crate::observe::Observation;
use crate::schedule::action::call_function::{Call, CallFunction};

impl Driver {
    /// The call that an action makes here; none where there is nothing to call, an exhaustion has left open
    /// what the program does, or a cause forbids a look at frames outside it, or changes registers at events.
    pub fn call_of(&self, action: CallFunction) -> Option<Call> {
        let waits =
            self.following.machine.activations() > 0 && self.following.invocation.ahead.is_none();
        let follows =
            !self.comparison.taint.is_tainted() && !self.comparison.registers.are_changed();
        let looks = !self.following.instantiation.runs() && self.following.horizon().is_none();
        if self.ended.is_some() || !waits || !follows || !looks {
            return None;
        }
        action.call(&self.following.machine.store)
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

    /// The call has ended in both: the program is where it was, and has the fuel that it had.
    pub fn end_call(&mut self, outside: Outside) {
        self.comparison.budget.disturb();
        for (addr, value) in outside.fuel {
            self.following.machine.store.global_mut(addr).value = value.cell();
        }
        self.following.invocation.resume(outside.invocation);
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
