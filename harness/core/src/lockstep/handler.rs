//! The checker of the store's handler: kept until it is cleared or replaced, dropped then, and the only one
//! to which events go.
//!
//! Without a handler there are no events, whatever breakpoints are set; of what the program does host
//! calls and ends are left, as without guest-debug support.

use super::driver::{Driver, Flow};
use super::following::Following;
use crate::causes::Cause;
use crate::divergence::Moment;
use crate::rules::RuleId;

/// What is seen of the handlers that the store was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenHandlers {
    /// Whether the store has the one that was set last.
    pub last: bool,
    /// How many others it has not dropped.
    pub others: usize,
}

/// What is known of the store's handler.
#[derive(Debug)]
pub(super) struct Handler {
    /// Whether the store has one, in an execution that may have events.
    is_set: bool,
    /// Whether it ever had none.
    was_unset: bool,
    /// Whether the debugger dropped a call, and the handler was not looked for since.
    dropped_call: bool,
}

impl Default for Handler {
    fn default() -> Handler {
        Handler {
            is_set: true,
            was_unset: false,
            dropped_call: false,
        }
    }
}

impl Handler {
    fn set(&mut self, set: bool) {
        self.is_set = set;
        self.was_unset |= !set;
    }

    /// A call has ended without a result: the debugger dropped it, or the handler panicked.
    pub(super) fn lose_call(&mut self, dropped: bool) {
        self.dropped_call = dropped;
    }
}

impl Following {
    /// Whether events come now: the execution is instrumented, and its store has a handler.
    pub fn has_events(&self) -> bool {
        self.setting.is_instrumented() && self.handler.is_set
    }

    /// The debugger set a handler, or cleared it, or the store was made without one.
    pub fn handler_was_set(&mut self, set: bool) {
        self.set_handled(set);
        if !set {
            self.epoch.clear_due();
        }
    }

    fn set_handled(&mut self, handled: bool) {
        self.handler.set(handled);
        self.breakpoints.set_handled(handled);
    }
}

impl Driver {
    /// Whether the program may have met a breakpoint: there was an event, or without a handler none could tell.
    pub(super) fn has_met_breakpoints(&self) -> bool {
        let asked = || {
            self.following.breakpoints.is_single_step() || !self.following.breakpoints.is_empty()
        };
        self.recorder.tally.sequence_points > 0 || self.following.handler.was_unset && asked()
    }

    /// Checks which handlers the store has; where it has lost the one that was set, the execution goes on
    /// without.
    pub fn check_handlers(&mut self, seen: SeenHandlers, moment: Moment) {
        let dropped_call = std::mem::take(&mut self.following.handler.dropped_call);
        if self.ended.is_some() {
            return;
        }
        self.recorder.note(RuleId::HandlerDropped);
        if seen.others > 0 || (seen.last && !self.following.handler.is_set) {
            let expected = "a handler that was cleared or replaced is dropped".to_owned();
            let shown = "the store still has it".to_owned();
            self.report_plain(RuleId::HandlerDropped, moment, expected, shown);
        }
        if self.following.handler.is_set {
            self.recorder.note(RuleId::HandlerKept);
        }
        if self.following.handler.is_set && !seen.last {
            let known = self.following.setting.cause(Cause::DroppedHandler);
            let known = known.filter(|_| dropped_call);
            let expected = "the store has the handler that was set".to_owned();
            let shown = "it has none".to_owned();
            self.report_known(RuleId::HandlerKept, moment, expected, shown, known);
            self.following.set_handled(false);
        }
    }

    /// An event went to a handler that the store should not have.
    pub fn event_elsewhere(&mut self) -> Flow {
        if self.ended.is_none() {
            let expected = match self.following.handler.is_set {
                true => "an event goes to the handler that was set last",
                false => "no event: the store has no handler",
            };
            let shown = "one went to another handler".to_owned();
            let rule = RuleId::HandlerEvent;
            self.report_plain(rule, Moment::Breakpoint, expected.to_owned(), shown);
            self.end_control(rule);
        }
        Flow::Stop
    }
}
