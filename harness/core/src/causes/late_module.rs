//! `LATE-MODULE`: `single_step(true)` patches the modules that the store knows, and no later one.
//!
//! A store comes to know a module by the first instance, by a breakpoint added to it, and by one removed
//! from it, the last only while single-step is off. A module that it comes to know while single-step is
//! on has no events, but at the breakpoints that were added to it, until the next edit of single-step.
//! Such a breakpoint's removal leaves its event, as single-step is on.

use crate::schedule::EngineEdit;
use std::collections::{BTreeMap, BTreeSet};

/// The modules of one store, as far as they are known to it.
#[derive(Clone, Debug, Default)]
pub struct LateModules {
    single_step: bool,
    known: BTreeSet<u32>,
    /// Modules that came late, with the PCs at which they have events.
    late: BTreeMap<u32, BTreeSet<u32>>,
}

impl LateModules {
    /// The store is edited.
    pub fn edit(&mut self, edit: EngineEdit) {
        match edit {
            EngineEdit::SingleStep(on) => {
                self.single_step = on;
                self.late.clear();
            }
            EngineEdit::Add { module, pc } => {
                self.come(module);
                if let Some(events) = self.late.get_mut(&module) {
                    events.insert(pc);
                }
            }
            EngineEdit::Remove { module, .. } if !self.single_step => self.come(module),
            EngineEdit::Remove { .. } => {}
        }
    }

    /// The store comes to know a module, if it does not yet.
    pub fn come(&mut self, module: u32) {
        if self.known.insert(module) && self.single_step {
            self.late.insert(module, BTreeSet::new());
        }
    }

    /// The store comes to know a module whose code it has stepped through already.
    pub fn know(&mut self, module: u32) {
        self.known.insert(module);
    }

    /// Whether the code of a module has events wherever single-step is on.
    pub fn is_stepped(&self, module: u32) -> bool {
        self.known.contains(&module) && !self.late.contains_key(&module)
    }

    /// Whether no module is late.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.late.is_empty()
    }

    /// Whether no event comes at this PC although single-step is on.
    pub fn is_silent(&self, module: u32, pc: u32) -> bool {
        let events = self.late.get(&module);
        events.is_some_and(|events| !events.contains(&pc))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: EngineEdit = EngineEdit::SingleStep(true);
    const OFF: EngineEdit = EngineEdit::SingleStep(false);
    const ADD: EngineEdit = EngineEdit::Add { module: 0, pc: 7 };
    const REMOVE: EngineEdit = EngineEdit::Remove { module: 0, pc: 7 };

    /// Whether events are missing at PCs 7 and 8 of module 0 after these edits and its instantiation.
    fn silent(before: &[EngineEdit], after: &[EngineEdit]) -> [bool; 2] {
        let mut modules = LateModules::default();
        before.iter().for_each(|&edit| modules.edit(edit));
        modules.come(0);
        after.iter().for_each(|&edit| modules.edit(edit));
        [7, 8].map(|pc| modules.is_silent(0, pc))
    }

    #[test]
    fn a_module_that_comes_after_single_step_has_no_events() {
        assert_eq!(silent(&[ON], &[]), [true; 2]);
        assert_eq!(silent(&[], &[ON]), [false; 2]);
        assert_eq!(silent(&[ON], &[ON]), [false; 2], "the next edit reaches it");
        assert_eq!(silent(&[ON], &[OFF]), [false; 2]);
        assert_eq!(silent(&[ON, OFF], &[]), [false; 2]);
    }

    #[test]
    fn a_module_is_known_by_its_breakpoints() {
        assert_eq!(silent(&[ADD, ON], &[]), [false; 2]);
        assert_eq!(silent(&[REMOVE, ON], &[]), [false; 2]);
        assert_eq!(silent(&[ON, REMOVE], &[]), [true; 2]);
    }

    #[test]
    fn breakpoints_of_a_late_module_have_their_events() {
        assert_eq!(silent(&[ON, ADD], &[]), [false, true]);
        assert_eq!(silent(&[ON], &[ADD]), [false, true]);
        assert_eq!(silent(&[ON], &[ADD, REMOVE]), [false, true]);
    }

    #[test]
    fn another_instance_of_a_known_module_is_stepped() {
        let mut modules = LateModules::default();
        modules.come(0);
        modules.edit(ON);
        modules.come(0);
        modules.come(1);
        assert!(!modules.is_silent(0, 7) && modules.is_silent(1, 7));
        assert!(!modules.is_empty());
    }
}
