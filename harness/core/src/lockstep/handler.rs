//! The checker of the store's handler: kept until it is cleared or replaced, dropped then, and the only one
//! to which events go.
//!
//! Without a handler there are no events, whatever breakpoints are set; of what the program does host
//! calls and ends are left, as without guest-debug support.

use super::difference::Difference;
use super::following::Following;
use crate::causes::Cause;
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

    /// Whether the store has a handler, in an execution that may have events.
    pub(super) fn is_set(&self) -> bool {
        self.is_set
    }

    /// Whether the debugger dropped a call, and the handler was not looked for since.
    pub(super) fn take_dropped_call(&mut self) -> bool {
        std::mem::take(&mut self.dropped_call)
    }

    /// An event went to a handler that the store should not have.
    pub(super) fn event_elsewhere(&self) -> Difference {
        let expected = match self.is_set {
            true => "an event goes to the handler that was set last",
            false => "no event: the store has no handler",
        };
        Difference::new(
            RuleId::HandlerEvent,
            expected,
            "one went to another handler",
        )
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

    /// The store has a handler from now on, or has none.
    pub(super) fn set_handled(&mut self, handled: bool) {
        self.handler.set(handled);
        self.breakpoints.set_handled(handled);
    }
}

impl Following {
    /// Which handlers the store has that it must not, or lacks. A call that was dropped may have taken one
    /// with it.
    pub(super) fn check_handlers(
        &self,
        seen: SeenHandlers,
        after_drop: bool,
    ) -> impl Iterator<Item = Difference> + use<> {
        let handled = self.handler.is_set;
        let undropped = (seen.others > 0 || (seen.last && !handled)).then(|| {
            let expected = "a handler that was cleared or replaced is dropped";
            Difference::new(RuleId::HandlerDropped, expected, "the store still has it")
        });
        let lost = (handled && !seen.last).then(|| {
            let known = self.setting.cause(Cause::DroppedHandler);
            let expected = "the store has the handler that was set";
            Difference::new(RuleId::HandlerKept, expected, "it has none")
                .explained(known.filter(|_| after_drop))
        });
        undropped.into_iter().chain(lost)
    }

    /// Whether the program may have met a breakpoint: there was an event, or without a handler none could tell.
    pub(super) fn has_met_breakpoints(&self, events: u64) -> bool {
        let asked = || self.breakpoints.is_single_step() || !self.breakpoints.is_empty();
        events > 0 || self.handler.was_unset && asked()
    }
}
