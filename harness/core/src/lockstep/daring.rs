//! Daring: doing once, on purpose, what a cause forbids.
//!
//! A hazard is never met otherwise, so that nobody would see when the subject no longer has it. Whoever
//! watches the process is told first, with all that was found until then: the process may not live to
//! tell of it. Without a watcher nothing is dared.

use super::comparison::Comparison;
use super::difference::Difference;
use super::driver::Driver;
use super::findings::Findings;
use super::following::Following;
use super::frames::{Referents, ValueDiff, difference};
use super::places::expected_place;
use super::tally::Tally;
use super::verdict::{Ended, Flow};
use crate::causes::hazard::Dare;
use crate::causes::{Cause, Known};
use crate::divergence::{Divergence, Moment};
use crate::observe::{Observation, Place, Walk};
use crate::progress;
use crate::rules::RuleId;
use lockstep_oracles::ValType;
use lockstep_oracles::value::Cell;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// What came of a dare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DareResult {
    /// The process died, the engine panicked, or what was seen is not what it should be.
    Confirmed,
    /// What was seen was compared, as always.
    Compared,
}

/// A hazard that was dared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dared {
    /// The cause that forbids it.
    pub cause: Cause,
    /// What came of it.
    pub result: DareResult,
}

/// What is said before a hazard is dared: which, and what was found until then.
#[derive(Debug, Serialize, Deserialize)]
pub struct Announced {
    /// The cause that forbids it.
    pub cause: Cause,
    /// What was compared.
    pub tally: Tally,
    /// The unexplained divergences.
    pub divergences: Vec<Divergence>,
    /// Matches by cause.
    pub known: BTreeMap<Cause, u64>,
    /// The first match of each cause.
    pub known_examples: Vec<Divergence>,
}

/// What an execution dares: one thing, once.
#[derive(Debug, Default)]
pub(super) struct Daring {
    /// What is to be dared; none once it was.
    wanted: Option<Dare>,
    /// What was dared.
    made: Option<Dared>,
}

impl Daring {
    /// What was dared.
    pub(super) fn dared(&self) -> Option<Dared> {
        self.made
    }

    /// Whether this was dared.
    pub(super) fn has_dared(&self, cause: Cause) -> bool {
        self.made.is_some_and(|made| made.cause == cause)
    }

    /// Whether something is still to be dared.
    pub(super) fn is_armed(&self) -> bool {
        self.wanted.is_some()
    }
}

/// Frames, from the innermost, in which a slot is looked for.
const FRAMES: usize = 16;

/// A slot that must not be read.
struct Slot {
    /// 0 innermost
    frame: usize,
    at: SlotIndex,
    ty: ValType,
    cell: Cell,
    known: Known,
}

#[derive(Clone, Copy)]
enum SlotIndex {
    Local(u32),
    Operand(u32),
}

impl Comparison {
    /// Has this execution dare something.
    pub(super) fn set_dare(&mut self, dare: Option<Dare>) {
        self.daring.wanted = dare;
        if dare.is_some() {
            // Slots that must not be read are looked for at every event.
            self.budget.look_at_once();
        }
    }

    fn forbidden_slot(&self, following: &Following) -> Option<Slot> {
        let dare = self.daring.wanted?;
        let visible = following.visible_frames().min(FRAMES);
        let mut frames = following.machine.frames().take(visible).enumerate();
        frames.find_map(|(frame, view)| {
            let layout = following.program.layout(&view);
            let locals = view.locals.iter().zip(&view.function.locals).enumerate();
            let mut locals = locals.filter_map(|(index, (&cell, &ty))| {
                let known = layout.local(index).or_else(|| layout.unset(ty, cell))?;
                let at = SlotIndex::Local(index as u32);
                Some((at, ty, cell, known))
            });
            let shapes =
                std::iter::successors(view.shape, |id| view.function.shapes[id.0 as usize].below);
            let mut operands = shapes.filter_map(|id| {
                let known = layout.top_operand(Some(id))?;
                let node = &view.function.shapes[id.0 as usize];
                let index = node.height - 1;
                let cell = *view.operands.get(index as usize)?;
                Some((SlotIndex::Operand(index), node.ty, cell, known))
            });
            let wanted = |slot: &(_, _, _, Known)| dare.includes(slot.3.cause());
            let found = locals.find(wanted).or_else(|| operands.find(wanted));
            found.map(|(at, ty, cell, known)| Slot {
                frame,
                at,
                ty,
                cell,
                known,
            })
        })
    }
}

impl Following {
    /// Whether a frame is shown where it must be, with as many values as it has.
    fn is_shown<O: Observation>(&self, observed: &mut O, frame: usize) -> bool {
        let Some(view) = self.machine.frames().nth(frame) else {
            return false;
        };
        let mut walk = observed.walk();
        at_frame(&mut walk, frame)
            && walk.place() == expected_place(&view, self.setting.conventions)
            && walk.num_locals() as usize == view.locals.len()
            && walk.num_operands() as usize == view.operands.len()
    }

    /// Looks at every frame: how they are not where the oracle's are.
    fn all_frames<O: Observation>(&self, observed: &mut O, moment: Moment) -> Option<Difference> {
        let mut expected = self.expected_places();
        let mut seen: Vec<Place> = Vec::new();
        let mut walk = observed.walk();
        while !walk.done() && seen.len() <= expected.len() {
            seen.push(walk.place());
            walk.parent();
        }
        drop(walk);
        // There an interrupted opcode may be shown as another of the function: that has causes of its own.
        if matches!(
            moment,
            Moment::Trap | Moment::EpochYield | Moment::HostcallError
        ) && let Some((expected, seen)) = expected.first_mut().zip(seen.first())
        {
            expected.pc = seen.pc;
        }
        let frames = |places: &[Place]| format!("{} frames", places.len());
        (seen != expected)
            .then(|| Difference::new(RuleId::FrameCount, frames(&expected), frames(&seen)))
    }
}

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
    pub(super) fn is_of_dare(&mut self, divergence: &Divergence) -> bool {
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
    pub(super) fn dare_slot<O: Observation>(&mut self, observed: &mut O, moment: Moment) {
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
    pub(super) fn dare_operands<O: Observation>(&mut self, observed: &mut O, range: Range<usize>) {
        let mut walk = observed.walk();
        for index in range {
            walk.operand(index as u32);
        }
        drop(walk);
        self.confirm_dare();
    }

    /// Looks at every frame, though a cause forbids it: they must be where the oracle's are.
    pub(super) fn dare_frames<O: Observation>(&mut self, observed: &mut O, moment: Moment) -> Flow {
        let found = self.following.all_frames(observed, moment);
        self.report(moment, found);
        self.end_dare()
    }
}

/// Moves a walk to a frame; whether there is one.
fn at_frame<W: Walk>(walk: &mut W, frame: usize) -> bool {
    for _ in 0..frame {
        if walk.done() {
            return false;
        }
        walk.parent();
    }
    !walk.done()
}
