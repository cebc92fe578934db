//! What events changed is taken from the subject: what a frame, a result or an entity shows.

use super::super::comparison::Comparison;
use super::super::driver::Driver;
use super::super::entities::{Entities, Entity};
use super::super::evidence::Indices;
use super::super::explain::Shown;
use super::super::following::Following;
use super::super::frames::{Referents, ValueDiff, compare_locals, compare_operands};
use super::super::invocation::Phase;
use super::super::tally::Tally;
use super::Slot;
use crate::causes::pulley_registers as registers;
use crate::divergence::Moment;
use crate::observe::{Observation, Walk};
use crate::rules::RuleId;
use crate::seen::Seen;
use lockstep_oracles::ValType;
use lockstep_oracles::address::{GlobalAddr, MemAddr};
use lockstep_oracles::value::{Cell, Value};

impl Following {
    /// Whether the frame's operands may be those of another opcode, or lack what one has taken: they are
    /// compared in a way of their own.
    fn shows_others(&self, frame: usize) -> bool {
        let trapped = matches!(self.invocation.phase, Phase::Trapped(_));
        frame == 0 && (trapped || self.may_show_elsewhere())
    }
}

impl Comparison {
    /// Slots of a frame that differ and may, with what they show.
    fn changed_slots<O: Observation>(
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
    fn compare_again<O: Observation>(
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

    fn follow_memory<E: Entities>(
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

    fn follow_global<E: Entities>(
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

impl Driver {
    /// Takes what a frame shows where an event may have changed it; what still differs.
    pub(in crate::lockstep) fn follow_registers<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
        diff: ValueDiff,
    ) -> Option<ValueDiff> {
        // The real ones among operands of another number are compared later.
        let operands = diff.operand_value.is_some() || diff.operand_count;
        let differs = diff.local_value.is_some() || operands;
        if !differs
            || !self
                .comparison
                .look_for_changed(&self.following, self.recorder.tally.sequence_points)
        {
            return Some(diff);
        }
        let changed = self
            .comparison
            .changed_slots(&mut self.following, observed, frame);
        let Some(&(first, _)) = changed.first() else {
            return Some(diff);
        };
        self.count_changed(observed, moment, frame, first);
        for (slot, cell) in changed {
            match slot {
                Slot::Local(index) => self.following.machine.replace_local(frame, index, cell),
                Slot::Operand(index) => self.following.machine.replace_operand(frame, index, cell),
            };
        }
        let left = self
            .comparison
            .compare_again(&self.following, observed, frame)?;
        Some(match self.following.shows_others(frame) {
            // Its operands were not looked at again.
            true => ValueDiff {
                local_count: left.local_count,
                local_type: left.local_type,
                local_value: left.local_value,
                local_reference: left.local_reference,
                ..diff
            },
            false => left,
        })
    }

    /// Takes what the innermost frame shows of operands that an event may have changed.
    pub(in crate::lockstep) fn take_changed<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        changed: Vec<(usize, Cell)>,
    ) {
        if let Some(&(first, _)) = changed.first() {
            self.count_changed(observed, moment, 0, Slot::Operand(first));
        }
        for (index, cell) in changed {
            self.following.machine.replace_operand(0, index, cell);
        }
    }

    fn count_changed<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
        slot: Slot,
    ) {
        let Some(known) = self.comparison.registers.cause else {
            return;
        };
        if self.recorder.repeats(Some(known)) {
            return;
        }
        let (rule, index) = match slot {
            Slot::Local(index) => (RuleId::LocalValue, index),
            Slot::Operand(index) => (RuleId::OperandValue, index),
        };
        let (expected, shown) = self.comparison.value_pair(
            &self.following,
            observed,
            frame,
            rule,
            Some(Indices::same(index as u32)),
        );
        let mut divergence =
            self.evidence(observed, moment, rule, Some(frame), Some(expected), shown);
        divergence.known = Some(known.cause());
        self.recorder.findings.add(divergence);
    }

    /// Whether values that leave the frames agree, but for those that an event may have changed.
    pub(in crate::lockstep) fn agree_but_for_registers(
        &mut self,
        expected: &[Value],
        seen: &[Seen],
    ) -> bool {
        let Some(known) = self.comparison.registers.cause.filter(|_| {
            let events = self.recorder.tally.sequence_points;
            self.following.has_met_breakpoints(events)
        }) else {
            return false;
        };
        self.comparison.note_result(&self.following);
        let converts = self.comparison.registers.since.converts;
        let agree = expected.len() == seen.len()
            && expected.iter().zip(seen).all(|(&value, &seen)| {
                let is_number = !matches!(value, Value::Ref(..));
                let may_change = is_number && converts || registers::is_changed(value.ty());
                may_change && seen.has_type(value.ty())
                    || self.comparison.value_agrees(&self.following, value, seen)
            });
        if agree {
            self.recorder.findings.count_known(known);
        }
        agree
    }

    /// Takes the results that an event may have changed.
    pub(in crate::lockstep) fn follow_results(&mut self, results: &mut [Value], seen: &[Seen]) {
        if self.comparison.values_agree(&self.following, results, seen)
            || !self.agree_but_for_registers(results, seen)
        {
            return;
        }
        for (result, &seen) in results.iter_mut().zip(seen) {
            if !matches!(result, Value::Ref(..))
                && let Some(value) = seen.to_value()
            {
                *result = value;
            }
        }
    }

    /// Counts the fields of objects that were shown changed.
    pub(in crate::lockstep) fn count_changed_fields(&mut self) {
        let shown = std::mem::take(&mut self.comparison.references.changed_fields.shown);
        if let Some(known) = self.comparison.registers.cause {
            (0..shown).for_each(|_| self.recorder.findings.count_known(known));
        }
    }

    /// Takes what an entity holds where it was written with what an event may have changed.
    pub(in crate::lockstep) fn follow_entity<E: Entities>(
        &mut self,
        subject: &mut E,
        entity: Entity,
    ) {
        let followed = match entity {
            Entity::Memory(addr) => {
                self.comparison
                    .follow_memory(&mut self.following, subject, addr)
            }
            Entity::Global(addr) => {
                self.comparison
                    .follow_global(&mut self.following, subject, addr)
            }
            Entity::Table(_) => false,
        };
        if let Some(known) = self.comparison.registers.cause.filter(|_| followed) {
            self.recorder.findings.count_known(known);
        }
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
