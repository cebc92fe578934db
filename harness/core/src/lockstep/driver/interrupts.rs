//! The oracle is brought to where the program can be interrupted.

use super::Driver;
use crate::lockstep::following::interrupts::{Interruption, is_interruptible};
use crate::lockstep::following::sight::Sight;
use crate::lockstep::verdict::Ended;
use crate::observe::Observation;
use lockstep_oracles::machine::Stop;

impl Driver {
    /// Brings the oracle to where the program can be interrupted next, if it is not there yet, and says
    /// what may be looked at. None if it comes to no such place.
    pub fn approach<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
    ) -> Option<Sight> {
        if self.ended.is_some() || !self.following.invocation.is_running() {
            return None;
        }
        if self.following.invocation.ahead.is_none()
            && interruption != Interruption::Overflow
            && self.following.is_within_bulk()
        {
            return Some(self.following.sight(interruption, true, false));
        }
        let stop = match (self.following.invocation.ahead, interruption) {
            (Some(stop), _) => stop,
            (None, _) if self.following.breakpoints.is_everywhere() => self.run_stepped(),
            (None, Interruption::Epoch) => self.run_to_interruptible(),
            (None, Interruption::Overflow) => self.run_to_overflow(observed),
            // How much fuel there is where is not modelled.
            (None, _) => return None,
        };
        self.following.invocation.ahead = Some(stop);
        let view = self
            .following
            .machine
            .top()
            .filter(|_| stop == Stop::SequencePoint)?;
        let entered = view.position == 0;
        let fits = match interruption {
            Interruption::Overflow => entered,
            Interruption::Memory | Interruption::Deadline | Interruption::Growth => false,
            Interruption::Epoch | Interruption::Fuel => {
                is_interruptible(view.function, view.position)
            }
        };
        fits.then(|| self.following.sight(interruption, false, entered))
    }

    /// Whether the oracle was not brought there, for a reason of its own: then the execution has ended.
    pub(crate) fn is_cut(&mut self) -> bool {
        if let Some(Stop::Exhausted(limit)) = self.following.invocation.ahead {
            self.ended.get_or_insert(Ended::OracleLimit(limit));
        }
        self.ended.is_some()
    }

    /// Runs the oracle to the next breakpoint or place at which the program can be interrupted.
    pub(crate) fn run_to_interruptible(&mut self) -> Stop {
        self.run_to_breakpoint_or(|_, function, position| {
            is_interruptible(function, position) || function.instrs[position].op.is_bulk()
        })
    }
}
