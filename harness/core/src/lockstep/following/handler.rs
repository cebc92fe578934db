//! The store's handler: without one there are no events, whatever breakpoints are set.

use super::Following;

/// What is known of the store's handler.
#[derive(Debug)]
pub(crate) struct Handler {
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
    pub(crate) fn is_set(&self) -> bool {
        self.is_set
    }

    /// Whether the debugger dropped a call, and the handler was not looked for since.
    pub(crate) fn take_dropped_call(&mut self) -> bool {
        std::mem::take(&mut self.dropped_call)
    }

    /// A call has ended without a result: the debugger dropped it, or the handler panicked.
    pub(crate) fn lose_call(&mut self, dropped: bool) {
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
    pub(crate) fn set_handled(&mut self, handled: bool) {
        self.handler.set(handled);
        self.breakpoints.set_handled(handled);
    }
}

impl Following {
    /// Whether the program may have met a breakpoint: there was an event, or without a handler none could tell.
    pub(crate) fn has_met_breakpoints(&self, events: u64) -> bool {
        let asked = || self.breakpoints.is_single_step() || !self.breakpoints.is_empty();
        events > 0 || self.handler.was_unset && asked()
    }
}
