//! The oracle's way opcode by opcode, where causes ask for it.

use super::Driver;
use crate::lockstep::following::growth::run_following;
use lockstep_oracles::machine::{EverySequencePoint, Stop};

impl Driver {
    /// Runs the oracle to its next stop but for sequence points, opcode by opcode.
    pub(crate) fn run_noting_opcodes(&mut self) -> Stop {
        loop {
            self.comparison.note_next(&mut self.following);
            let stop = run_following(
                &mut self.following.machine,
                &self.following.sizes,
                &EverySequencePoint,
            );
            match stop.unwrap_or_else(|limit| self.cannot_grow(limit)) {
                Stop::SequencePoint => {}
                stop => return stop,
            }
        }
    }
}
