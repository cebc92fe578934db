//! What a case may cost: how many events it may have, and how much of the stack is compared at each.

use super::sampler::Sampler;
use crate::lockstep::policy::{FrameBudget, FramePolicy};
use crate::lockstep::recording::tally::Tally;
use crate::lockstep::verdict::Ended;
use crate::progress;

/// Values that may be compared, on average, at each of the events that a case may have: deep stacks
/// of many operands cost as much as many events.
const VALUES_PER_EVENT: u64 = 300;

/// What a case may cost.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Which frames are compared at an event.
    pub(crate) frames: FrameBudget,
    /// What is compared in single-step, where the frames' budget leaves that to it.
    pub(crate) sampler: Sampler,
    max_events: u64,
    max_values: u64,
    /// Events after which the budget is looked at.
    next_look: u64,
}

impl Budget {
    /// Of a case that may have so many events, at which these frames are compared.
    pub(crate) fn new(frames: FramePolicy, max_events: u64) -> Budget {
        Budget {
            frames: FrameBudget::new(frames),
            sampler: Sampler::default(),
            max_events,
            max_values: max_events.saturating_mul(VALUES_PER_EVENT),
            next_look: max_events.min(progress::EVENTS),
        }
    }

    /// It is looked at at the next event, and as long as something is armed at every one.
    pub(crate) fn look_at_once(&mut self) {
        self.next_look = 0;
    }

    /// Whether it is to be looked at, now that so much was compared.
    #[inline(always)]
    pub(crate) fn is_due(&self, tally: &Tally) -> bool {
        tally.sequence_points >= self.next_look || tally.values >= self.max_values
    }

    /// Looks whether the case has had its share: then less is compared from here on, or the case ends. The
    /// next look is at the next event if something is `armed` that waits for its chance.
    pub(crate) fn look(&mut self, tally: &Tally, armed: bool) -> Option<Ended> {
        let events = tally.sequence_points;
        self.next_look = match armed {
            true => events,
            false => self.max_events.min(events + progress::EVENTS),
        };
        if tally.values >= self.max_values {
            let sampler = self.frames.is_sampled() && self.sampler.narrow();
            if !self.frames.narrow() && !sampler {
                return Some(Ended::ValueLimit(self.max_values));
            }
            self.max_values = self.max_values.saturating_mul(2);
        }
        let spent = events >= self.max_events;
        spent.then_some(Ended::EventLimit(self.max_events))
    }

    /// Something else than one opcode of the program lies between the last event and the next: an action of
    /// the debugger, say.
    #[inline]
    pub(crate) fn disturb(&mut self) {
        self.sampler.disturb();
    }
}
