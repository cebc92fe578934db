//! `EpochYield` events: they come where the program can be interrupted next, once the epoch is beyond the
//! store's deadline.

use super::driver::Driver;
use super::following::Following;
use super::interrupts::Interruption;
use super::looks::Look;
use super::sight::Sight;
use super::verdict::Flow;
use crate::divergence::Moment;
use crate::observe::Observation;
use crate::rules::RuleId;
use lockstep_oracles::machine::Stop;

/// What is known of the epoch, and of the events that it causes.
#[derive(Debug, Default)]
pub(super) struct Epoch {
    /// Whether it was advanced since the last `EpochYield` event, by this store or another.
    advanced: bool,
    /// Whether an `EpochYield` event must come where the program can be interrupted next.
    due: bool,
    /// How many breakpoint events had come when an `EpochYield` event was said to be missing at the next: it
    /// may only come late.
    missed: Option<u64>,
    /// What may be looked at where the last `EpochYield` event came, if the oracle was brought there.
    last: Option<Sight>,
    /// Whether such an event, or one of the deadline's, is being dealt with: the innermost frame may be
    /// shown elsewhere.
    pub(super) interrupts: bool,
}

impl Epoch {
    /// Whether an event must come where the program can be interrupted next.
    #[inline]
    pub(super) fn is_due(&self) -> bool {
        self.due
    }

    /// Whether an event was due, which from here on is not: it came, or was passed.
    pub(super) fn take_due(&mut self) -> bool {
        std::mem::take(&mut self.due)
    }

    /// No event is due any more.
    pub(super) fn clear_due(&mut self) {
        self.due = false;
    }

    /// What may be looked at where the last event came, if the oracle was brought there.
    pub(super) fn last(&self) -> Option<Sight> {
        self.last
    }

    /// The same, for the last time.
    pub(super) fn take_last(&mut self) -> Option<Sight> {
        self.last.take()
    }

    /// Whether the event that came, behind so many breakpoint events, is one that was missed at the last of
    /// them, and was reported there.
    fn comes_late(&mut self, events: u64) -> bool {
        let missed = self.missed.take();
        let late = missed.is_some_and(|before| events <= before + 1);
        if late {
            self.advanced = false;
        }
        late
    }
}

impl Following {
    /// The oracle goes on from where it was brought to, unless a breakpoint's event is due there.
    fn leave_unselected(&mut self) {
        if self.invocation.ahead == Some(Stop::SequencePoint) && !self.is_at_breakpoint() {
            self.invocation.ahead = None;
        }
    }

    /// The epoch was advanced: by the debugger or the host, at an event of another kind than its own.
    pub fn epoch_was_advanced(&mut self, own: bool) {
        self.epoch.advanced = true;
        // The deadline is set anew when the event's handler has returned.
        self.epoch.due |= !own && self.has_events() && !self.setting.neighbour;
    }
}

impl Driver {
    /// An `EpochYield` event: it comes between two opcodes, where the program can be interrupted.
    pub fn epoch_yield<O: Observation>(&mut self, observed: &mut O) -> Flow {
        self.comparison.budget.disturb();
        if self.ended.is_some() {
            return Flow::Stop;
        }
        self.following.epoch.interrupts = true;
        let flow = self.yielded(observed);
        self.following.epoch.interrupts = false;
        flow
    }

    fn yielded<O: Observation>(&mut self, observed: &mut O) -> Flow {
        // Another store of the engine advances the epoch, too: how many come, and where, depends on the
        // threads' pace, and what is counted of a case must not.
        if self.following.setting.neighbour {
            return Flow::Continue;
        }
        if self
            .following
            .epoch
            .comes_late(self.recorder.tally.sequence_points)
        {
            return Flow::Continue;
        }
        self.following.epoch.last = None;
        self.recorder.tally.epoch_yields += 1;
        self.recorder.tally.looks.event(Look::EpochYield);
        if !std::mem::take(&mut self.following.epoch.advanced) {
            self.report_plain(
                RuleId::EpochEvent,
                Moment::EpochYield,
                "no EpochYield event: the epoch is before the deadline".to_owned(),
                "an EpochYield event".to_owned(),
            );
        }
        if self.is_before_start(observed) {
            self.following.epoch.clear_due();
            return Flow::Continue;
        }
        let sparse = !self.following.breakpoints.is_everywhere();
        let sight = self.approach(observed, Interruption::Epoch);
        self.following.epoch.clear_due();
        if self.is_cut() {
            return Flow::Stop;
        }
        if sparse && (self.following.is_within_bulk() || self.following.is_before_bulk()) {
            // Whether it came within this opcode or comes behind it nothing says.
            self.following.leave_unselected();
            return Flow::Continue;
        }
        let Some(sight) = sight else {
            let expected = "no EpochYield event: no function is entered, and no loop begins";
            let shown = "an EpochYield event";
            return self.report_misplaced(RuleId::EpochEvent, Moment::EpochYield, expected, shown);
        };
        self.following.epoch.last = Some(sight);
        let flow = self.compare_interrupted(observed, Interruption::Epoch, sight);
        if sparse {
            self.following.leave_unselected();
        }
        flow
    }

    /// An `EpochYield` event was due where the program has passed.
    pub(super) fn report_lost_yield(&mut self) {
        self.following.epoch.missed = Some(self.recorder.tally.sequence_points);
        self.report_plain(
            RuleId::EpochLost,
            Moment::EpochYield,
            "an EpochYield event: the epoch is beyond the deadline".to_owned(),
            "the program went on without one".to_owned(),
        );
    }
}
