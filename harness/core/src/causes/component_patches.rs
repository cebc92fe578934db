//! `COMPONENT-PATCHES`: the core modules of a component share one table of patches.
//!
//! The table has the patches of all code of a component, that of its adapters included, by PC.
//! `single_step(false)` goes through the modules that the store knows, and for each of them through the whole
//! table: patched are then the breakpoints of the module that comes last alone. Adapters come behind all others:
//! where one is there, nothing is patched. Where PCs are those of the core module, a breakpoint is set, and
//! removed, at the opcodes with its PC in every module of the component.

use std::collections::BTreeSet;
use std::ops::Range;

/// The components of one store, and where their code stops.
#[derive(Clone, Debug, Default)]
pub struct ComponentPatches {
    /// Whether one PC can be that of an opcode in several modules.
    shares_pcs: bool,
    /// Whether single-step that is on, or off, is switched so again.
    repeats: bool,
    single_step: bool,
    components: Vec<Patched>,
}

/// One component.
#[derive(Clone, Debug)]
struct Patched {
    /// The number of its first module.
    first: u32,
    /// Where each of its modules begins in its binary: the later come later.
    offsets: Vec<u32>,
    /// The modules that the store knows.
    known: BTreeSet<u32>,
    /// Whether the store knows a module of adapters.
    adapters: bool,
    /// Where it stops: module and PC, or [`ANY`] and PC.
    patched: BTreeSet<(u32, u32)>,
}

/// In place of a module: whichever has an opcode there.
const ANY: u32 = u32::MAX;

impl Patched {
    fn modules(&self) -> Range<u32> {
        self.first..self.first + self.offsets.len() as u32
    }

    fn has(&self, module: u32) -> bool {
        self.modules().contains(&module)
    }

    /// The module that comes last of those that the store knows, unless it is one of adapters.
    fn last(&self) -> Option<u32> {
        let offset = |module: &&u32| self.offsets[(**module - self.first) as usize];
        let last = self.known.iter().max_by_key(offset);
        last.copied().filter(|_| !self.adapters)
    }
}

impl ComponentPatches {
    /// No component yet, in a store of a subject that has each core module's own PCs or the component's, and that
    /// does what is done already again or not.
    pub fn new(shares_pcs: bool, repeats: bool) -> ComponentPatches {
        ComponentPatches {
            shares_pcs,
            repeats,
            ..ComponentPatches::default()
        }
    }

    /// Another component comes: the number of its first module, and where each of them begins in its binary.
    pub fn add_component(&mut self, first: u32, offsets: Vec<u32>) {
        self.components.push(Patched {
            first,
            offsets,
            known: BTreeSet::new(),
            adapters: false,
            patched: BTreeSet::new(),
        });
    }

    /// The store comes to know a module, and before it adapters that it imports, if so.
    pub fn come(&mut self, module: u32, adapters: bool) {
        if let Some(component) = self.of_mut(module) {
            component.known.insert(module);
            component.adapters |= adapters;
        }
    }

