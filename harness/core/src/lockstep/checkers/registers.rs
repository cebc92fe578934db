//! Values that events changed on Pulley (`PULLEY-VECTORS`): where the cause says that a slot may hold
//! another value than the oracle's, the oracle takes it and goes on with it, and what the program wrote
//! with such a value is taken from the subject, too. All else is compared as always.
//!
//! Under single-step one opcode lies between two looks, and only what it wrote can be changed. Where more
//! lie between them every float and vector may be, and what was made of one; if the program chose its way
//! by such a value, the two sides may part (`PULLEY-REGISTERS`). So they may once an integer register is
//! changed, which nobody can follow: pointers of the engine's own are in them. From there on a difference
//! ends the execution, if the case agrees natively.

use self::taken::other;
use super::comparison::Comparison;
use crate::causes::pulley_registers::{self as registers, Access, Step};
use crate::causes::{Cause, Known};
use crate::lockstep::following::Following;
use crate::lockstep::following::program::ModuleFacts;
use crate::rules::RuleId;
use crate::seen::Seen;
use lockstep_oracles::ValType;
use lockstep_oracles::address::{FuncAddr, FuncIndex, GlobalAddr, InstanceAddr, MemAddr};
use lockstep_oracles::machine::FrameView;
use lockstep_oracles::module::Module;
use lockstep_oracles::store::FuncInst;
use lockstep_oracles::value::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

mod spans;

mod taken;

use self::spans::Spans;

/// What is known of changed values in one execution.
#[derive(Debug, Default)]
pub(crate) struct Registers {
    /// The cause, if the execution can have changed values at all.
    pub(crate) cause: Option<Known>,
    /// What the oracle executed since the frames were looked at.
    pub(crate) since: Since,
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
    pub(crate) parted: bool,
    /// Whether an event changed an integer register that is in use.
    integers: bool,
}

/// What the oracle executed since the frames were looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Since {
    /// The last opcode.
    last: Option<Step>,
    /// Whether there were others before it.
    several: bool,
    /// Whether one made something else of a float or a vector.
    pub(crate) converts: bool,
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

/// A slot of the innermost frame.
#[derive(Clone, Copy)]
pub(crate) enum Slot {
    Local(usize),
    Operand(usize),
}

impl Registers {
    pub(crate) fn new(cause: Option<Known>) -> Registers {
        Registers {
            cause,
            ..Registers::default()
        }
    }

    /// Whether the execution can have changed values at all.
    #[inline]
    pub(crate) fn are_changed(&self) -> bool {
        self.cause.is_some()
    }

    /// Whether there are floats or vectors to be followed.
    #[inline]
    pub(crate) fn are_followed(&self) -> bool {
        self.some_change
    }

