//! Daring: doing once, on purpose, what a cause forbids.
//!
//! A hazard is never met otherwise, so that nobody would see when the subject no longer has it. Whoever
//! watches the process is told first, with all that was found until then: the process may not live to
//! tell of it. Without a watcher nothing is dared.

use super::comparison::Comparison;
use super::difference::Difference;
use crate::causes::hazard::Dare;
use crate::causes::{Cause, Known};
use crate::divergence::{Divergence, Moment};
use crate::lockstep::following::Following;
use crate::lockstep::following::places::expected_place;
use crate::lockstep::recording::tally::Tally;
use crate::observe::{Observation, Place, Walk};
use crate::rules::RuleId;
use lockstep_oracles::ValType;
use lockstep_oracles::value::Cell;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
pub(crate) struct Daring {
    /// What is to be dared; none once it was.
    pub(crate) wanted: Option<Dare>,
    /// What was dared.
    pub(crate) made: Option<Dared>,
}

impl Daring {
    /// What was dared.
    pub(crate) fn dared(&self) -> Option<Dared> {
        self.made
    }

    /// Whether this was dared.
    pub(crate) fn has_dared(&self, cause: Cause) -> bool {
        self.made.is_some_and(|made| made.cause == cause)
    }

    /// Whether something is still to be dared.
    pub(crate) fn is_armed(&self) -> bool {
        self.wanted.is_some()
    }
}

/// Frames, from the innermost, in which a slot is looked for.
const FRAMES: usize = 16;

/// A slot that must not be read.
pub(crate) struct Slot {
    /// 0 innermost
    pub(crate) frame: usize,
    pub(crate) at: SlotIndex,
    pub(crate) ty: ValType,
    pub(crate) cell: Cell,
    pub(crate) known: Known,
}

#[derive(Clone, Copy)]
pub(crate) enum SlotIndex {
    Local(u32),
    Operand(u32),
}

impl Comparison {
    /// Has this execution dare something.
    pub(crate) fn set_dare(&mut self, dare: Option<Dare>) {
        self.daring.wanted = dare;
        if dare.is_some() {
            // Slots that must not be read are looked for at every event.
            self.budget.look_at_once();
        }
    }

    pub(crate) fn forbidden_slot(&self, following: &Following) -> Option<Slot> {
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
    pub(crate) fn is_shown<O: Observation>(&self, observed: &mut O, frame: usize) -> bool {
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
    pub(crate) fn all_frames<O: Observation>(
        &self,
        observed: &mut O,
        moment: Moment,
    ) -> Option<Difference> {
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

/// Moves a walk to a frame; whether there is one.
pub(crate) fn at_frame<W: Walk>(walk: &mut W, frame: usize) -> bool {
    for _ in 0..frame {
        if walk.done() {
            return false;
        }
        walk.parent();
    }
    !walk.done()
}
