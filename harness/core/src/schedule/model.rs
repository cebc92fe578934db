//! The abstract breakpoint set of one store: which events must come, and what the store must answer.
//!
//! Written from the API's documentation: `add_breakpoint` has no effect if the breakpoint is set,
//! `remove_breakpoint` none if it is not; in single-step mode an event comes at every PC; edits are
//! those of one store. From Wasmtime 44 on, a breakpoint at a PC that is no opcode's is "slipped"
//! forward to the next "available" opcode: to the next that has code, which is pinned, as
//! it is that a breakpoint behind the last stays where it was asked for. Which of several requests
//! a slipped breakpoint came from is nowhere said to matter: there is one, or none.
//!
//! Which opcodes have code is in part the compiler's choice: it may leave out what is behind a condition
//! that is constant (pinned: nothing says so). Where it may, a breakpoint is taken to be set at the next
//! opcode until the store lists it further on; from then on the model holds the store to the one or the
//! other ([`BreakpointModel::learn`]). A breakpoint that was asked for at an opcode that was left out is
//! still due there: should control arrive, the compiler was wrong, and an event is missing.

use super::code::{Arrival, Arrivals};
use super::pc_set::PcSet;
use crate::conventions::Placement;
use crate::schedule::EngineEdit;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::module::Module;
use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// The opcodes that control may arrive at, ascending.
    arrived: Arc<[Arrival]>,
    /// Those of them that have code whatever is listed: a breakpoint is where it was asked for.
    certain: Arc<PcSet>,
    /// What is known of each stretch of them.
    stretches: Vec<Stretch>,
    /// Behind which of them no other stretch is known to have code.
    last_coded: usize,
    /// Opcodes without code at which a listed breakpoint was asked for.
    due: BTreeMap<u32, Vec<u32>>,
    listed: PcSet,
    /// PCs that were ever listed.
    ever: PcSet,
    /// PCs at which an event is due.
    selected: PcSet,
}

/// Whether a stretch of opcodes has code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stretch {
    /// Nothing is known
    Open,
    /// It has, or nothing behind it has and breakpoints stay at its opcodes
    Listed,
    /// It has
    Coded,
    /// It was left out
    Left,
}

impl ModuleSet {
    /// The first opcode from this PC on that is not known to have been left out: its index.
    fn next(&self, pc: u32) -> Option<usize> {
        let mut next = self.arrived.partition_point(|arrival| arrival.pc < pc);
        while let Some(arrival) = self.arrived.get(next) {
            if self.stretch(arrival) != Stretch::Left {
                return Some(next);
            }
            next += 1;
        }
        None
    }

    fn stretch(&self, arrival: &Arrival) -> Stretch {
        self.stretches[arrival.stretch as usize]
    }

    fn place(&self, pc: u32) -> u32 {
        if self.certain.contains(pc) {
            return pc;
        }
        self.next(pc).map_or(pc, |next| self.arrived[next].pc)
    }

    /// The opcode at which a breakpoint that is asked for here is, if it may be at another.
    fn open(&self, pc: u32) -> Option<usize> {
        if self.certain.contains(pc) {
            return None;
        }
        let next = self.next(pc)?;
        let arrival = &self.arrived[next];
        let open = match self.stretch(arrival) {
            Stretch::Open => true,
            Stretch::Listed => arrival.pc != pc,
            Stretch::Coded | Stretch::Left => false,
        };
        open.then_some(next)
    }

    /// What the store's list says of where the breakpoint is that was added or removed; whether that is
    /// new.
    fn learn(
        &mut self,
        edit: EngineEdit,
        listed: impl Fn(u32) -> bool,
        expected: impl Fn(u32) -> bool,
    ) -> bool {
        let (asked, adds) = match edit {
            EngineEdit::Add { pc, .. } => (pc, true),
            EngineEdit::Remove { pc, .. } => (pc, false),
            EngineEdit::SingleStep(_) => return false,
        };
        let Some(at) = self.open(asked) else {
            return false;
        };
        // What the edit did instead of what was expected of it.
        let edited = |pc| match adds {
            true => listed(pc) && !expected(pc),
            false => expected(pc) && !listed(pc),
        };
        let Arrival { pc, stretch } = self.arrived[at];
        let found = if asked != pc && listed(asked) {
            // It did not slip: there is no code behind it.
            return self.leave_out_from(at);
        } else if listed(pc) {
            match asked != pc || self.last_coded > at {
                true => Stretch::Coded,
                false => Stretch::Listed,
            }
        } else if expected(pc) || self.may_follow(at, edited) {
            Stretch::Left
        } else {
            return false;
        };
        if found == Stretch::Coded {
            self.last_coded = self.last_coded.max(at);
        }
        let before = std::mem::replace(&mut self.stretches[stretch as usize], found);
        before != found
    }

