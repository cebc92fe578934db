//! The oracle's way where a NaN may be left open.

use super::Driver;
use crate::lockstep::following::POINTS_BETWEEN_EVENTS;
use crate::lockstep::verdict::Ended;
use lockstep_oracles::machine::{FrameView, Stop};
use lockstep_oracles::trap::Exhaustion;

impl Driver {
    /// Runs the oracle to its next sequence point and notes what NaN is open there. The case ends
    /// before one is computed with that was not seen.
    #[cold]
    pub(crate) fn advance_noting_nans(&mut self) -> Stop {
        let Some(kept) = self.comparison.nan_behind(&mut self.following) else {
            return self.end_at_nan();
        };
        let (stop, open) = self.following.machine.step();
        self.comparison.nans.open = open.or(kept);
        let operands = self
            .following
            .machine
            .top()
            .map_or(0, |view| view.operands.len());
        self.comparison
            .nans
            .uncover(self.following.machine.depth(), operands);
        stop
    }

    /// The case ends: nothing can be compared of what is computed with a NaN that was not seen.
    fn end_at_nan(&mut self) -> Stop {
        self.ended.get_or_insert(Ended::UnseenNan);
        Stop::Exhausted(Exhaustion::CallDepth)
    }

    /// A host function throws: where that is caught, operands may be replaced. The case ends, if a NaN may be
    /// among them.
    pub(crate) fn end_if_nan_is_buried(&mut self) {
        if !self.comparison.nans.buried.is_empty() {
            self.ended.get_or_insert(Ended::UnseenNan);
        }
    }

    /// Runs the oracle to its next modelled breakpoint, or to where `also` says, opcode by opcode, as a NaN
    /// may be left open on the way that no event shows; or gives up.
    pub(crate) fn run_noting_nans(&mut self, also: impl Fn(&FrameView<'_>) -> bool) -> Stop {
        for _ in 0..POINTS_BETWEEN_EVENTS {
            let stop = self.run_stepped();
            let view = self
                .following
                .machine
                .top()
                .filter(|_| stop == Stop::SequencePoint && self.ended.is_none());
            let goes_on = view.is_some_and(|view| {
                !self
                    .following
                    .breakpoints
                    .passes(view.instance, view.pc().0)
                    && !also(&view)
            });
            if !goes_on {
                self.note_silent();
                return stop;
            }
        }
        self.give_up()
    }
}
