//! What a cause forbids is done once, on purpose.

use super::Driver;
use crate::causes::{Cause, Known};
use crate::divergence::{Divergence, Moment};
use crate::lockstep::checkers::daring::{Announced, DareResult, Dared, Slot, SlotIndex, at_frame};
use crate::lockstep::checkers::frames::{Referents, ValueDiff, difference};
use crate::lockstep::recording::findings::Findings;
use crate::lockstep::verdict::{Ended, Flow};
use crate::observe::{Observation, Walk};
use crate::progress;
use std::ops::Range;

impl Driver {
    /// Whether what this cause forbids is done all the same. It is said by then.
    pub fn dares(&mut self, known: Known) -> bool {
        let cause = known.cause();
        let wanted = self
            .comparison
            .daring
            .wanted
            .is_some_and(|dare| dare.includes(cause));
        if !wanted || self.ended.is_some() {
            return false;
        }
        self.comparison.daring.wanted = None;
        let findings = &self.recorder.findings;
        let heard = progress::announce(Announced {
            cause,
            tally: self.recorder.tally.clone(),
            divergences: findings.unexplained.clone(),
            known: findings.known.clone(),
            known_examples: findings.known_examples.clone(),
        });
        if !heard {
            return false;
        }
        // What was found until now is told.
        self.recorder.findings = Findings::default();
        let result = DareResult::Compared;
        self.comparison.daring.made = Some(Dared { cause, result });
        true
    }

    /// Whether something may be done that a cause forbids, if one does: only if it is dared. Else it is counted.
    pub(crate) fn may(&mut self, forbids: Option<Known>) -> bool {
        let Some(known) = forbids else { return true };
        let dares = self.dares(known);
        if !dares {
            self.recorder.leave_out(known, 1);
        }
        dares
    }

    /// What was dared has gone wrong, if anything was dared.
    pub fn confirm_dare(&mut self) -> bool {
        let Some(made) = &mut self.comparison.daring.made else {
            return false;
        };
        made.result = DareResult::Confirmed;
        let _ = self.end_dare();
        true
    }

    /// Whether a difference is that of what was dared, or comes behind it: it is none of the case. A slot
    /// that is not aligned is written all the same: where reading it does not fault, its value must be right.
    pub(crate) fn is_of_dare(&mut self, divergence: &Divergence) -> bool {
        if matches!(self.ended, Some(Ended::Dared(_))) {
            return true;
        }
        let made = self.comparison.daring.made;
        divergence.known.is_none()
            && made.is_some_and(|made| made.cause != Cause::V128Slot)
            && self.confirm_dare()
    }

    /// The execution ends, if something was dared: nobody knows what is left whole.
    pub fn end_dare(&mut self) -> Flow {
        match self.comparison.daring.made {
            Some(made) => {
                self.ended = Some(Ended::Dared(made.cause));
                Flow::Stop
            }
            None => Flow::Continue,
        }
    }

    /// Reads the first slot on the stack that must not be read, if that is to be dared.
    pub(crate) fn dare_slot<O: Observation>(&mut self, observed: &mut O, moment: Moment) {
        if !self.comparison.daring.is_armed() || self.ended.is_some() {
            return;
        }
        if let Some(slot) = self.comparison.forbidden_slot(&self.following)
            && self.following.is_shown(observed, slot.frame)
            && self.dares(slot.known)
        {
            self.read_slot(observed, moment, &slot);
            let _ = self.end_dare();
        }
    }

    fn read_slot<O: Observation>(&mut self, observed: &mut O, moment: Moment, slot: &Slot) {
        let Some(view) = self.following.machine.frames().nth(slot.frame) else {
            return;
        };
        let mut referents = Referents {
            machine: &self.following.machine,
            references: &mut self.comparison.references,
        };
        let mut walk = observed.walk();
        if !at_frame(&mut walk, slot.frame) {
            return;
        }
        let seen = match slot.at {
            SlotIndex::Local(index) => walk.local(index),
            SlotIndex::Operand(index) => walk.operand(index),
        };
        self.recorder.tally.values += 1;
        if seen.is(slot.ty, slot.cell) {
            return;
        }
        let expected = (slot.ty, slot.cell);
        let fault = difference(&mut walk, &mut referents, &view, expected, seen);
        drop(walk);
        let mut diff = ValueDiff::default();
        match (fault, slot.at) {
            (Some(fault), SlotIndex::Local(index)) => diff.note_local(index, fault),
            (Some(fault), SlotIndex::Operand(index)) => diff.note_operand(index, fault),
            (None, _) => return,
        }
        self.report_values(observed, moment, slot.frame, diff);
    }

    /// Reads operands that the program has not: what is in their slots is no value of its own.
    pub(crate) fn dare_operands<O: Observation>(&mut self, observed: &mut O, range: Range<usize>) {
        let mut walk = observed.walk();
        for index in range {
            walk.operand(index as u32);
        }
        drop(walk);
        self.confirm_dare();
    }

    /// Looks at every frame, though a cause forbids it: they must be where the oracle's are.
    pub(crate) fn dare_frames<O: Observation>(&mut self, observed: &mut O, moment: Moment) -> Flow {
        let found = self.following.all_frames(observed, moment);
        self.report(moment, found);
        self.end_dare()
    }
}
