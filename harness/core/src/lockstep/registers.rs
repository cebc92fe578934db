//! Values that events changed on Pulley (`PULLEY-VECTORS`): where the cause says that a slot may hold
//! another value than the oracle's, the oracle takes it and goes on with it, and what the program wrote
//! with such a value is taken from the subject, too. All else is compared as always.
//!
//! Under single-step one opcode lies between two looks, and only what it wrote can be changed. Where more
//! lie between them every float and vector may be, and what was made of one; if the program chose its way
//! by such a value, the two sides may part (`PULLEY-REGISTERS`). So they may once an integer register is
//! changed, which nobody can follow: pointers of the engine's own are in them. From there on a difference
//! ends the execution, if the case agrees natively.

use super::driver::Driver;
use super::entities::{Entities, Entity};
use super::evidence::Indices;
use super::frames::{Referents, ValueDiff, compare_locals, compare_operands};
use super::growth::run_following;
use super::invocation::Phase;
use super::program::ModuleFacts;
use super::tally::Tally;
use crate::causes::pulley_registers::{self as registers, Access, Step};
use crate::causes::{Cause, Known};
use crate::divergence::Moment;
use crate::observe::{Observation, Walk};
use crate::rules::RuleId;
use crate::seen::Seen;
use lockstep_oracles::ValType;
use lockstep_oracles::address::{FuncAddr, FuncIndex, GlobalAddr, InstanceAddr, MemAddr};
use lockstep_oracles::code::Shape;
use lockstep_oracles::machine::{EverySequencePoint, FrameView, Stop};
use lockstep_oracles::module::Module;
use lockstep_oracles::store::FuncInst;
use lockstep_oracles::value::{Cell, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Opcodes between two events that are followed one by one.
const FOLLOWED: u32 = 1 << 22;

/// What is known of changed values in one execution.
#[derive(Debug, Default)]
pub(super) struct Registers {
    /// The cause, if the execution can have changed values at all.
    cause: Option<Known>,
    /// What the oracle executed since the frames were looked at.
    since: Since,
    /// By instance.
    functions: Vec<FunctionFacts>,
    /// Whether a function has floats or vectors.
    some_change: bool,
    /// Whether a function keeps values in integer registers that an event changes.
    some_keep: bool,
    /// Globals that were set to what may have been changed.
    globals: BTreeSet<GlobalAddr>,
    /// Bytes that were written with what may have been changed.
    memories: BTreeMap<MemAddr, Spans>,
    /// Whether the program may have gone another way than the oracle.
    parted: bool,
    /// Whether an event changed an integer register that is in use.
    integers: bool,
}

/// What the oracle executed since the frames were looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Since {
    /// The last opcode.
    last: Option<Step>,
    /// Whether there were others before it.
    several: bool,
    /// Whether one made something else of a float or a vector.
    converts: bool,
}

/// By position among a module's defined functions.
#[derive(Debug)]
struct FunctionFacts {
    imported: usize,
    /// Whether its code keeps values in integer registers that an event changes.
    keeps: Arc<[bool]>,
}

impl FunctionFacts {
    fn keeps(&self, function: FuncIndex) -> bool {
        let defined = function.index().checked_sub(self.imported);
        defined
            .and_then(|at| self.keeps.get(at))
            .is_some_and(|&keeps| keeps)
    }
}

/// Bytes of a memory: ranges in order, none of which touches the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Spans(Vec<Range<u64>>);

impl Spans {
    fn add(&mut self, mut range: Range<u64>) {
        let first = self.0.partition_point(|span| span.end < range.start);
        let behind = self.0.partition_point(|span| span.start <= range.end);
        for span in &self.0[first..behind] {
            range.start = range.start.min(span.start);
            range.end = range.end.max(span.end);
        }
        self.0.splice(first..behind, [range]);
    }

    fn touch(&self, range: &Range<u64>) -> bool {
        let next = self.0.partition_point(|span| span.end <= range.start);
        self.0.get(next).is_some_and(|span| span.start < range.end)
    }
}

/// A slot of the innermost frame.
#[derive(Clone, Copy)]
enum Slot {
    Local(usize),
    Operand(usize),
}

impl Registers {
    pub(super) fn new(cause: Option<Known>) -> Registers {
        Registers {
            cause,
            ..Registers::default()
        }
    }

    /// Whether the execution can have changed values at all.
    #[inline]
    pub(super) fn are_changed(&self) -> bool {
        self.cause.is_some()
    }

