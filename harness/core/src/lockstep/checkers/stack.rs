//! How many frames of a stack differ, and in what.

use super::comparison::Comparison;
use super::frames::{Referents, StackDiff, ValueDiff, compare_stack};
use crate::lockstep::following::Following;
use crate::lockstep::recording::tally::Tally;
use crate::observe::{Limited, Observation, Walk};

impl Comparison {
    /// Compares up to `limit` frames as far as they may be looked at: which differ in values, and what of the
    /// structure does.
    pub(crate) fn compare_frames<O: Observation>(
        &mut self,
        following: &Following,
        observed: &mut O,
        depth: usize,
        limit: usize,
        tally: &mut Tally,
    ) -> (Vec<(usize, ValueDiff)>, Option<StackDiff>) {
        // Stays empty, and so allocates nothing, while nothing differs.
        let mut values = Vec::new();
        let mut walk = Limited::new(observed.walk(), following.visible_frames());
        let program = &following.program;
        let mut referents = Referents {
            machine: &following.machine,
            references: &mut self.references,
        };
        let structure = compare_stack(
            following.machine.frames(),
            depth,
            limit,
            0,
            following.setting.conventions,
            |view| program.layout(view),
            &mut walk,
            &mut referents,
            tally,
            |frame, diff| values.push((frame, diff)),
        );
        (values, structure)
    }

    /// The same of the frames above the innermost.
    pub(crate) fn compare_callers<O: Observation>(
        &mut self,
        following: &Following,
        observed: &mut O,
        limit: usize,
        tally: &mut Tally,
    ) -> (Vec<(usize, ValueDiff)>, Option<StackDiff>) {
        let mut values = Vec::new();
        let mut walk = Limited::new(observed.walk(), following.visible_frames());
        walk.parent();
        let program = &following.program;
        let mut referents = Referents {
            machine: &following.machine,
            references: &mut self.references,
        };
        let structure = compare_stack(
            following.machine.frames().skip(1),
            following.machine.depth() - 1,
            limit - 1,
            0,
            following.setting.conventions,
            |view| program.layout(view),
            &mut walk,
            &mut referents,
            tally,
            |frame, diff| values.push((frame + 1, diff)),
        );
        (values, structure.map(StackDiff::behind_one_frame))
    }
}
