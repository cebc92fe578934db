//! The abstract breakpoint set of one store: which events must come, and what the store must answer.
//!
//! Written from the API's documentation: `add_breakpoint` has no effect if the breakpoint is set,
//! `remove_breakpoint` none if it is not; in single-step mode an event comes at every PC; edits are
//! those of one store. From Wasmtime 44 on, a breakpoint at a PC that is no opcode's is "slipped"
//! forward to the next "available" opcode: to the next that has code, which is pinned, as
//! it is that a breakpoint behind the last stays where it was asked for. Which of several requests
//! a slipped breakpoint came from is nowhere said to matter: there is one, or none.
//!
//! Which opcodes have code is in part the compiler's choice: it leaves out those behind a condition
//! that is constant. The model is told of them. A breakpoint that was asked for at such an opcode is
//! still due there: should control arrive, the compiler was wrong, and an event is missing.

use super::code::pcs_with_code;
use crate::conventions::Placement;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::code::Function;
use lockstep_oracles::machine::StopAt;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// The breakpoints of one store.
#[derive(Clone, Debug)]
pub struct BreakpointModel {
    placement: Placement,
    single_step: bool,
    /// Whether single-step was ever on.
    stepped: bool,
    modules: Vec<ModuleSet>,
    /// The module of each instance.
    instances: Vec<u32>,
}

/// The breakpoints of one module, twice: as they are listed, and as they are looked up.
#[derive(Clone, Debug, Default)]
struct ModuleSet {
    /// PCs of the opcodes that have code, ascending.
    available: Vec<u32>,
    /// PCs of the opcodes that control may arrive at, ascending.
    arrived: Vec<u32>,
    /// Opcodes without code at which a listed breakpoint was asked for.
    due: BTreeMap<u32, Vec<u32>>,
    listed: BTreeSet<u32>,
    /// PCs that were ever listed.
    ever: BTreeSet<u32>,
    /// A bit for each PC.
    bits: Vec<u64>,
}

impl ModuleSet {
    fn mark(&mut self, pc: u32) {
        if pc > LAST_PC {
            return;
        }
        let word = pc as usize / 64;
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= 1 << (pc % 64);
    }

    fn unmark(&mut self, pc: u32) {
        if let Some(word) = self.bits.get_mut(pc as usize / 64) {
            *word &= !(1 << (pc % 64));
        }
    }

    #[inline]
    fn contains(&self, pc: u32) -> bool {
        let word = self.bits.get(pc as usize / 64).copied().unwrap_or(0);
        word >> (pc % 64) & 1 != 0
    }
}

/// Largest PC that is looked up; a breakpoint beyond it is only listed. No opcode of a module that
/// any engine accepts lies there.
const LAST_PC: u32 = 1 << 30;

impl BreakpointModel {
    /// No breakpoints, in a store that sets them as `placement` says.
    pub fn new(placement: Placement) -> BreakpointModel {
        BreakpointModel {
            placement,
            single_step: false,
            stepped: false,
            modules: Vec::new(),
            instances: Vec::new(),
        }
    }

    /// Makes a module known before its first edit.
    ///
    /// `listed` are the breakpoints of a store in which one was asked for at every byte of the code, if
    /// there is one: they say which of the opcodes that control may arrive at have code.
    pub fn add_module(&mut self, number: u32, bytes: &[u8], listed: Option<&BTreeSet<u32>>) {
        if self.placement == Placement::Asked {
            return;
        }
        let set = self.module(number);
        if !set.available.is_empty() {
            return;
        }
        set.arrived = pcs_with_code(bytes);
        let has_code = |pc: &u32| set.arrived.binary_search(pc).is_ok();
        // What is listed and cannot have code did not slip: there is none behind it.
        let end = listed.and_then(|listed| listed.iter().copied().find(|pc| !has_code(pc)));
        let listed = |pc: &u32| listed.is_none_or(|listed| listed.contains(pc));
        let arrived = set.arrived.iter().copied();
        let arrived = arrived.take_while(|&pc| end.is_none_or(|end| pc < end));
        set.available = arrived.filter(listed).collect();
    }

    /// Where a breakpoint is set that is asked for at this PC.
    pub fn place(&self, module: u32, pc: u32) -> u32 {
        match (self.placement, self.modules.get(module as usize)) {
            (Placement::Slipped, Some(set)) => {
                let next = set.available.partition_point(|&available| available < pc);
                set.available.get(next).copied().unwrap_or(pc)
            }
            _ => pc,
        }
    }

    /// Whether a breakpoint asked for at this PC is set already.
    pub fn is_set(&self, module: u32, pc: u32) -> bool {
        let set = self.modules.get(module as usize);
        let at = self.place(module, pc);
        set.is_some_and(|set| set.listed.contains(&at))
    }