    /// Whether there are floats or vectors to be followed.
    #[inline]
    pub(super) fn are_followed(&self) -> bool {
        self.some_change
    }

    pub(super) fn add_instance(&mut self, module: &Module, facts: &ModuleFacts) {
        if self.cause.is_none() {
            return;
        }
        self.some_change |= module.functions().iter().any(registers::has_changed);
        self.some_keep |= facts.keeps_changed.contains(&true);
        self.functions.push(FunctionFacts {
            imported: module.num_imported_funcs() as usize,
            keeps: facts.keeps_changed.clone(),
        });
    }

    /// What the innermost frame's operand shows where an event may have changed it.
    pub(super) fn changed_operand(
        &self,
        depth: usize,
        view: &FrameView<'_>,
        (index, ty): (usize, ValType),
        seen: Seen,
    ) -> Option<Cell> {
        self.may_change(depth, view, 0, Slot::Operand(index), ty)
            .then(|| other(seen, ty, view.operands[index]))
            .flatten()
    }

    /// Whether an event may have changed what this slot of a frame shows, with the machine that deep.
    fn may_change(
        &self,
        depth: usize,
        view: &FrameView<'_>,
        frame: usize,
        slot: Slot,
        ty: ValType,
    ) -> bool {
        let since = &self.since;
        let Some(step) = since.last else { return false };
        let is_number = !matches!(ty, ValType::Ref(_));
        if !(registers::is_changed(ty) || is_number && since.converts) {
            return false;
        }
        since.several
            || frame == 0
                && match slot {
                    Slot::Local(index) => step.writes_local(view, depth, index),
                    Slot::Operand(index) => step.writes_operand(view, depth, index),
                }
    }
}

impl Driver {
    /// The cause that forbids events in an invocation: it may come to code that keeps a value in an
    /// integer register that an event changes. A NaN of the engine's choice needs events to be seen.
    pub fn forbids_events(&mut self, func: FuncAddr) -> Option<Known> {
        let known = self.setting.cause(Cause::PulleyIntegers)?;
        let asked = self.registers.some_keep && !self.nans.any;
        (asked && self.reaches_kept(func)).then_some(known)
    }

    /// Whether a call of the function may come to such code. Whom an indirect call calls is not known
    /// beforehand, nor what a host function does.
    fn reaches_kept(&self, func: FuncAddr) -> bool {
        let store = &self.machine.store;
        let mut seen = BTreeSet::from([func]);
        let mut next = vec![func];
        while let Some(func) = next.pop() {
            let FuncInst::Wasm { instance, index } = *store.func(func) else {
                return true;
            };
            let owner = store.instance(instance);
            let facts = &self.registers.functions[instance.index()];
            let Some(function) = owner.module.function(index) else {
                return true;
            };
            if facts.keeps(index) || function.instrs.iter().any(|i| registers::calls_any(i.op)) {
                return true;
            }
            let calls = function
                .instrs
                .iter()
                .filter(|i| registers::calls_one(i.op));
            let callees = calls.map(|call| owner.funcs[call.a as usize]);
            next.extend(callees.filter(|&callee| seen.insert(callee)));
        }
        false
    }

    /// The oracle is about to run to its next sequence point.
    #[inline(never)]
    pub(super) fn note_step(&mut self) {
        let step = match self.machine.top() {
            Some(view) if self.machine.executes_next() => Step::of(&view, self.machine.depth()),
            _ => return,
        };
        self.note_result();
        let since = &mut self.registers.since;
        since.several |= since.last.is_some();
        since.last = Some(step);
        let converts = since.converts;
        self.registers.parted |= converts && registers::is_conditional(step.op)
            || since.several && registers::traps_by_float(step.op);
        self.note_writes(&step, converts);
    }

