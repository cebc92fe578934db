//! `EpochYield` events: they come where the program can be interrupted next, once the epoch is beyond the
//! store's deadline.

use super::Following;
use super::sight::Sight;
use lockstep_oracles::machine::Stop;

/// What is known of the epoch, and of the events that it causes.
#[derive(Debug, Default)]
pub(crate) struct Epoch {
    /// Whether it was advanced since the last `EpochYield` event, by this store or another.
    pub(crate) advanced: bool,
    /// Whether an `EpochYield` event must come where the program can be interrupted next.
    due: bool,
    /// How many breakpoint events had come when an `EpochYield` event was said to be missing at the next: it
    /// may only come late.
    pub(crate) missed: Option<u64>,
    /// What may be looked at where the last `EpochYield` event came, if the oracle was brought there.
    pub(crate) last: Option<Sight>,
    /// Whether the handler of such an event has not returned: the deadline is set anew when it has.
    pub(crate) unreturned: bool,
    /// Whether such an event, or one of the deadline's, is being dealt with: the innermost frame may be
    /// shown elsewhere.
    pub(crate) interrupts: bool,
}

impl Epoch {
    /// Whether an event must come where the program can be interrupted next.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        self.due
    }

    /// Whether an event was due, which from here on is not: it came, or was passed.
    pub(crate) fn take_due(&mut self) -> bool {
        std::mem::take(&mut self.due)
    }

    /// No event is due any more.
    pub(crate) fn clear_due(&mut self) {
        self.due = false;
    }

    /// What may be looked at where the last event came, if the oracle was brought there.
    pub(crate) fn last(&self) -> Option<Sight> {
        self.last
    }

    /// The same, for the last time.
    pub(crate) fn take_last(&mut self) -> Option<Sight> {
        self.last.take()
    }

    /// Whether the event that came, behind so many breakpoint events, is one that was missed at the last of
    /// them, and was reported there.
    pub(crate) fn comes_late(&mut self, events: u64) -> bool {
        let missed = self.missed.take();
        let late = missed.is_some_and(|before| events <= before + 1);
        if late {
            self.advanced = false;
        }
        late
    }
}

impl Following {
    /// Whether it is known where the last event of the epoch came, and so which events follow an edit there.
    pub(crate) fn knows_yield(&self) -> bool {
        self.breakpoints.is_everywhere() || self.epoch.last.is_some()
    }

    /// Whether the last event of the epoch came between two opcodes, and it is known which.
    pub(crate) fn is_between_opcodes(&self) -> bool {
        self.epoch.last.is_some_and(|sight| !sight.within)
    }

    /// The oracle goes on from where it was brought to, unless a breakpoint's event is due there.
    fn leave_unselected(&mut self) {
        if self.invocation.ahead == Some(Stop::SequencePoint) && !self.is_at_breakpoint() {
            self.invocation.ahead = None;
        }
    }

    /// The epoch was advanced: by the debugger or the host, `own` at an event of its own.
    pub fn epoch_was_advanced(&mut self, own: bool) {
        self.epoch.advanced = true;
        self.epoch.unreturned = false;
        if own {
            // Only here: the handler may have set a breakpoint there.
            self.leave_unselected();
        }
        // The deadline is set anew when the event's handler has returned.
        self.epoch.due |= !own && self.has_events() && !self.setting.neighbour;
    }

    /// The call is left, as its future is dropped or the handler panicked. At an event of the epoch the deadline
    /// stays where it was, so that the next call comes to it; but for a dropped call the store may have no
    /// handler.
    pub(crate) fn leave_epoch(&mut self, panicked: bool) {
        self.epoch.clear_due();
        if self.epoch.unreturned {
            self.epoch_was_advanced(!panicked);
        }
    }
}
