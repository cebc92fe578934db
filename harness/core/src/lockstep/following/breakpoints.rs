//! What the store of a subject has set: what the edits ask for by the documentation, and where a cause
//! of this subject keeps an event or loses one.
//!
//! The checkers ask here where the subject stops, so that they follow it through what a cause explains;
//! what is explained they count.

use crate::causes::breakpoint_count::Counts;
use crate::causes::component_patches::ComponentPatches;
use crate::causes::late_module::LateModules;
use crate::causes::{Cause, Causes, Known};
use crate::conventions::{ComponentPcs, Conventions, RepeatedEdits};
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
use std::ops::Range;

/// The breakpoints and the single-step mode of one store.
#[derive(Debug)]
pub struct Breakpoints {
    set: Set,
    conventions: Conventions,
    count: Option<Known>,
    late_module: Option<Known>,
    late: LateModules,
    component_patches: Option<Known>,
    /// Events that did not come since [`Breakpoints::take_silent`]: in a late module, and for other modules' patches.
    silent: Cell<u64>,
    unpatched: Cell<u64>,
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
    /// Where the code of components stops, if that goes by other modules' breakpoints, too.
    patches: Option<Box<ComponentPatches>>,
    /// PCs that a component's code has patches for, though no opcode of its modules must have code there: seen in the
    /// store's list. The component's first module, and PC.
    beside: BTreeSet<(u32, u32)>,
    /// The same of PCs at which breakpoints were listed that may be behind the last patch.
    last: BTreeSet<(u32, u32)>,
    /// Whether a breakpoint slipped to a PC that is another module's alone since [`Breakpoints::settle`].
    slipped: bool,
}

impl Set {
    fn edit(&mut self, edit: EngineEdit) {
        match edit {
            EngineEdit::SingleStep(on) => {
                self.asked.set_single_step(on);
                if let Some(patches) = &mut self.patches {
                    let kept = self.lingering.iter().copied();
                    let listed: Vec<_> = self.asked.listed().chain(kept).collect();
                    patches.set_single_step(on, &listed);
                }
            }
            EngineEdit::Add { module, pc } => {
                let place = self.place(module, pc);
                let was_there = self.lists(module, place);
                if let Some(patches) = &mut self.patches {
                    patches.add(module, place, was_there);
                }
                self.asked.add_at(module, pc, place);
                self.slipped |= self.slips_beside(module).is_some()
                    && place != self.asked.place(module, pc)
                    && !self.asked.is_arrival(module, place);
                if let Some(counts) = &mut self.counts {
                    counts.add(module, pc, place);
                    if !self.lingering.is_empty() {
                        self.lingering.remove(&(module, place));
                    }
                }
            }
            EngineEdit::Remove { module, pc } => {
                let place = self.place(module, pc);
                let counted = self.counts.as_ref();
                let counted = counted.map_or(place, |counts| counts.place_of(module, pc));
                let was_there = self.lists(module, counted);
                self.asked.remove_at(module, place);
                if let Some(counts) = &mut self.counts {
                    counts.remove(module, pc);
                    self.note(module, place);
                    self.note(module, counted);
                }
                let is_gone = was_there && !self.lists(module, counted);
                if let Some(patches) = &mut self.patches {
                    patches.remove(module, counted, is_gone);
                }
            }
        }
    }

    /// Where a breakpoint is set that is asked for here, as far as is known.
    fn place(&self, module: u32, pc: u32) -> u32 {
        match self.slips_beside(module) {
            Some(component) => self.next_patch(&component, pc).unwrap_or(pc),
            None => self.asked.place(module, pc),
        }
    }

    /// The next PC from this one on that is known to have a patch in a component's code.
    fn next_patch(&self, component: &Range<u32>, pc: u32) -> Option<u32> {
        let coded = component.clone();
        let coded = coded.filter_map(|module| self.asked.next_coded(module, pc));
        let seen = self.beside.range((component.start, pc)..).next();
        let seen = seen.filter(|(of, _)| *of == component.start);
        coded.chain(seen.map(|&(_, pc)| pc)).min()
    }

    /// Whether a breakpoint that is asked for here may be elsewhere than [`Set::place`] says.
    fn is_open(&self, module: u32, pc: u32) -> bool {
        match self.slips_beside(module) {
            Some(component) => self.next_patch(&component, pc) != Some(pc),
            None => self.asked.is_open(module, pc),
        }
    }

