//! The oracle grows as the subject did, and the case ends where it cannot.

use super::Driver;
use crate::lockstep::verdict::Ended;
use lockstep_oracles::machine::Stop;
use lockstep_oracles::trap::Exhaustion;

impl Driver {
    /// Lets the oracle do as the subject did, after a run to the next sequence point.
    #[inline]
    pub(crate) fn follow_growth(&mut self, stop: Stop) -> Stop {
        if !self.following.sizes.noted {
            return stop;
        }
        self.follow_noted(stop)
    }

    #[cold]
    #[inline(never)]
    fn follow_noted(&mut self, stop: Stop) -> Stop {
        self.following.sizes.noted = false;
        match self.following.sizes.follow(&mut self.following.machine) {
            Ok(()) => stop,
            Err(limit) => self.cannot_grow(limit),
        }
    }

    /// The subject's entity grew beyond a limit of the oracle's.
    pub(crate) fn cannot_grow(&mut self, limit: Exhaustion) -> Stop {
        self.ended.get_or_insert(Ended::OracleLimit(limit));
        Stop::Exhausted(limit)
    }
}