    /// Turns single-step on or off.
    pub fn set_single_step(&mut self, on: bool) {
        self.single_step = on;
        self.stepped |= on;
    }

    /// What `is_single_step()` must answer.
    #[inline]
    pub fn is_single_step(&self) -> bool {
        self.single_step
    }

    /// Adds a breakpoint; whether it is new.
    pub fn add(&mut self, module: u32, pc: u32) -> bool {
        let asked = pc;
        let pc = self.place(module, pc);
        let set = self.module(module);
        if asked != pc && !set.listed.contains(&pc) && set.arrived.binary_search(&asked).is_ok() {
            set.due.entry(pc).or_default().push(asked);
            set.mark(asked);
        }
        set.mark(pc);
        set.ever.insert(pc);
        set.listed.insert(pc)
    }

    /// Removes a breakpoint; whether it was there.
    pub fn remove(&mut self, module: u32, pc: u32) -> bool {
        let pc = self.place(module, pc);
        let set = self.module(module);
        set.unmark(pc);
        for asked in set.due.remove(&pc).unwrap_or_default() {
            set.unmark(asked);
        }
        set.listed.remove(&pc)
    }

    fn module(&mut self, module: u32) -> &mut ModuleSet {
        let index = module as usize;
        if self.modules.len() <= index {
            self.modules.resize_with(index + 1, ModuleSet::default);
        }
        &mut self.modules[index]
    }

    /// What `breakpoints()` must list, in this order or another: module and PC.
    pub fn listed(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let modules = self.modules.iter().zip(0u32..);
        modules.flat_map(|(set, module)| set.listed.iter().map(move |&pc| (module, pc)))
    }

    /// How many breakpoints are listed.
    pub fn len(&self) -> usize {
        self.modules.iter().map(|set| set.listed.len()).sum()
    }

    /// Whether no breakpoint is listed.
    pub fn is_empty(&self) -> bool {
        self.modules.iter().all(|set| set.listed.is_empty())
    }

    /// Makes the next instance known: it is one of `module`.
    pub fn add_instance(&mut self, module: u32) {
        self.instances.push(module);
    }

    /// The module of an instance.
    pub fn module_of(&self, instance: InstanceAddr) -> Option<u32> {
        self.instances.get(instance.index()).copied()
    }

    /// Whether this store ever asked for events at this PC of the instance.
    pub fn ever_selected(&self, instance: InstanceAddr, pc: u32) -> bool {
        let module = self.module_of(instance);
        let set = module.and_then(|module| self.modules.get(module as usize));
        self.stepped || set.is_some_and(|set| set.ever.contains(&pc))
    }

    /// Whether an event must come when control is at this PC of the instance.
    #[inline]
    pub fn selects(&self, instance: InstanceAddr, pc: u32) -> bool {
        if self.single_step {
            return true;
        }
        let module = self.instances.get(instance.index());
        let set = module.and_then(|&module| self.modules.get(module as usize));
        set.is_some_and(|set| set.contains(pc))
    }
}

/// Stops the oracle where the model says that an event must come, or when it has passed so many
/// sequence points that something must be wrong.
pub struct Selected<'a> {
    model: &'a BreakpointModel,
    left: Cell<u64>,
}