    /// The modules of a module's component, if its breakpoints slip to what any of them has code for.
    fn slips_beside(&self, module: u32) -> Option<Range<u32>> {
        let patches = self.patches.as_ref()?;
        patches.sharing_pcs(module)
    }

    /// Whether the subject has a breakpoint here.
    fn lists(&self, module: u32, pc: u32) -> bool {
        self.asked.lists(module, pc) || self.lingering.contains(&(module, pc))
    }

    /// Learns from the list which PCs there are patches for, but for those that `stays` says may have none: a
    /// breakpoint behind the last patch is listed where it was asked for. Whether anything is new.
    fn learn_beside(&mut self, listed: &[(u32, u32)], stays: impl Fn(EngineEdit) -> bool) -> bool {
        let before = self.beside.len();
        for &(module, pc) in listed {
            let Some(component) = self.slips_beside(module) else {
                continue;
            };
            match self.next_patch(&component, pc) {
                Some(next) if next == pc => {}
                None if stays(EngineEdit::Add { module, pc }) => {
                    self.last.insert((component.start, pc));
                }
                _ => self.has_patch(&component, pc),
            }
        }
        self.beside.len() > before
    }

    /// There is a patch at this PC in a component's code; what is listed before one has one.
    fn has_patch(&mut self, component: &Range<u32>, pc: u32) {
        let first = component.start;
        let earlier = self.last.range((first, 0)..(first, pc));
        self.beside.extend(earlier.copied());
        self.beside.insert((first, pc));
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
    /// Nothing is set, in a store of a subject with these causes and conventions.
    pub fn new(causes: Causes, conventions: &Conventions) -> Breakpoints {
        let count = causes.get(Cause::BreakpointCount);
        let placement = conventions.placement;
        Breakpoints {
            set: Set {
                asked: BreakpointModel::new(placement),
                counts: count.map(|_| Counts::default()),
                lingering: BTreeSet::new(),
                patches: None,
                beside: BTreeSet::new(),
                last: BTreeSet::new(),
                slipped: false,
            },
            conventions: *conventions,
            count,
            late_module: causes.get(Cause::LateModule),
            late: LateModules::default(),
            component_patches: causes.get(Cause::ComponentPatches),
            silent: Cell::new(0),
            unpatched: Cell::new(0),
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

    /// Makes a component known before its first instance: the number of its first module, and where each of them
    /// begins in its binary.
    pub(crate) fn add_component(&mut self, first: u32, offsets: Vec<u32>) {
        if self.component_patches.is_none() {
            return;
        }
        let shares_pcs = self.conventions.component_pcs == ComponentPcs::OfModule;
        let repeats = self.conventions.repeated_edits == RepeatedEdits::Patch;
        let single_step = self.set.asked.is_single_step();
        let patches = &mut self.set.patches;
        let patches = patches.get_or_insert_with(|| {
            let mut patches = ComponentPatches::new(shares_pcs, repeats);
            patches.set_single_step(single_step, &[]);
            patches.into()
        });
        patches.add_component(first, offsets);
    }

    /// The store comes to know a module, as it is about to be instantiated.
    pub fn come(&mut self, module: u32) {
        if self.late_module.is_some() {
            self.late.come(module);
        }
    }

    /// The store comes to know a core module of a component, with adapters among what it imports or none.
    pub(crate) fn come_in_component(&mut self, module: u32, adapters: bool) {
        // The code of a component is patched whole, be it for one module of it.
        let stepped = |patches: &ComponentPatches| {
            let mut others = patches.known_beside(module);
            others.any(|other| self.late.is_stepped(other))
        };
        match self.set.patches.as_deref().is_some_and(stepped) {
            true => self.late.know(module),
            false => self.come(module),
        }
        if let Some(patches) = &mut self.set.patches {
            patches.come(module, adapters);
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
        if self.before.is_none() && self.set.is_open(module, pc) {
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
        let slipped = std::mem::take(&mut self.set.slipped);
        let beside = self.component_patches.filter(|_| slipped);
        let asked = &self.set.asked;
        if asked.listed().eq(listed.iter().copied()) {
            // Whatever was kept is kept no more.
            for (module, pc) in std::mem::take(&mut self.set.lingering) {
                let counts = self.set.counts.as_mut();
                counts
                    .into_iter()
                    .for_each(|counts| counts.forget(module, pc));
            }
            return beside.map_or(Listed::Right, Listed::Kept);
        }
        match self.count.or(beside) {
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
        for last_may_stay in [true, false] {
            let stays = |edit: EngineEdit| last_may_stay && self.edits.contains(&edit);
            if self.set.learn_beside(listed, stays) {
                self.follow_again(before);
            }
            while self.learn_places(listed) {
                self.follow_again(before);
            }
            if self.set.asked.listed().eq(listed.iter().copied()) || self.kept() == listed {
                return;
            }
        }
        self.set = taken;
    }

    /// Follows the edits of the session once more, with what was learned since.
    fn follow_again(&mut self, before: &Set) {
        let mut set = before.clone();
        set.asked.adopt(&self.set.asked);
        set.beside.clone_from(&self.set.beside);
        set.last.clone_from(&self.set.last);
        self.edits.iter().for_each(|&edit| set.edit(edit));
        self.set = set;
    }

    /// Learns of one edit; additions first, as what they explain says nothing of where a removal was.
    fn learn_places(&mut self, listed: &[(u32, u32)]) -> bool {
        let expected = self.kept();
        let (additions, others): (Vec<EngineEdit>, Vec<EngineEdit>) = self
            .edits
            .iter()
            .partition(|edit| matches!(edit, EngineEdit::Add { .. }));
        additions.into_iter().chain(others).any(|edit| match edit {
            EngineEdit::Add { module, .. } | EngineEdit::Remove { module, .. } => {
                if self.set.slips_beside(module).is_some() {
                    return false;
                }
                let lists = |list: &[(u32, u32)], pc| list.binary_search(&(module, pc)).is_ok();
                let listed = |pc| lists(listed, pc);
                let expected = |pc| lists(&expected, pc);
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
        if let Some(stops) = self.is_patched(instance, pc) {
            return stops;
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
        let selects = self.selects(instance, pc);
        if self.set.patches.is_some() && !selects && !self.muted {
            self.note_unpatched(instance, pc);
        }
        selects
    }

    /// Whether code of a component stops here while single-step is off; none where that goes by what was asked for.
    #[inline]
    fn is_patched(&self, instance: InstanceAddr, pc: u32) -> Option<bool> {
        let patches = self.set.patches.as_ref()?;
        if self.set.asked.is_single_step() {
            return None;
        }
        patches.stops(self.module_of(instance)?, pc)
    }

    #[cold]
    fn note_unpatched(&self, instance: InstanceAddr, pc: u32) {
        let asked = self.set.asked.selects(instance, pc) || self.is_lingering(instance, pc);
        if asked && self.is_patched(instance, pc) == Some(false) {
            self.unpatched.set(self.unpatched.get() + 1);
        }
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

    /// Whether an event can come that nothing asked for.
    #[inline]
    pub(crate) fn keeps_any(&self) -> bool {
        !self.set.lingering.is_empty() || self.set.patches.is_some()
    }

    /// The subject stopped at this PC of the instance: there is code.
    pub(crate) fn note_stop(&mut self, instance: InstanceAddr, pc: u32) {
        let module = self.module_of(instance);
        let component = module.and_then(|module| self.set.slips_beside(module));
        if let Some(component) = component
            && self.set.next_patch(&component, pc) != Some(pc)
        {
            self.set.has_patch(&component, pc);
        }
    }

    /// The cause of the event that came at this PC, if nothing asked for it: a breakpoint that should be gone, or
    /// one of another module.
    pub(crate) fn kept_by(&self, instance: InstanceAddr, pc: u32) -> Option<Known> {
        if self.set.asked.selects(instance, pc) {
            return None;
        }
        let lingering = self.is_lingering(instance, pc);
        let patched = self.is_patched(instance, pc) == Some(true);
        let count = self.count.filter(|_| lingering);
        count.or(self.component_patches.filter(|_| patched))
    }

    /// How many events did not come since this was asked, and the cause: in late modules, and at breakpoints that
    /// other modules' patches took away.
    pub(crate) fn take_silent(&self) -> impl Iterator<Item = (u64, Known)> + use<> {
        let silent = (self.silent.take(), self.late_module);
        let unpatched = (self.unpatched.take(), self.component_patches);
        let counts = [silent, unpatched].into_iter();
        counts.filter_map(|(count, known)| Some((count, known?)).filter(|_| count > 0))
    }

    /// Whether this store ever asked for events at this PC of the instance.
    pub fn ever_selected(&self, instance: InstanceAddr, pc: u32) -> bool {
        let patched = self.is_patched(instance, pc) == Some(true);
        patched || self.set.asked.ever_selected(instance, pc)
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
