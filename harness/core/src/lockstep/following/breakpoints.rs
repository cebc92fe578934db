//! What the store of a subject has set: what the edits ask for by the documentation, and where a cause
//! of this subject keeps an event or loses one.
//!
//! The checkers ask here where the subject stops, so that they follow it through what a cause explains;
//! what is explained they count.

use crate::causes::breakpoint_count::Counts;
use crate::causes::late_module::LateModules;
use crate::causes::{Cause, Causes, Known};
use crate::conventions::Placement;
use crate::observe::Place;
use crate::rules::RuleId;
use crate::schedule::model::BreakpointModel;
use crate::schedule::{Edit, EngineEdit, Site};
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::code::Function;
use lockstep_oracles::machine::StopAt;
use lockstep_oracles::module::Module;
use std::cell::Cell;
use std::collections::BTreeSet;

/// The breakpoints and the single-step mode of one store.
#[derive(Debug)]
pub struct Breakpoints {
    set: Set,
    count: Option<Known>,
    late_module: Option<Known>,
    late: LateModules,
    /// Events that did not come in a late module since [`Breakpoints::take_silent`].
    silent: Cell<u64>,
    /// What was set in the session before an edit at a PC whose breakpoint's place is open, if there was
    /// one.
    before: Option<Box<Set>>,
    /// The edits since then.
    edits: Vec<EngineEdit>,
    /// Whether the store has no handler.
    muted: bool,
}

/// What is set, by the documentation and by count.
#[derive(Clone, Debug)]
struct Set {
    asked: BreakpointModel,
    counts: Option<Counts>,
    /// Breakpoints that are still counted, although they were removed: module and PC.
    lingering: BTreeSet<(u32, u32)>,
}

impl Set {
    fn edit(&mut self, edit: EngineEdit) {
        match edit {
            EngineEdit::SingleStep(on) => self.asked.set_single_step(on),
            EngineEdit::Add { module, pc } => {
                let place = self.asked.place(module, pc);
                self.asked.add(module, pc);
                if let Some(counts) = &mut self.counts {
                    counts.add(module, pc, place);
                    if !self.lingering.is_empty() {
                        self.lingering.remove(&(module, place));
                    }
                }
            }
            EngineEdit::Remove { module, pc } => {
                let place = self.asked.place(module, pc);
                self.asked.remove(module, pc);
                if let Some(counts) = &mut self.counts {
                    let counted = counts.remove(module, pc);
                    self.note(module, place);
                    self.note(module, counted);
                }
            }
        }
    }

    /// Notes whether a breakpoint is still there that should not be.
    fn note(&mut self, module: u32, pc: u32) {
        let counts = self.counts.as_ref();
        let counted = counts.is_some_and(|counts| counts.of(module, pc) > 0);
        if counted && !self.asked.lists(module, pc) {
            self.lingering.insert((module, pc));
        } else if !self.lingering.is_empty() {
            self.lingering.remove(&(module, pc));
        }
    }
}

/// What a store's list of breakpoints is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// What the documentation says
    Right,
    /// That, and every breakpoint that a cause keeps
    Kept(Known),
    /// Something else
    Wrong,
}

impl Breakpoints {
    /// Nothing is set, in a store of a subject with these causes that places breakpoints so.
    pub fn new(causes: Causes, placement: Placement) -> Breakpoints {
        let count = causes.get(Cause::BreakpointCount);
        Breakpoints {
            set: Set {
                asked: BreakpointModel::new(placement),
                counts: count.map(|_| Counts::default()),
                lingering: BTreeSet::new(),
            },
            count,
            late_module: causes.get(Cause::LateModule),
            late: LateModules::default(),
            silent: Cell::new(0),
            edits: Vec::new(),
            before: None,
            muted: false,
        }
    }

    /// Makes a module known before its first edit.
    pub fn add_module(&mut self, number: u32, bytes: &[u8], module: &Module) {
        self.set.asked.add_module(number, bytes, module);
    }

    /// Makes the next instance known: it is one of `module`.
    pub fn add_instance(&mut self, module: u32) {
        self.set.asked.add_instance(module);
    }

    /// The module of an instance.
    pub fn module_of(&self, instance: InstanceAddr) -> Option<u32> {
        self.set.asked.module_of(instance)
    }

    /// The store comes to know a module, as it is about to be instantiated.
    pub fn come(&mut self, module: u32) {
        if self.late_module.is_some() {
            self.late.come(module);
        }
    }

    /// An editing session begins.
    pub fn begin(&mut self) {
        self.edits.clear();
        self.before = None;
    }

