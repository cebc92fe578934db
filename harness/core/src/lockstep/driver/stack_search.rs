//! The oracle is brought to where the program must be, by the stack shown.

use super::Driver;
use crate::causes::Cause;
use crate::lockstep::following::POINTS_BETWEEN_EVENTS;
use crate::lockstep::following::stack_search::Search;
use crate::lockstep::verdict::Ended;
use crate::observe::{Boundary, Observation, Place, Walk};
use lockstep_oracles::machine::Stop;

/// At so many places that fit is looked for the values shown.
const PLACES: u32 = 100_000;

impl Driver {
    /// Runs the oracle to the stack that the subject shows at an overflow: how deep the calls are by then
    /// is the subject's own, but the program must come there, and to no breakpoint before.
    pub(crate) fn run_to_overflow<O: Observation>(&mut self, observed: &mut O) -> Stop {
        let callers = callers_of(observed);
        for _ in 0..POINTS_BETWEEN_EVENTS {
            let stop = self.run_stepped();
            if stop != Stop::SequencePoint {
                return stop;
            }
            let entered = self
                .following
                .machine
                .top()
                .is_some_and(|view| view.position == 0);
            if self.following.is_at_breakpoint() || entered && self.following.waits_at(&callers) {
                return stop;
            }
        }
        self.ended
            .get_or_insert(Ended::PointLimit(POINTS_BETWEEN_EVENTS));
        Stop::SequencePoint
    }

    /// Brings the oracle to where the subject shows that its heap is full, where its stack may be looked at
    /// before it is known where the program is.
    pub(crate) fn search_full_heap<O: Observation>(&mut self, observed: &mut O) -> Search {
        let inlined = self.following.setting.cause(Cause::InlinedLibcall);
        let inlined = inlined.filter(|_| self.following.setting.inlined);
        if let Some(known) = inlined.or_else(|| self.following.hides_callers()) {
            self.recorder.leave_out(known, 1);
            return Search::Unknown;
        }
        // What is open, or was changed, is no number to tell a place by.
        if self.comparison.nans.any || self.comparison.registers.are_changed() {
            return Search::Unknown;
        }
        self.run_to_full_heap(observed)
    }

    /// Brings the oracle to an opcode that makes an object where the subject shows that its heap is full:
    /// the first at which the frames of the innermost activation are at their places, with the numbers
    /// shown in their locals. What references denote tells nothing before the two sides are at one place.
    fn run_to_full_heap<O: Observation>(&mut self, observed: &mut O) -> Search {
        for _ in 0..PLACES {
            if self.following.is_about_to_make() && self.following.shows_place(observed) {
                return Search::There;
            }
            let stop = match self.following.invocation.ahead.take() {
                Some(stop) => stop,
                None => self.run_to_breakpoint_or(|_, function, position| {
                    function.instrs[position].op.makes_object()
                }),
            };
            if stop != Stop::SequencePoint || self.following.is_at_breakpoint() {
                self.following.invocation.ahead = Some(stop);
                return Search::Before;
            }
        }
        Search::Unknown
    }
}

/// The places of the innermost activation's frames but the innermost, which is only passed.
fn callers_of<O: Observation>(observed: &mut O) -> Vec<Place> {
    let mut walk = observed.walk();
    let mut places = Vec::new();
    if walk.done() {
        return places;
    }
    while walk.parent() == Boundary::Same && !walk.done() {
        places.push(walk.place());
    }
    places
}
