//! What events changed is followed, taken from the subject, and counted.

use super::Driver;
use crate::causes::Known;
use crate::causes::pulley_registers as registers;
use crate::divergence::Moment;
use crate::lockstep::checkers::entities::Entities;
use crate::lockstep::checkers::entities::Entity;
use crate::lockstep::checkers::evidence::Indices;
use crate::lockstep::checkers::frames::ValueDiff;
use crate::lockstep::checkers::registers::Slot;
use crate::lockstep::following::growth::run_following;
use crate::observe::Observation;
use crate::rules::RuleId;
use crate::seen::Seen;
use lockstep_oracles::machine::EverySequencePoint;
use lockstep_oracles::machine::FrameView;
use lockstep_oracles::machine::Stop;
use lockstep_oracles::value::Cell;
use lockstep_oracles::value::Value;

/// Opcodes between two events that are followed one by one.
const FOLLOWED: u32 = 1 << 22;

impl Driver {
    /// Runs the oracle to its next modelled breakpoint, or to where `also` says, opcode by opcode; none if
    /// that is too far to be followed.
    pub(crate) fn run_noting_steps(
        &mut self,
        also: impl Fn(&FrameView<'_>) -> bool,
    ) -> Option<Stop> {
        for _ in 0..FOLLOWED {
            self.comparison.note_next(&mut self.following);
            let stop = run_following(
                &mut self.following.machine,
                &self.following.sizes,
                &EverySequencePoint,
            );
            let stop = stop.unwrap_or_else(|limit| self.cannot_grow(limit));
            self.recorder.tally.executed += 1;
            let stops = self.following.machine.top().is_some_and(|view| {
                self.following
                    .breakpoints
                    .passes(view.instance, view.pc().0)
                    || also(&view)
            });
            if stop != Stop::SequencePoint || stops {
                return Some(stop);
            }
        }
        self.comparison.registers.parted |= self.comparison.registers.are_followed();
        self.following.history.lose();
        None
    }

    /// The cause that changed values of this execution, if one did: what a script asserts need no longer
    /// be what comes of them.
    pub fn changed_values(&self) -> Option<Known> {
        let cause = self.comparison.registers.cause;
        cause.filter(|known| self.recorder.findings.has_known(*known))
    }
}

impl Driver {
    /// Takes what a frame shows where an event may have changed it; what still differs.
    pub(crate) fn follow_registers<O: Observation>(
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
    pub(crate) fn take_changed<O: Observation>(
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
    pub(crate) fn agree_but_for_registers(&mut self, expected: &[Value], seen: &[Seen]) -> bool {
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
    pub(crate) fn follow_results(&mut self, results: &mut [Value], seen: &[Seen]) {
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
    pub(crate) fn count_changed_fields(&mut self) {
        let shown = std::mem::take(&mut self.comparison.references.changed_fields.shown);
        if let Some(known) = self.comparison.registers.cause {
            (0..shown).for_each(|_| self.recorder.findings.count_known(known));
        }
    }

    /// Takes what an entity holds where it was written with what an event may have changed.
    pub(crate) fn follow_entity<E: Entities>(&mut self, subject: &mut E, entity: Entity) {
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