    /// The next edit of the session.
    pub fn edit(&mut self, edit: EngineEdit) {
        let (EngineEdit::Add { module, pc } | EngineEdit::Remove { module, pc }) = edit else {
            return self.follow(edit);
        };
        if self.before.is_none() && self.set.asked.is_open(module, pc) {
            self.before = Some(Box::new(self.set.clone()));
            self.edits.clear();
        }
        self.follow(edit);
    }

    pub(crate) fn follow(&mut self, edit: EngineEdit) {
        if self.before.is_some() {
            self.edits.push(edit);
        }
        if self.late_module.is_some() {
            self.late.edit(edit);
        }
        self.set.edit(edit);
    }

    /// Whether the store's list is needed to know where breakpoints are that were asked for.
    pub fn is_open(&self) -> bool {
        self.before.is_some()
    }

    /// Ends the session with the breakpoints that the store lists, each once and sorted: where a place was
    /// open it is settled, and everything listed is judged.
    pub fn settle(&mut self, listed: &[(u32, u32)]) -> Listed {
        if let Some(before) = self.before.take() {
            self.learn(&before, listed);
        }
        let asked = &self.set.asked;
        if asked.listed().eq(listed.iter().copied()) {
            // Whatever was kept is kept no more.
            for (module, pc) in std::mem::take(&mut self.set.lingering) {
                let counts = self.set.counts.as_mut();
                counts
                    .into_iter()
                    .for_each(|counts| counts.forget(module, pc));
            }
            return Listed::Right;
        }
        match self.count {
            Some(known) if self.kept() == listed => Listed::Kept(known),
            _ => Listed::Wrong,
        }
    }

    /// Every breakpoint that this subject lists, sorted.
    fn kept(&self) -> Vec<(u32, u32)> {
        let mut kept: Vec<_> = self.set.asked.listed().collect();
        if !self.set.lingering.is_empty() {
            kept.extend(&self.set.lingering);
            kept.sort_unstable();
            kept.dedup();
        }
        kept
    }

    /// Learns from a list where the breakpoints of the session are, and follows its edits again with that;
    /// if what is set is then still not what is listed, nothing is learned.
    fn learn(&mut self, before: &Set, listed: &[(u32, u32)]) {
        let taken = self.set.clone();
        let lists = |module, pc| listed.binary_search(&(module, pc)).is_ok();
        while self.learn_places(lists) {
            let mut set = before.clone();
            set.asked.adopt(&self.set.asked);
            self.edits.iter().for_each(|&edit| set.edit(edit));
            self.set = set;
        }
        let right = self.set.asked.listed().eq(listed.iter().copied());
        if !right && self.kept() != listed {
            self.set = taken;
        }
    }

    /// Learns of one edit; additions first, as what they explain says nothing of where a removal was.
    fn learn_places(&mut self, lists: impl Fn(u32, u32) -> bool) -> bool {
        let expected = self.kept();
        let (additions, others): (Vec<EngineEdit>, Vec<EngineEdit>) = self
            .edits
            .iter()
            .partition(|edit| matches!(edit, EngineEdit::Add { .. }));
        additions.into_iter().chain(others).any(|edit| match edit {
            EngineEdit::Add { module, .. } | EngineEdit::Remove { module, .. } => {
                let listed = |pc| lists(module, pc);
                let expected = |pc| expected.binary_search(&(module, pc)).is_ok();
                self.set.asked.learn(module, edit, listed, expected)
            }
            EngineEdit::SingleStep(_) => false,
        })
    }

    /// What `is_single_step()` must answer.
    #[inline]
    pub fn is_single_step(&self) -> bool {
        self.set.asked.is_single_step()
    }

    /// Whether an event comes at every opcode.
    #[inline]
    pub fn is_everywhere(&self) -> bool {
        self.set.asked.is_single_step() && self.late.is_empty() && !self.muted
    }

    /// Whether the store has a handler: without one no breakpoint has an event, whatever is set and listed.
    pub(crate) fn set_handled(&mut self, handled: bool) {
        self.muted = !handled;
    }

    /// Whether the subject stops when control is at this PC of the instance.
    #[inline]
    pub fn selects(&self, instance: InstanceAddr, pc: u32) -> bool {
        if self.muted {
            return false;
        }
        if self.set.asked.selects(instance, pc) {
            return self.late.is_empty() || !self.is_silent(instance, pc);
        }
        !self.set.lingering.is_empty() && self.is_lingering(instance, pc)
    }