    /// Runs the oracle to its next modelled breakpoint, or to where `also` says, opcode by opcode; none if
    /// that is too far to be followed.
    pub(super) fn run_noting_steps(
        &mut self,
        also: impl Fn(&FrameView<'_>) -> bool,
    ) -> Option<Stop> {
        for _ in 0..FOLLOWED {
            self.note_next();
            let stop = run_following(&mut self.machine, &self.sizes, &EverySequencePoint);
            let stop = stop.unwrap_or_else(|limit| self.cannot_grow(limit));
            self.recorder.tally.executed += 1;
            let stops = self.machine.top().is_some_and(|view| {
                self.breakpoints.passes(view.instance, view.pc().0) || also(&view)
            });
            if stop != Stop::SequencePoint || stops {
                return Some(stop);
            }
        }
        self.registers.parted |= self.registers.are_followed();
        self.history.lose();
        None
    }

    /// What the last opcode left is there now.
    fn note_result(&mut self) {
        let Registers { since, .. } = &self.registers;
        let (Some(step), false) = (since.last, since.converts) else {
            return;
        };
        let Some(view) = self.machine.top() else {
            return;
        };
        let converts = step.converts(&view, self.machine.depth()) || self.reads_changed(&step);
        self.registers.since.converts = converts;
    }

    /// The frames are as an event showed them.
    #[inline(never)]
    pub(super) fn note_look(&mut self) {
        if self.visible_frames() > 0 {
            self.registers.since = Since::default();
        }
        self.note_integers();
    }

    /// At this event integer registers are changed: are they in use?
    fn note_integers(&mut self) {
        let registers = &self.registers;
        if !registers.some_keep || registers.integers || !self.has_met_breakpoints() {
            return;
        }
        let innermost = self.machine.num_activations().saturating_sub(1);
        // What is outside the activation is saved where it was entered.
        let mut frames = self
            .machine
            .frames()
            .take_while(|view| view.activation == innermost);
        let facts = &registers.functions;
        self.registers.integers =
            frames.any(|view| facts[view.instance.index()].keeps(view.function.index));
    }

    /// What is written with a float or a vector may be written wrong, or with what was made of one.
    fn note_writes(&mut self, step: &Step, converted: bool) {
        self.references.changed_fields.may_be |= step.fills_object();
        if let Some(access) = step.stores() {
            self.note_bytes(step.instance(), access);
        }
        if let Some(access) = step.stores_integer().filter(|_| converted) {
            self.note_bytes(step.instance(), access);
        }
        if let Some((from, to)) = step.copies()
            && (converted || self.is_changed_memory(step.instance(), from))
        {
            self.note_bytes(step.instance(), to);
        }
        if let Some(index) = step.sets_global() {
            let global = self.machine.store.instance(step.instance()).globals[index as usize];
            let ty = self.machine.store.global(global).ty.content_type;
            if converted || registers::is_changed(ty) {
                self.registers.globals.insert(global);
            }
        }
    }

    fn memory_of(&self, instance: InstanceAddr, access: Access) -> Option<MemAddr> {
        let memories = &self.machine.store.instance(instance).memories;
        memories.get(access.memory.0 as usize).copied()
    }

    fn note_bytes(&mut self, instance: InstanceAddr, access: Access) {
        if let (Some(memory), Some(range)) = (self.memory_of(instance, access), range(access)) {
            self.registers
                .memories
                .entry(memory)
                .or_default()
                .add(range);
        }
    }

    fn is_changed_memory(&self, instance: InstanceAddr, access: Access) -> bool {
        let memory = self.memory_of(instance, access);
        let spans = memory.and_then(|memory| self.registers.memories.get(&memory));
        spans
            .zip(range(access))
            .is_some_and(|(spans, range)| spans.touch(&range))
    }

    /// Takes what a frame shows where an event may have changed it; what still differs.
    pub(super) fn follow_registers<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
        diff: ValueDiff,
    ) -> Option<ValueDiff> {
        // The real ones among operands of another number are compared later.
        let operands = diff.operand_value.is_some() || diff.operand_count;
        let differs = diff.local_value.is_some() || operands;
        if !differs || !self.look_for_changed() {
            return Some(diff);
        }
        let changed = self.changed_slots(observed, frame);
        let Some(&(first, _)) = changed.first() else {
            return Some(diff);
        };
        self.count_changed(observed, moment, frame, first);
        for (slot, cell) in changed {
            match slot {
                Slot::Local(index) => self.machine.replace_local(frame, index, cell),
                Slot::Operand(index) => self.machine.replace_operand(frame, index, cell),
            };
        }
        let left = self.compare_again(observed, frame)?;
        Some(match self.shows_others(frame) {
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

    /// Whether the frame's operands may be those of another opcode, or lack what one has taken: they are
    /// compared in a way of their own.
    fn shows_others(&self, frame: usize) -> bool {
        let trapped = matches!(self.invocation.phase, Phase::Trapped(_));
        frame == 0 && (trapped || self.may_show_elsewhere())
    }

    /// Begins to look for what events have changed; whether they may have changed anything.
    pub(super) fn look_for_changed(&mut self) -> bool {
        let may = self.registers.are_changed()
            && self.registers.since.last.is_some()
            && self.has_met_breakpoints();
        if may {
            self.note_result();
        }
        may
    }

    /// Takes what the innermost frame shows of operands that an event may have changed.
    pub(super) fn take_changed<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        changed: Vec<(usize, Cell)>,
    ) {
        if let Some(&(first, _)) = changed.first() {
            self.count_changed(observed, moment, 0, Slot::Operand(first));
        }
        for (index, cell) in changed {
            self.machine.replace_operand(0, index, cell);
        }
    }

    /// Slots of a frame that differ and may, with what they show.
    fn changed_slots<O: Observation>(
        &mut self,
        observed: &mut O,
        frame: usize,
    ) -> Vec<(Slot, Cell)> {
        let mut changed = Vec::new();
        let predicted = self.predicted(frame);
        let Some(view) = self.machine.frames().nth(frame) else {
            return changed;
        };
        let depth = self.machine.depth();
        let layout = self.program.layout(&view);
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
        if self.shows_others(frame) {
            return changed;
        }
        let count = walk.num_operands() as usize;
        let predicted = predicted.filter(|(shown, _)| shown.len() == count);
        if count != view.operands.len() && predicted.is_none() {
            return changed;
        }
        // Where it is shown, if its slot there may be read.
        let hazards = predicted.as_ref().map(|(shown, _)| {
            let types = shown.iter().map(|operand| operand.ty);
            layout.operands(view.module, view.function, types)
        });
        let shown_at = |index: usize, shape: Shape| match (&predicted, &hazards) {
            (Some((shown, _)), Some(hazards)) => {
                let at = shown.iter().position(|o| o.real == Some(index as u32));
                at.filter(|&at| hazards[at].is_none())
            }
            _ => layout.top_operand(shape).is_none().then_some(index),
        };
        let mut shape = view.shape;
        for (index, &cell) in view.operands.iter().enumerate().rev() {
            let Some(id) = shape else { break };
            let node = &view.function.shapes[id.0 as usize];
            let slot = Slot::Operand(index);
            if self
                .registers
                .may_change(depth, &view, frame, slot, node.ty)
                && let Some(at) = shown_at(index, shape)
            {
                let seen = walk.operand(at as u32);
                changed.extend(other(seen, node.ty, cell).map(|cell| (slot, cell)));
            }
            shape = node.below;
        }
        changed
    }

    /// Whether it loaded an integer from what was written with a float or a vector.
    fn reads_changed(&self, step: &Step) -> bool {
        let loaded = step.loads();
        loaded.is_some_and(|access| self.is_changed_memory(step.instance(), access))
    }

    /// Compares a frame's values anew, uncounted.
    fn compare_again<O: Observation>(
        &mut self,
        observed: &mut O,
        frame: usize,
    ) -> Option<ValueDiff> {
        let others = self.shows_others(frame);
        let view = self.machine.frames().nth(frame)?;
        let layout = self.program.layout(&view);
        let mut referents = Referents {
            machine: &self.machine,
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

    fn count_changed<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
        slot: Slot,
    ) {
        let Some(known) = self.registers.cause else {
            return;
        };
        if self.recorder.findings.known.contains_key(&known.cause()) {
            return self.recorder.findings.count_known(known);
        }
        let (rule, index) = match slot {
            Slot::Local(index) => (RuleId::LocalValue, index),
            Slot::Operand(index) => (RuleId::OperandValue, index),
        };
        let (expected, shown) =
            self.value_pair(observed, frame, rule, Some(Indices::same(index as u32)));
        let mut divergence =
            self.evidence(observed, moment, rule, Some(frame), Some(expected), shown);
        divergence.known = Some(known.cause());
        self.recorder.findings.add(divergence);
    }

    /// Whether values that leave the frames agree, but for those that an event may have changed.
    pub(super) fn agree_but_for_registers(&mut self, expected: &[Value], seen: &[Seen]) -> bool {
        let Some(known) = self.registers.cause.filter(|_| self.has_met_breakpoints()) else {
            return false;
        };
        self.note_result();
        let converts = self.registers.since.converts;
        let agree = expected.len() == seen.len()
            && expected.iter().zip(seen).all(|(&value, &seen)| {
                let is_number = !matches!(value, Value::Ref(..));
                let may_change = is_number && converts || registers::is_changed(value.ty());
                may_change && seen.has_type(value.ty()) || self.value_agrees(value, seen)
            });
        if agree {
            self.recorder.findings.count_known(known);
        }
        agree
    }

    /// Takes the results that an event may have changed.
    pub(super) fn follow_results(&mut self, results: &mut [Value], seen: &[Seen]) {
        if self.values_agree(results, seen) || !self.agree_but_for_registers(results, seen) {
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

    /// The cause that changed values of this execution, if one did: what a script asserts need no longer
    /// be what comes of them.
    pub fn changed_values(&self) -> Option<Known> {
        let cause = self.registers.cause;
        cause.filter(|known| self.recorder.findings.has_known(*known))
    }

    /// Counts the fields of objects that were shown changed.
    pub(super) fn count_changed_fields(&mut self) {
        let shown = std::mem::take(&mut self.references.changed_fields.shown);
        if let Some(known) = self.registers.cause {
            (0..shown).for_each(|_| self.recorder.findings.count_known(known));
        }
    }

    /// Takes what an entity holds where it was written with what an event may have changed.
    pub(super) fn follow_entity<E: Entities>(&mut self, subject: &mut E, entity: Entity) {
        let followed = match entity {
            Entity::Memory(addr) => self.follow_memory(subject, addr),
            Entity::Global(addr) => self.follow_global(subject, addr),
            Entity::Table(_) => false,
        };
        if let Some(known) = self.registers.cause.filter(|_| followed) {
            self.recorder.findings.count_known(known);
        }
    }

    fn follow_memory<E: Entities>(&mut self, subject: &mut E, addr: MemAddr) -> bool {
        let Some(spans) = self.registers.memories.get(&addr) else {
            return false;
        };
        let Some(seen) = subject.memory(addr) else {
            return false;
        };
        let memory = self.machine.store.memory_mut(addr);
        let mut followed = false;
        for span in &spans.0 {
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

    fn follow_global<E: Entities>(&mut self, subject: &mut E, addr: GlobalAddr) -> bool {
        if !self.registers.globals.contains(&addr) {
            return false;
        }
        let global = self.machine.store.global_mut(addr);
        let other = subject
            .global(addr)
            .and_then(|seen| other(seen, global.ty.content_type, global.value));
        if let Some(cell) = other {
            global.value = cell;
        }
        other.is_some()
    }

    /// Whether changed values may be behind a difference that was not followed.
    pub(super) fn registers_may_break(&self, rule: RuleId) -> bool {
        let registers = &self.registers;
        if registers.cause.is_none() || !self.has_met_breakpoints() {
            return false;
        }
        let last = registers.since.last;
        let traps = last.is_some_and(|step| registers::traps_by_float(step.op));
        let trap = [RuleId::Outcome, RuleId::TrapEvent, RuleId::StepSpurious].contains(&rule);
        (registers.parted || registers.integers) && registers::can_break(rule) || traps && trap
    }
}

/// What is shown instead of `cell`, if it is something else of the same type.
fn other(seen: Seen, ty: ValType, cell: Cell) -> Option<Cell> {
    let differs = seen.has_type(ty) && !seen.is(ty, cell);
    differs
        .then(|| seen.to_value())
        .flatten()
        .map(|value| value.cell())
}

fn range(access: Access) -> Option<Range<u64>> {
    Some(access.at..access.at.checked_add(access.len)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spans_that_touch_become_one() {
        let mut spans = Spans::default();
        for range in [8..12, 0..4, 20..24, 4..6] {
            spans.add(range);
        }
        assert_eq!(spans.0, [0..6, 8..12, 20..24]);
        spans.add(5..21);
        assert_eq!((spans.0.len(), spans.0[0].clone()), (1, 0..24));
    }

    proptest! {
        /// A byte is in the spans exactly if it was added.
        #[test]
        fn spans_hold_what_was_added(added in prop::collection::vec((0u64..64, 1u64..9), 0..12)) {
            let mut spans = Spans::default();
            let ranges: Vec<Range<u64>> = added.into_iter().map(|(at, len)| at..at + len).collect();
            ranges.iter().cloned().for_each(|range| spans.add(range));
            for byte in 0..80 {
                let wanted = ranges.iter().any(|range| range.contains(&byte));
                prop_assert_eq!(spans.touch(&(byte..byte + 1)), wanted);
            }
            for pair in spans.0.windows(2) {
                prop_assert!(pair[0].end < pair[1].start);
            }
        }
    }
}