impl<'a> Selected<'a> {
    /// Stops where `model` says, passing at most `limit` sequence points.
    pub fn new(model: &'a BreakpointModel, limit: u64) -> Selected<'a> {
        Selected {
            model,
            left: Cell::new(limit),
        }
    }

    /// How many more sequence points it would pass; 0 if it gave up.
    pub fn left(&self) -> u64 {
        self.left.get()
    }
}

impl StopAt for Selected<'_> {
    #[inline]
    fn stops(&self, instance: InstanceAddr, function: &Function, position: usize) -> bool {
        let left = self.left.get().saturating_sub(1);
        self.left.set(left);
        left == 0 || self.model.selects(instance, function.pcs[position].0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::module::Module;
    use proptest::prelude::*;

    #[test]
    fn edits_that_change_nothing_change_nothing() {
        let mut model = BreakpointModel::new(Placement::Asked);
        model.add_instance(0);
        assert!(model.add(0, 40) && !model.add(0, 40));
        assert!(model.selects(InstanceAddr(0), 40));
        assert!(model.remove(0, 40) && !model.remove(0, 40));
        assert!(model.is_empty() && !model.selects(InstanceAddr(0), 40));
    }

    #[test]
    fn single_step_selects_everything_and_lists_nothing() {
        let mut model = BreakpointModel::new(Placement::Asked);
        model.add_instance(0);
        model.set_single_step(true);
        assert!(model.selects(InstanceAddr(0), 7) && model.is_empty());
        model.set_single_step(false);
        assert!(!model.selects(InstanceAddr(0), 7));
    }

    #[test]
    fn a_breakpoint_slips_to_the_next_opcode_that_control_reaches() {
        let wat = "(module (func i32.const 1000 drop return nop) (func nop))";
        let bytes = wat::parse_str(wat).unwrap();
        let module = Module::new(&bytes, lockstep_oracles::WasmFeatures::WASM2).unwrap();
        let [first, second] = module.functions() else {
            panic!("two functions")
        };
        let [constant, drop, .., dead, end] = first.pcs[..] else {
            panic!("five opcodes")
        };
        let mut model = BreakpointModel::new(Placement::Slipped);
        model.add_module(0, &bytes, None);
        model.add_instance(0);
        assert_eq!(model.place(0, 0), constant.0);
        assert_eq!(model.place(0, constant.0 + 1), drop.0);
        // Neither the dead opcode nor the `end` that only it reaches has code.
        assert_eq!(model.place(0, dead.0), second.pcs[0].0);
        assert_eq!(model.place(0, end.0), second.pcs[0].0);
        let behind = second.pcs.last().unwrap().0 + 1;
        assert_eq!(model.place(0, behind), behind);

        assert!(model.add(0, constant.0 + 1) && model.is_set(0, drop.0));
        assert!(!model.add(0, drop.0), "it is set");
        assert!(model.selects(InstanceAddr(0), drop.0));
        assert!(!model.selects(InstanceAddr(0), constant.0 + 1));
        assert_eq!(model.listed().collect::<Vec<_>>(), [(0, drop.0)]);
        assert!(model.remove(0, constant.0 + 2) && model.is_empty());
    }

    #[test]
    fn a_breakpoint_at_an_opcode_without_code_is_due_there_and_set_behind_it() {
        let bytes = wat::parse_str("(module (func i32.const 1 drop))").unwrap();
        let module = Module::new(&bytes, lockstep_oracles::WasmFeatures::WASM2).unwrap();
        let [constant, drop, end] = module.functions()[0].pcs[..] else {
            panic!("three opcodes")
        };
        let mut model = BreakpointModel::new(Placement::Slipped);
        let listed = BTreeSet::from([constant.0, end.0]);
        model.add_module(0, &bytes, Some(&listed));
        model.add_instance(0);
        let selected = |model: &BreakpointModel| {
            let pcs = [constant, drop, end];
            pcs.map(|pc| model.selects(InstanceAddr(0), pc.0))
        };
        assert!(model.add(0, drop.0));
        assert_eq!(model.listed().collect::<Vec<_>>(), [(0, end.0)]);
        assert_eq!(selected(&model), [false, true, true]);
        assert!(model.remove(0, end.0));
        assert_eq!(selected(&model), [false, false, false]);
    }

    #[test]
    fn behind_what_did_not_slip_there_is_no_code() {
        let bytes = wat::parse_str("(module (func i32.const 1 if unreachable end))").unwrap();
        let module = Module::new(&bytes, lockstep_oracles::WasmFeatures::WASM2).unwrap();
        let [constant, condition, trap, inner, end] = module.functions()[0].pcs[..] else {
            panic!("five opcodes")
        };
        let mut model = BreakpointModel::new(Placement::Slipped);
        // As if the condition were known to be true.
        let listed = [constant, condition, trap, inner, end].map(|pc| pc.0);
        model.add_module(0, &bytes, Some(&listed.into()));
        assert_eq!(model.place(0, trap.0), trap.0);
        assert_eq!(model.place(0, inner.0), inner.0);
        assert_eq!(model.place(0, end.0), end.0);
    }

    #[test]
    fn a_breakpoint_that_does_not_slip_is_where_it_was_asked_for() {
        let bytes = wat::parse_str("(module (func i32.const 1000 drop))").unwrap();
        let mut model = BreakpointModel::new(Placement::Asked);
        model.add_module(0, &bytes, None);
        assert_eq!(model.place(0, 3), 3);
    }

    proptest! {
        #[test]
        fn the_set_is_a_set(edits in prop::collection::vec((any::<bool>(), 0..3u32, 0..200u32), 0..100)) {
            let mut model = BreakpointModel::new(Placement::Asked);
            (0..3).for_each(|module| model.add_instance(module));
            let mut set = BTreeSet::new();
            for (add, module, pc) in edits {
                if add {
                    prop_assert_eq!(model.add(module, pc), set.insert((module, pc)));
                } else {
                    prop_assert_eq!(model.remove(module, pc), set.remove(&(module, pc)));
                }
                prop_assert_eq!(model.selects(InstanceAddr(module), pc), add);
            }
            prop_assert_eq!(model.listed().collect::<Vec<_>>(), set.into_iter().collect::<Vec<_>>());
        }
    }
}