    /// Whether this holds of an opcode that a breakpoint may have slipped to over this one's stretch.
    fn may_follow(&self, at: usize, holds: impl Fn(u32) -> bool) -> bool {
        let own = self.arrived[at].stretch;
        let mut behind = self.arrived[at..]
            .iter()
            .filter(|arrival| arrival.stretch != own);
        let last = behind
            .clone()
            .position(|arrival| self.stretch(arrival) == Stretch::Coded);
        let candidates = behind
            .by_ref()
            .take(last.map_or(usize::MAX, |last| last + 1));
        candidates.into_iter().any(|arrival| holds(arrival.pc))
    }

    fn leave_out_from(&mut self, at: usize) -> bool {
        if self.last_coded >= at {
            return false;
        }
        for arrival in &self.arrived[at..] {
            self.stretches[arrival.stretch as usize] = Stretch::Left;
        }
        true
    }
}

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
    pub fn add_module(&mut self, number: u32, bytes: &[u8], module: &Module) {
        if self.placement == Placement::Asked {
            return;
        }
        let set = self.module(number);
        if !set.arrived.is_empty() {
            return;
        }
        let arrivals = Arrivals::of(bytes, module.functions());
        let known = |certain: &bool| match certain {
            true => Stretch::Coded,
            false => Stretch::Open,
        };
        set.stretches = arrivals.certain.iter().map(known).collect();
        set.arrived = arrivals.opcodes.into();
        let coded = |arrival: &Arrival| set.stretch(arrival) == Stretch::Coded;
        let last_coded = set.arrived.iter().rposition(coded).unwrap_or(0);
        let certain = set.arrived.iter().filter(|arrival| coded(arrival));
        let certain: PcSet = certain.map(|arrival| arrival.pc).collect();
        set.last_coded = last_coded;
        set.certain = Arc::new(certain);
    }

    /// Where a breakpoint is set that is asked for at this PC, as far as is known.
    pub fn place(&self, module: u32, pc: u32) -> u32 {
        match (self.placement, self.modules.get(module as usize)) {
            (Placement::Slipped, Some(set)) => set.place(pc),
            _ => pc,
        }
    }

    /// Whether a breakpoint that is asked for at this PC may be set at another one than
    /// [`BreakpointModel::place`] says.
    pub fn is_open(&self, module: u32, pc: u32) -> bool {
        let set = self.modules.get(module as usize);
        set.is_some_and(|set| set.open(pc).is_some())
    }

    /// What the store's list says of where the breakpoint is that was added to this module, or removed;
    /// whether that is new. `expected` are the PCs that should be listed by what was known.
    pub fn learn(
        &mut self,
        module: u32,
        edit: EngineEdit,
        listed: impl Fn(u32) -> bool,
        expected: impl Fn(u32) -> bool,
    ) -> bool {
        let set = self.modules.get_mut(module as usize);
        set.is_some_and(|set| set.learn(edit, listed, expected))
    }

    /// Takes what another model of the store has learned.
    pub fn adopt(&mut self, other: &BreakpointModel) {
        for (mine, theirs) in self.modules.iter_mut().zip(&other.modules) {
            mine.stretches.clone_from(&theirs.stretches);
            mine.last_coded = theirs.last_coded;
        }
    }

    /// Whether a breakpoint is listed at this PC.
    pub fn lists(&self, module: u32, pc: u32) -> bool {
        let set = self.modules.get(module as usize);
        set.is_some_and(|set| set.listed.contains(pc))
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

    /// The next PC from this one on at which an opcode has code whatever is listed.
    pub fn next_coded(&self, module: u32, pc: u32) -> Option<u32> {
        let set = self.modules.get(module as usize)?;
        let next = set.arrived.partition_point(|arrival| arrival.pc < pc);
        let mut next = set.arrived[next..].iter().map(|arrival| arrival.pc);
        next.find(|&pc| set.certain.contains(pc))
    }

    /// Whether an opcode that control may arrive at is at this PC.
    pub fn is_arrival(&self, module: u32, pc: u32) -> bool {
        let set = self.modules.get(module as usize);
        let found = |set: &ModuleSet| {
            set.arrived
                .binary_search_by_key(&pc, |arrival| arrival.pc)
                .is_ok()
        };
        set.is_some_and(found)
    }

    /// Adds a breakpoint; whether it is new.
    pub fn add(&mut self, module: u32, pc: u32) -> bool {
        self.add_at(module, pc, self.place(module, pc))
    }

    /// Adds a breakpoint that is set at `pc`; whether it is new.
    pub fn add_at(&mut self, module: u32, asked: u32, pc: u32) -> bool {
        let set = self.module(module);
        let arrives = |asked| {
            set.arrived
                .binary_search_by_key(asked, |arrival| arrival.pc)
        };
        if asked != pc && !set.listed.contains(pc) && arrives(&asked).is_ok() {
            set.due.entry(pc).or_default().push(asked);
            set.selected.insert(asked);
        }
        set.selected.insert(pc);
        set.ever.insert(pc);
        set.listed.insert(pc)
    }

    /// Removes a breakpoint; whether it was there.
    pub fn remove(&mut self, module: u32, pc: u32) -> bool {
        self.remove_at(module, self.place(module, pc))
    }

    /// Removes the breakpoint that is set at `pc`; whether it was there.
    pub fn remove_at(&mut self, module: u32, pc: u32) -> bool {
        let set = self.module(module);
        set.selected.remove(pc);
        for asked in set.due.remove(&pc).unwrap_or_default() {
            set.selected.remove(asked);
        }
        set.listed.remove(pc)
    }

    fn module(&mut self, module: u32) -> &mut ModuleSet {
        let index = module as usize;
        if self.modules.len() <= index {
            self.modules.resize_with(index + 1, ModuleSet::default);
        }
        &mut self.modules[index]
    }

    /// Whether a breakpoint of this module is listed.
    pub fn lists_any_of(&self, module: u32) -> bool {
        let set = self.modules.get(module as usize);
        set.is_some_and(|set| !set.listed.is_empty())
    }

    /// What `breakpoints()` must list, in this order or another: module and PC.
    pub fn listed(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let modules = self.modules.iter().zip(0u32..);
        modules.flat_map(|(set, module)| set.listed.iter().map(move |pc| (module, pc)))
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
        self.stepped || set.is_some_and(|set| set.ever.contains(pc))
    }

    /// Whether an event must come when control is at this PC of the instance.
    #[inline]
    pub fn selects(&self, instance: InstanceAddr, pc: u32) -> bool {
        if self.single_step {
            return true;
        }
        let module = self.instances.get(instance.index());
        let set = module.and_then(|&module| self.modules.get(module as usize));
        set.is_some_and(|set| set.selected.contains(pc))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

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
        model.add_module(0, &bytes, &module);
        model.add_instance(0);
        assert_eq!(model.place(0, 0), constant.0);
        assert_eq!(model.place(0, constant.0 + 1), drop.0);
        // Neither the dead opcode nor the `end` that only it reaches has code.
        assert_eq!(model.place(0, dead.0), second.pcs[0].0);
        assert_eq!(model.place(0, end.0), second.pcs[0].0);
        let behind = second.pcs.last().unwrap().0 + 1;
        assert_eq!(model.place(0, behind), behind);

        assert!(model.add(0, constant.0 + 1) && model.lists(0, drop.0));
        assert!(!model.add(0, drop.0), "it is set");
        assert!(model.selects(InstanceAddr(0), drop.0));
        assert!(!model.selects(InstanceAddr(0), constant.0 + 1));
        assert_eq!(model.listed().collect::<Vec<_>>(), [(0, drop.0)]);
        assert!(model.remove(0, constant.0 + 2) && model.is_empty());
    }

    fn add(pc: u32) -> EngineEdit {
        EngineEdit::Add { module: 0, pc }
    }

    /// A model that knows one module and its instance, and the PCs of its first function.
    fn slipping(wat: &str) -> (BreakpointModel, Vec<u32>) {
        let bytes = wat::parse_str(wat).unwrap();
        let module = Module::new(&bytes, lockstep_oracles::WasmFeatures::WASM2).unwrap();
        let mut model = BreakpointModel::new(Placement::Slipped);
        model.add_module(0, &bytes, &module);
        model.add_instance(0);
        let pcs = module.functions()[0].pcs.iter().map(|pc| pc.0).collect();
        (model, pcs)
    }

    /// What is behind the condition may have been left out, and something surely is behind that.
    const CONDITION: &str = "(module (func i32.const 1 if nop nop else nop end) (func))";

    #[test]
    fn a_breakpoint_at_an_opcode_that_was_left_out_is_due_there_and_set_behind_it() {
        let (mut model, pcs) = slipping(CONDITION);
        let [first, second, behind] = [pcs[2], pcs[3], pcs[4]];
        assert!(model.is_open(0, first) && !model.is_open(0, pcs[1]));
        assert_eq!(model.place(0, first), first);
        assert!(model.learn(0, add(first), |pc| pc == behind, |_| true));
        // Both opcodes of the stretch, and the `else` that only it reaches.
        assert_eq!([first, second].map(|pc| model.place(0, pc)), [pcs[5]; 2]);
        assert_eq!(model.place(0, behind), pcs[5]);
        let selected = |model: &BreakpointModel| {
            [first, second, pcs[5]].map(|pc| model.selects(InstanceAddr(0), pc))
        };
        assert!(model.add(0, first));
        assert_eq!(model.listed().collect::<Vec<_>>(), [(0, pcs[5])]);
        assert_eq!(selected(&model), [true, false, true]);
        assert!(model.remove(0, pcs[5]));
        assert_eq!(selected(&model), [false; 3]);
    }

    #[test]
    fn what_the_store_listed_once_it_is_held_to() {
        let (mut model, pcs) = slipping(CONDITION);
        let [first, second] = [pcs[2], pcs[3]];
        assert!(model.learn(0, add(first), |pc| pc == first, |_| true));
        assert!(!model.is_open(0, second), "it is executed with the first");
        assert!(!model.learn(0, add(second), |pc| pc == pcs[5], |_| true));
        assert_eq!(model.place(0, second), second);
        // An opcode before which nothing is constant has code, whatever is listed.
        assert!(!model.learn(0, add(pcs[0]), |pc| pc == pcs[1], |_| true));
        assert_eq!(model.place(0, pcs[0]), pcs[0]);
        let (mut other, _) = slipping(CONDITION);
        other.adopt(&model);
        assert!(!other.is_open(0, second));
    }

    #[test]
    fn a_removal_says_nothing_of_what_else_is_listed() {
        let (mut model, pcs) = slipping(CONDITION);
        let removal = EngineEdit::Remove {
            module: 0,
            pc: pcs[2],
        };
        let behind = pcs[5];
        // Another edit of the session has set it.
        assert!(!model.learn(0, removal, |pc| pc == behind, |_| false));
        assert!(model.is_open(0, pcs[2]));
        // It was there, and is no more.
        assert!(model.learn(0, removal, |_| false, |pc| pc == behind));
        assert_eq!(model.place(0, pcs[2]), behind);
    }

    #[test]
    fn a_breakpoint_that_the_store_does_not_list_at_all_says_nothing_but_that() {
        let (mut model, pcs) = slipping(CONDITION);
        assert!(!model.learn(0, add(pcs[2]), |_| false, |_| false));
        assert!(model.is_open(0, pcs[2]));
    }

    #[test]
    fn behind_what_did_not_slip_there_is_no_code() {
        // Whether the last stretch has code its own opcodes do not tell: breakpoints would stay at them.
        let (mut model, pcs) = slipping("(module (func i32.const 1 if unreachable end))");
        let end = pcs[4];
        assert!(model.learn(0, add(end), |pc| pc == end, |_| true));
        assert!(!model.is_open(0, end) && model.is_open(0, end - 1));
        assert!(model.learn(0, add(pcs[3]), |pc| pc == pcs[3] || pc == end, |_| true));
        assert_eq!(model.place(0, pcs[3]), pcs[3]);
        assert_eq!(model.place(0, end), end);
        assert!(!model.is_open(0, pcs[3]));
    }

    #[test]
    fn a_breakpoint_that_does_not_slip_is_where_it_was_asked_for() {
        let bytes = wat::parse_str("(module (func i32.const 1000 drop))").unwrap();
        let module = Module::new(&bytes, lockstep_oracles::WasmFeatures::WASM2).unwrap();
        let mut model = BreakpointModel::new(Placement::Asked);
        model.add_module(0, &bytes, &module);
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