    /// The same, where control comes to this PC: an event that a cause loses is counted.
    #[inline]
    pub(crate) fn passes(&self, instance: InstanceAddr, pc: u32) -> bool {
        if !self.late.is_empty() && !self.muted && self.is_silent(instance, pc) {
            self.silent.set(self.silent.get() + 1);
        }
        self.selects(instance, pc)
    }

    #[cold]
    fn is_silent(&self, instance: InstanceAddr, pc: u32) -> bool {
        let module = self.module_of(instance);
        module.is_some_and(|module| self.late.is_silent(module, pc))
    }

    fn is_lingering(&self, instance: InstanceAddr, pc: u32) -> bool {
        let module = self.module_of(instance);
        module.is_some_and(|module| self.set.lingering.contains(&(module, pc)))
    }

    /// Whether a breakpoint is there that should be gone.
    #[inline]
    pub(crate) fn keeps_any(&self) -> bool {
        !self.set.lingering.is_empty()
    }

    /// The cause of the event that came at this PC, if only a breakpoint that should be gone has it.
    pub(crate) fn kept_by(&self, instance: InstanceAddr, pc: u32) -> Option<Known> {
        let due = self.set.asked.selects(instance, pc);
        self.count
            .filter(|_| !due && self.is_lingering(instance, pc))
    }

    /// How many events did not come in late modules since this was asked, and the cause.
    pub(crate) fn take_silent(&self) -> Option<(u64, Known)> {
        let count = self.silent.take();
        self.late_module
            .filter(|_| count > 0)
            .map(|known| (count, known))
    }

    /// Whether this store ever asked for events at this PC of the instance.
    pub fn ever_selected(&self, instance: InstanceAddr, pc: u32) -> bool {
        self.set.asked.ever_selected(instance, pc)
    }

    /// What `breakpoints()` must list by the documentation, sorted: module and PC.
    pub fn listed(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.set.asked.listed()
    }

    /// How many breakpoints this subject lists.
    pub fn len(&self) -> usize {
        self.set.asked.len() + self.set.lingering.len()
    }

    /// Whether this subject lists no breakpoint.
    pub fn is_empty(&self) -> bool {
        self.set.asked.is_empty() && self.set.lingering.is_empty()
    }

    /// A removal of each breakpoint that this subject lists.
    pub fn cleared(&self) -> impl Iterator<Item = EngineEdit> + '_ {
        let kept = self.kept().into_iter();
        kept.map(|(module, pc)| EngineEdit::Remove { module, pc })
    }

    /// Whether the store lists a breakpoint of this module.
    pub fn has_any_of(&self, module: u32) -> bool {
        let mut lingering = self.set.lingering.iter();
        self.set.asked.lists_any_of(module) || lingering.any(|(of, _)| *of == module)
    }

    /// The edits after which nothing is set, whatever is counted.
    pub fn undone(&self) -> Vec<Edit> {
        let remove = |(module, pc)| Edit::Remove(Site::Pc { module, pc });
        let mut edits = vec![Edit::SingleStep(false)];
        match &self.set.counts {
            None => edits.extend(self.listed().map(remove)),
            Some(counts) => edits.extend(counts.each().flat_map(|(module, pc, count)| {
                std::iter::repeat_n(remove((module, pc)), count as usize)
            })),
        }
        edits
    }

    /// The rule for an event that must come and does not.
    pub(crate) fn lost_rule(&self) -> RuleId {
        if self.is_single_step() {
            RuleId::StepLost
        } else {
            RuleId::BreakLost
        }
    }

    /// Whether the model has an event at this place.
    pub(crate) fn is_selected(&self, place: Place) -> bool {
        let instance = place.instance;
        instance.is_some_and(|i| self.selects(i, place.pc.0))
    }
}

/// Stops the oracle where the subject stops, or when it has passed so many sequence points that
/// something must be wrong.
pub(crate) struct Selected<'a> {
    breakpoints: &'a Breakpoints,
    left: Cell<u64>,
}

impl<'a> Selected<'a> {
    /// Stops where these say, passing at most `limit` sequence points.
    pub(crate) fn new(breakpoints: &'a Breakpoints, limit: u64) -> Selected<'a> {
        Selected {
            breakpoints,
            left: Cell::new(limit),
        }
    }

    /// How many more sequence points it would pass; 0 if it gave up.
    pub(crate) fn left(&self) -> u64 {
        self.left.get()
    }
}

impl StopAt for Selected<'_> {
    #[inline]
    fn stops(&self, instance: InstanceAddr, function: &Function, position: usize) -> bool {
        let left = self.left.get().saturating_sub(1);
        self.left.set(left);
        left == 0 || self.breakpoints.passes(instance, function.pcs[position].0)
    }
}

#[cfg(test)]
mod tests;