    pub(crate) fn add_instance(&mut self, module: &Module, facts: &ModuleFacts) {
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
    pub(crate) fn changed_operand(
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

impl Comparison {
    /// The cause that forbids events in an invocation: it may come to code that keeps a value in an
    /// integer register that an event changes. A NaN of the engine's choice needs events to be seen.
    pub(crate) fn forbids_events(
        &mut self,
        following: &Following,
        func: FuncAddr,
    ) -> Option<Known> {
        let known = following.setting.cause(Cause::PulleyIntegers)?;
        let asked = self.registers.some_keep && !self.nans.any;
        (asked && self.reaches_kept(following, func)).then_some(known)
    }

    /// Whether a call of the function may come to such code. Whom an indirect call calls is not known
    /// beforehand, nor what a host function does.
    fn reaches_kept(&self, following: &Following, func: FuncAddr) -> bool {
        let store = &following.machine.store;
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
    pub(crate) fn note_step(&mut self, following: &Following) {
        let step = match following.machine.top() {
            Some(view) if following.machine.executes_next() => {
                Step::of(&view, following.machine.depth())
            }
            _ => return,
        };
        self.note_result(following);
        let since = &mut self.registers.since;
        since.several |= since.last.is_some();
        since.last = Some(step);
        let converts = since.converts;
        self.registers.parted |= converts && registers::is_conditional(step.op)
            || since.several && registers::traps_by_float(step.op);
        self.note_writes(following, &step, converts);
    }

    /// What the last opcode left is there now.
    pub(crate) fn note_result(&mut self, following: &Following) {
        let Registers { since, .. } = &self.registers;
        let (Some(step), false) = (since.last, since.converts) else {
            return;
        };
        let Some(view) = following.machine.top() else {
            return;
        };
        let converts =
            step.converts(&view, following.machine.depth()) || self.reads_changed(following, &step);
        self.registers.since.converts = converts;
    }

    /// What is written with a float or a vector may be written wrong, or with what was made of one.
    fn note_writes(&mut self, following: &Following, step: &Step, converted: bool) {
        self.references.changed_fields.may_be |= step.fills_object();
        if let Some(access) = step.stores() {
            self.note_bytes(following, step.instance(), access);
        }
        if let Some(access) = step.stores_integer().filter(|_| converted) {
            self.note_bytes(following, step.instance(), access);
        }
        if let Some((from, to)) = step.copies()
            && (converted || self.is_changed_memory(following, step.instance(), from))
        {
            self.note_bytes(following, step.instance(), to);
        }
        if let Some(index) = step.sets_global() {
            let global = following.machine.store.instance(step.instance()).globals[index as usize];
            let ty = following.machine.store.global(global).ty.content_type;
            if converted || registers::is_changed(ty) {
                self.registers.globals.insert(global);
            }
        }
    }

    fn note_bytes(&mut self, following: &Following, instance: InstanceAddr, access: Access) {
        if let (Some(memory), Some(range)) = (following.memory_of(instance, access), range(access))
        {
            self.registers
                .memories
                .entry(memory)
                .or_default()
                .add(range);
        }
    }

    fn is_changed_memory(
        &self,
        following: &Following,
        instance: InstanceAddr,
        access: Access,
    ) -> bool {
        let memory = following.memory_of(instance, access);
        let spans = memory.and_then(|memory| self.registers.memories.get(&memory));
        spans
            .zip(range(access))
            .is_some_and(|(spans, range)| spans.touch(&range))
    }

    /// Whether it loaded an integer from what was written with a float or a vector.
    fn reads_changed(&self, following: &Following, step: &Step) -> bool {
        let loaded = step.loads();
        loaded.is_some_and(|access| self.is_changed_memory(following, step.instance(), access))
    }

    /// The frames are as an event showed them.
    #[inline(never)]
    pub(crate) fn note_look(&mut self, following: &Following, events: u64) {
        if following.visible_frames() > 0 {
            self.registers.since = Since::default();
        }
        self.note_integers(following, events);
    }

    /// At this event integer registers are changed: are they in use?
    fn note_integers(&mut self, following: &Following, events: u64) {
        let registers = &self.registers;
        if !registers.some_keep || registers.integers || !following.has_met_breakpoints(events) {
            return;
        }
        let innermost = following.machine.num_activations().saturating_sub(1);
        // What is outside the activation is saved where it was entered.
        let mut frames = following
            .machine
            .frames()
            .take_while(|view| view.activation == innermost);
        let facts = &registers.functions;
        self.registers.integers =
            frames.any(|view| facts[view.instance.index()].keeps(view.function.index));
    }

    /// Begins to look for what events have changed; whether they may have changed anything.
    pub(crate) fn look_for_changed(&mut self, following: &Following, events: u64) -> bool {
        let may = self.registers.are_changed()
            && self.registers.since.last.is_some()
            && following.has_met_breakpoints(events);
        if may {
            self.note_result(following);
        }
        may
    }

    /// Whether changed values may be behind a difference that was not followed.
    pub(crate) fn registers_may_break(
        &self,
        following: &Following,
        events: u64,
        rule: RuleId,
    ) -> bool {
        let registers = &self.registers;
        if registers.cause.is_none() || !following.has_met_breakpoints(events) {
            return false;
        }
        let last = registers.since.last;
        let traps = last.is_some_and(|step| registers::traps_by_float(step.op));
        let trap = [RuleId::Outcome, RuleId::TrapEvent, RuleId::StepSpurious].contains(&rule);
        (registers.parted || registers.integers) && registers::can_break(rule) || traps && trap
    }

    /// Whether the oracle must be looked at before each opcode that it executes.
    #[inline]
    pub(crate) fn notes_steps(&self, following: &Following) -> bool {
        self.registers.are_followed() || following.history.is_wanted()
    }

    /// The oracle is about to run to its next sequence point.
    #[inline(never)]
    pub(crate) fn note_next(&mut self, following: &mut Following) {
        if self.registers.are_followed() {
            self.note_step(following);
        }
        if following.history.is_wanted() {
            following.history.note(&following.machine);
            if following.setting.inlined {
                following.note_inlined_collection();
            }
        }
    }
}

impl Following {
    fn memory_of(&self, instance: InstanceAddr, access: Access) -> Option<MemAddr> {
        let memories = &self.machine.store.instance(instance).memories;
        memories.get(access.memory.0 as usize).copied()
    }
}

fn range(access: Access) -> Option<Range<u64>> {
    Some(access.at..access.at.checked_add(access.len)?)
}