    /// The other modules of a module's component that the store knows.
    pub fn known_beside(&self, module: u32) -> impl Iterator<Item = u32> + '_ {
        let known = self.of(module).map(|component| component.known.iter());
        let known = known.into_iter().flatten().copied();
        known.filter(move |&other| other != module)
    }

    /// The modules of a module's component, if one PC can be that of opcodes in several of them: a breakpoint then
    /// slips to the next PC of any.
    pub fn sharing_pcs(&self, module: u32) -> Option<Range<u32>> {
        let component = self.of(module).filter(|_| self.shares_pcs)?;
        Some(component.modules())
    }

    /// Single-step is switched; `listed` are the store's breakpoints.
    pub fn set_single_step(&mut self, on: bool, listed: &[(u32, u32)]) {
        let changes = std::mem::replace(&mut self.single_step, on) != on;
        if on || !(changes || self.repeats) {
            return;
        }
        let shares_pcs = self.shares_pcs;
        for component in &mut self.components {
            let last = component.last();
            let own = listed.iter().filter(|(module, _)| Some(*module) == last);
            let keys = own.map(|&(module, pc)| key(shares_pcs, module, pc));
            component.patched = keys.collect();
        }
    }

    /// A breakpoint is added here, which was there before or not.
    pub fn add(&mut self, module: u32, pc: u32, was_there: bool) {
        let key = key(self.shares_pcs, module, pc);
        if was_there && !self.repeats {
            return;
        }
        if let Some(component) = self.of_mut(module) {
            component.patched.insert(key);
        }
    }

    /// A breakpoint is removed here, and is gone or was not there.
    pub fn remove(&mut self, module: u32, pc: u32, is_gone: bool) {
        let key = key(self.shares_pcs, module, pc);
        if self.single_step || !(is_gone || self.repeats) {
            return;
        }
        if let Some(component) = self.of_mut(module) {
            component.patched.remove(&key);
        }
    }

    /// Whether an opcode of a component's module is stopped at, single-step aside.
    pub fn stops(&self, module: u32, pc: u32) -> Option<bool> {
        let component = self.of(module)?;
        let key = key(self.shares_pcs, module, pc);
        Some(component.patched.contains(&key))
    }

    fn of(&self, module: u32) -> Option<&Patched> {
        self.components
            .iter()
            .find(|component| component.has(module))
    }

    fn of_mut(&mut self, module: u32) -> Option<&mut Patched> {
        let mut components = self.components.iter_mut();
        components.find(|component| component.has(module))
    }
}

fn key(shares_pcs: bool, module: u32, pc: u32) -> (u32, u32) {
    (if shares_pcs { ANY } else { module }, pc)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store with a component of two modules, 3 and 4, that it knows.
    fn store(shares_pcs: bool, adapters: bool) -> ComponentPatches {
        let mut store = ComponentPatches::new(shares_pcs, false);
        store.add_component(3, vec![90, 400]);
        store.come(3, false);
        store.come(4, adapters);
        store
    }

    fn step_and_back(store: &mut ComponentPatches, listed: &[(u32, u32)]) {
        store.set_single_step(true, listed);
        store.set_single_step(false, listed);
    }

    #[test]
    fn the_breakpoints_of_the_last_module_alone_stay() {
        let mut patches = store(false, false);
        patches.add(3, 7, false);
        patches.add(4, 9, false);
        assert_eq!(patches.stops(3, 7), Some(true));
        step_and_back(&mut patches, &[(3, 7), (4, 9)]);
        assert_eq!(patches.stops(3, 7), Some(false));
        assert_eq!(patches.stops(4, 9), Some(true));
        assert_eq!(patches.stops(2, 7), None, "no component's");
        // Where it is asked for again it is still counted, and not set.
        patches.add(3, 7, true);
        assert_eq!(patches.stops(3, 7), Some(false));
    }

    #[test]
    fn behind_adapters_no_breakpoint_stays() {
        let mut store = store(true, true);
        store.add(4, 9, false);
        step_and_back(&mut store, &[(4, 9)]);
        assert_eq!(store.stops(4, 9), Some(false));
    }

    #[test]
    fn one_pc_is_that_of_every_module() {
        let mut store = store(true, false);
        store.add(3, 7, false);
        assert_eq!(store.stops(4, 7), Some(true));
        store.add(4, 7, false);
        store.remove(3, 7, true);
        assert_eq!(store.stops(4, 7), Some(false));
        let mut other = self::store(false, false);
        other.add(3, 7, false);
        assert_eq!(other.stops(4, 7), Some(false));
    }

    #[test]
    fn what_is_off_already_is_switched_off_again_where_that_repeats() {
        let mut store = ComponentPatches::new(false, true);
        store.add_component(0, vec![0, 50]);
        store.come(0, false);
        store.add(0, 7, false);
        store.come(1, false);
        store.set_single_step(false, &[(0, 7)]);
        assert_eq!(store.stops(0, 7), Some(false));
        store.add(0, 7, true);
        assert_eq!(store.stops(0, 7), Some(true));
    }
}
