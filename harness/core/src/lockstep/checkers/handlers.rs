//! The checker of the store's handler: kept until it is cleared or replaced, dropped then, and the only one
//! to which events go.
//!
//! Without a handler there are no events, whatever breakpoints are set; of what the program does host
//! calls and ends are left, as without guest-debug support.

use super::difference::Difference;
use crate::causes::Cause;
use crate::lockstep::following::Following;
use crate::lockstep::following::handler::Handler;
use crate::rules::RuleId;

/// What is seen of the handlers that the store was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenHandlers {
    /// Whether the store has the one that was set last.
    pub last: bool,
    /// How many others it has not dropped.
    pub others: usize,
}

impl Following {
    /// Which handlers the store has that it must not, or lacks. A call that was dropped may have taken one
    /// with it.
    pub(crate) fn check_handlers(
        &self,
        seen: SeenHandlers,
        after_drop: bool,
    ) -> impl Iterator<Item = Difference> + use<> {
        let handled = self.handler.is_set();
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
}

impl Handler {
    /// An event went to a handler that the store should not have.
    pub(crate) fn event_elsewhere(&self) -> Difference {
        let expected = match self.is_set() {
            true => "an event goes to the handler that was set last",
            false => "no event: the store has no handler",
        };
        Difference::new(
            RuleId::HandlerEvent,
            expected,
            "one went to another handler",
        )
    }
}
