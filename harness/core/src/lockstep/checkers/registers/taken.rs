//! What events changed is taken from the subject: what a frame, a result or an entity shows.

use super::Slot;
use crate::lockstep::checkers::comparison::Comparison;
use crate::lockstep::checkers::entities::Entities;
use crate::lockstep::checkers::explain::Shown;
use crate::lockstep::checkers::frames::{Referents, ValueDiff, compare_locals, compare_operands};
use crate::lockstep::following::Following;
use crate::lockstep::following::invocation::Phase;
use crate::lockstep::recording::tally::Tally;
use crate::observe::{Observation, Walk};
use crate::seen::Seen;
use lockstep_oracles::ValType;
use lockstep_oracles::address::{GlobalAddr, MemAddr};
use lockstep_oracles::value::Cell;

impl Following {
    /// Whether the frame's operands may be those of another opcode, or lack what one has taken: they are
    /// compared in a way of their own.
    pub(crate) fn shows_others(&self, frame: usize) -> bool {
        let trapped = matches!(self.invocation.phase, Phase::Trapped(_));
        frame == 0 && (trapped || self.may_show_elsewhere())
    }
}

impl Comparison {
    /// Slots of a frame that differ and may, with what they show.
    pub(crate) fn changed_slots<O: Observation>(
        &mut self,
        following: &mut Following,
        observed: &mut O,
        frame: usize,
    ) -> Vec<(Slot, Cell)> {
        let mut changed = Vec::new();
        let predicted = following.predicted(frame);
        let Some(view) = following.machine.frames().nth(frame) else {
            return changed;
        };
        let depth = following.machine.depth();
        let layout = following.program.layout(&view);
        let mut walk = observed.walk();
        for _ in 0..frame {
            walk.parent();
        }
        for (index, (&cell, &ty)) in view.locals.iter().zip(&view.function.locals).enumerate() {
            if self
                .registers
                .may_change(depth, &view, frame, Slot::Local(index), ty)
                && layout.local(index).is_none()
            {
                let seen = walk.local(index as u32);
                changed.extend(other(seen, ty, cell).map(|cell| (Slot::Local(index), cell)));
            }
        }
        if following.shows_others(frame) {
            return changed;
        }
        let count = walk.num_operands() as usize;
        let predicted = predicted.as_ref().map(|(shown, _)| &shown[..]);
        let Some(shown) = Shown::of(&view, layout, predicted, count) else {
            return changed;
        };
        let mut shape = view.shape;
        for (index, &cell) in view.operands.iter().enumerate().rev() {
            let Some(id) = shape else { break };
            let node = &view.function.shapes[id.0 as usize];
            let slot = Slot::Operand(index);
            if self
                .registers
                .may_change(depth, &view, frame, slot, node.ty)
                && let Some(at) = shown.at(index, shape)
            {
                let seen = walk.operand(at);
                changed.extend(other(seen, node.ty, cell).map(|cell| (slot, cell)));
            }
            shape = node.below;
        }
        changed
    }

    /// Compares a frame's values anew, uncounted.
    pub(crate) fn compare_again<O: Observation>(
        &mut self,
        following: &Following,
        observed: &mut O,
        frame: usize,
    ) -> Option<ValueDiff> {
        let others = following.shows_others(frame);
        let view = following.machine.frames().nth(frame)?;
        let layout = following.program.layout(&view);
        let mut referents = Referents {
            machine: &following.machine,
            references: &mut self.references,
        };
        let (mut tally, mut diff) = (Tally::default(), None);
        let mut walk = observed.walk();
        for _ in 0..frame {
            walk.parent();
        }
        let tally = &mut tally;
        compare_locals(&view, layout, &mut walk, &mut referents, tally, &mut diff);
        if !others {
            compare_operands(&view, layout, &mut walk, &mut referents, tally, &mut diff);
        }
        diff
    }

    pub(crate) fn follow_memory<E: Entities>(
        &mut self,
        following: &mut Following,
        subject: &mut E,
        addr: MemAddr,
    ) -> bool {
        let Some(spans) = self.registers.memories.get(&addr) else {
            return false;
        };
        let Some(seen) = subject.memory(addr) else {
            return false;
        };
        let memory = following.machine.store.memory_mut(addr);
        let mut followed = false;
        for span in spans.each() {
            let bytes = span.start as usize..span.end as usize;
            let Some(seen) = seen.get(bytes.clone()) else {
                continue;
            };
            if memory.bytes().get(bytes).is_some_and(|own| own != seen) {
                followed |= memory.write(span.start, seen).is_ok();
            }
        }
        followed
    }

    pub(crate) fn follow_global<E: Entities>(
        &mut self,
        following: &mut Following,
        subject: &mut E,
        addr: GlobalAddr,
    ) -> bool {
        if !self.registers.globals.contains(&addr) {
            return false;
        }
        let global = following.machine.store.global_mut(addr);
        let other = subject
            .global(addr)
            .and_then(|seen| other(seen, global.ty.content_type, global.value));
        if let Some(cell) = other {
            global.value = cell;
        }
        other.is_some()
    }
}

/// What is shown instead of `cell`, if it is something else of the same type.
pub(super) fn other(seen: Seen, ty: ValType, cell: Cell) -> Option<Cell> {
    let differs = seen.has_type(ty) && !seen.is(ty, cell);
    differs
        .then(|| seen.to_value())
        .flatten()
        .map(|value| value.cell())
}
