//! Which events come, by what is set and by what causes keep or lose of it.

use super::*;
use crate::version::Version;
use std::collections::BTreeMap;

const INSTANCE: InstanceAddr = InstanceAddr(0);

/// What is behind the condition may have been left out: 0 i32.const, 1 if, 2 nop, 3 end, 4 end.
const CONDITION: &str = "(module (func i32.const 0 if nop end) (func))";

/// An empty store of this subject that knows one module, and the PCs of its first function.
fn store(subject: Version, wat: &str) -> (Breakpoints, Vec<u32>) {
    let bytes = wat::parse_str(wat).unwrap();
    let module = Module::new(&bytes, lockstep_oracles::WasmFeatures::WASM2).unwrap();
    let mut store = Breakpoints::new(Causes::of(subject), subject.conventions());
    store.add_module(0, &bytes, &module);
    store.add_instance(0);
    let pcs = module.functions()[0].pcs.iter().map(|pc| pc.0).collect();
    (store, pcs)
}

fn add(pc: u32) -> EngineEdit {
    EngineEdit::Add { module: 0, pc }
}

fn remove(pc: u32) -> EngineEdit {
    EngineEdit::Remove { module: 0, pc }
}

/// A session, with the PCs that the store then lists.
fn session(store: &mut Breakpoints, edits: &[EngineEdit], listed: &[u32]) -> Listed {
    store.begin();
    edits.iter().for_each(|&edit| store.edit(edit));
    let listed: Vec<_> = listed.iter().map(|&pc| (0, pc)).collect();
    store.settle(&listed)
}

#[test]
fn what_is_still_counted_is_kept_and_stops_the_subject() {
    let (mut store, pcs) = store(Version::V48, CONDITION);
    let at = pcs[0];
    session(&mut store, &[add(at), add(at)], &[at]);
    let kept = session(&mut store, &[remove(at)], &[at]);
    assert!(matches!(kept, Listed::Kept(known) if known.cause() == Cause::BreakpointCount));
    assert!(store.selects(INSTANCE, at) && store.kept_by(INSTANCE, at).is_some());
    assert_eq!((store.len(), store.listed().count()), (1, 0));
    assert_eq!(session(&mut store, &[remove(at)], &[at]), Listed::Wrong);
    assert!(!store.selects(INSTANCE, at));
}

#[test]
fn what_is_listed_no_more_is_kept_no_more() {
    let (mut store, pcs) = store(Version::V48, CONDITION);
    let at = pcs[0];
    let edits = [add(at), add(at), remove(at)];
    assert_eq!(session(&mut store, &edits, &[]), Listed::Right);
    assert!(!store.selects(INSTANCE, at) && store.is_empty());
    let (mut other, _) = self::store(Version::V42, CONDITION);
    assert_eq!(session(&mut other, &edits, &[at]), Listed::Wrong);
}

#[test]
fn everything_is_undone_as_often_as_it_is_counted() {
    let (mut store, pcs) = store(Version::V48, CONDITION);
    let edits = [add(0), add(pcs[0]), remove(pcs[0]), add(pcs[1])];
    session(&mut store, &edits, &[pcs[0], pcs[1]]);
    let removals = [pcs[0], pcs[1]].map(|pc| Edit::Remove(Site::Pc { module: 0, pc }));
    assert_eq!(store.undone()[1..], removals);
}

#[test]
fn a_place_that_is_open_is_settled_by_the_list() {
    let (mut store, pcs) = store(Version::V48, CONDITION);
    let [condition, nop, end, last] = [pcs[1], pcs[2], pcs[3], pcs[4]];
    // It slips over the whole stretch, or not at all.
    assert_eq!(session(&mut store, &[add(nop)], &[end]), Listed::Wrong);
    let (mut store, _) = self::store(Version::V48, CONDITION);
    assert_eq!(session(&mut store, &[add(nop)], &[last]), Listed::Right);
    assert!(store.selects(INSTANCE, last) && store.selects(INSTANCE, nop));
    // From then on the store is held to it.
    assert_eq!(
        session(&mut store, &[add(end)], &[nop, last]),
        Listed::Wrong
    );
    assert_eq!(
        session(&mut store, &[remove(condition)], &[last]),
        Listed::Right
    );
}

#[test]
fn an_addition_that_slipped_says_nothing_of_a_removal() {
    // 0 i32.const, 1 if, 2 nop, 3 end, 4 i32.const, 5 if, 6 nop, 7 end, 8 end
    let wat = "(module (func i32.const 0 if nop end i32.const 0 if nop end) (func))";
    let (mut store, pcs) = store(Version::V48, wat);
    let [first, second, last] = [pcs[2], pcs[6], pcs[8]];
    let edits = [remove(first), add(second)];
    assert_eq!(session(&mut store, &edits, &[last]), Listed::Right);
    let listed = session(&mut store, &[add(first)], &[first, last]);
    assert_eq!(listed, Listed::Right);
}

#[test]
fn what_slipped_counts_where_it_was_asked_for() {
    let (mut store, pcs) = store(Version::V48, CONDITION);
    let [nop, last] = [pcs[2], pcs[4]];
    // The second removal at the PC asked for finds nothing: one is still counted.
    let edits = [add(nop), add(nop), remove(nop), remove(nop)];
    assert!(matches!(
        session(&mut store, &edits, &[last]),
        Listed::Kept(_)
    ));
    assert!(store.kept_by(INSTANCE, last).is_some());
}

#[test]
fn a_late_module_has_no_events_and_they_are_counted() {
    let (mut store, pcs) = store(Version::V42, CONDITION);
    store.edit(EngineEdit::SingleStep(true));
    assert!(store.is_everywhere());
    store.come(0);
    assert!(!store.is_everywhere() && store.is_single_step());
    assert!(pcs.iter().all(|&pc| !store.passes(INSTANCE, pc)));
    let (count, known) = store.take_silent().next().unwrap();
    assert_eq!((count, known.cause()), (5, Cause::LateModule));
    assert_eq!(store.take_silent().count(), 0);
    store.edit(EngineEdit::SingleStep(true));
    assert!(store.is_everywhere() && store.selects(INSTANCE, pcs[0]));
    let (mut other, _) = self::store(Version::V48, CONDITION);
    other.edit(EngineEdit::SingleStep(true));
    other.come(0);
    assert!(other.is_everywhere());
}

/// A store that knows two modules of one component, each of this text, and the PCs of its first function.
fn component(subject: Version) -> (Breakpoints, Vec<u32>) {
    let (mut store, pcs) = store(subject, CONDITION);
    let bytes = wat::parse_str(CONDITION).unwrap();
    let module = Module::new(&bytes, lockstep_oracles::WasmFeatures::WASM2).unwrap();
    store.add_component(0, vec![20, 90]);
    store.add_module(1, &bytes, &module);
    store.add_instance(1);
    store.come_in_component(0, false);
    store.come_in_component(1, false);
    (store, pcs)
}

#[test]
fn a_module_s_breakpoints_are_lost_where_single_step_ends_for_a_later_one() {
    for version in [Version::V42, Version::V48] {
        let (mut store, pcs) = component(version);
        let at = pcs[0];
        session(&mut store, &[add(at)], &[at]);
        let other = store.selects(InstanceAddr(1), at);
        assert_eq!(other, version == Version::V48, "a PC is of both modules");
        assert_eq!(store.kept_by(InstanceAddr(1), at).is_some(), other);
        for on in [true, false] {
            store.edit(EngineEdit::SingleStep(on));
        }
        assert!(!store.passes(INSTANCE, at) && !store.passes(InstanceAddr(1), at));
        let lost: Vec<_> = store.take_silent().collect();
        let [(1, known)] = lost[..] else {
            panic!("one event is missing: {lost:?}")
        };
        assert_eq!(known.cause(), Cause::ComponentPatches);
        assert_eq!(store.len(), 1, "it is listed");
    }
}

#[test]
fn single_step_that_was_on_before_the_component_came_ends_as_any() {
    let (mut store, pcs) = store(Version::V48, CONDITION);
    store.edit(EngineEdit::SingleStep(true));
    store.add_component(0, vec![20]);
    store.come_in_component(0, true);
    session(
        &mut store,
        &[add(pcs[0]), EngineEdit::SingleStep(false)],
        &[pcs[0]],
    );
    assert!(!store.selects(INSTANCE, pcs[0]), "an adapter comes last");
}

#[test]
fn a_breakpoint_slips_to_what_another_module_of_the_component_has_there() {
    let (mut store, pcs) = component(Version::V48);
    let between = pcs[0] + 1;
    assert!(between < pcs[1]);
    let kept = session(&mut store, &[add(between)], &[between]);
    assert!(matches!(kept, Listed::Kept(known) if known.cause() == Cause::ComponentPatches));
    assert_eq!(session(&mut store, &[remove(between)], &[]), Listed::Right);
}

/// What a store of 48 does with breakpoints of a component's module, by the patches that there are.
struct Shared {
    patches: BTreeSet<u32>,
    counts: BTreeMap<u32, u32>,
    redirects: BTreeMap<u32, u32>,
}

impl Shared {
    fn edit(&mut self, edit: EngineEdit) {
        match edit {
            EngineEdit::Add { pc, .. } => {
                let place = self.patches.range(pc..).next().copied().unwrap_or(pc);
                if place != pc {
                    self.redirects.insert(pc, place);
                }
                *self.counts.entry(place).or_default() += 1;
            }
            EngineEdit::Remove { pc, .. } => {
                let place = self.redirects.remove(&pc).unwrap_or(pc);
                if let Some(count) = self.counts.get_mut(&place) {
                    *count -= 1;
                }
                self.counts.retain(|_, count| *count > 0);
            }
            EngineEdit::SingleStep(_) => {}
        }
    }
}

proptest::proptest! {
    /// Whatever adapters have code for, what the store lists is what is expected of it.
    #[test]
    fn breakpoints_slip_as_the_patches_of_a_component_say(
        foreign in proptest::collection::btree_set(0..60u32, 0..8),
        coded in proptest::prelude::any::<bool>(),
        sessions in proptest::collection::vec(
            proptest::collection::vec((proptest::prelude::any::<bool>(), 0..60u32), 1..8), 1..8),
    ) {
        let wat = "(module (func i32.const 0 if nop nop end nop) (func i32.const 1 if return end nop nop))";
        let (mut store, _) = store(Version::V48, wat);
        let bytes = wat::parse_str(wat).unwrap();
        let module = Module::new(&bytes, lockstep_oracles::WasmFeatures::WASM2).unwrap();
        store.add_component(0, vec![20]);
        store.come_in_component(0, true);
        let pcs = module.functions().iter().flat_map(|function| &function.pcs);
        let own = pcs.map(|pc| pc.0).filter(|&pc| match store.set.asked.next_coded(0, pc) {
            Some(next) if next == pc => true,
            _ => coded && store.set.asked.is_arrival(0, pc),
        });
        let mut engine = Shared {
            patches: own.chain(foreign).collect(),
            counts: BTreeMap::new(),
            redirects: BTreeMap::new(),
        };
        for edits in sessions {
            let edits: Vec<_> = edits.into_iter().map(|(adds, pc)| if adds { add(pc) } else { remove(pc) }).collect();
            // What is removed where it slipped to was there before.
            let before = engine.counts.clone();
            let is_plain = |edit: &EngineEdit| match edit {
                EngineEdit::Remove { pc, .. } => before.contains_key(pc) || !engine.patches.contains(pc),
                _ => true,
            };
            let edits: Vec<_> = edits.into_iter().filter(is_plain).collect();
            edits.iter().for_each(|&edit| engine.edit(edit));
            let listed: Vec<u32> = engine.counts.keys().copied().collect();
            proptest::prop_assert_ne!(session(&mut store, &edits, &listed), Listed::Wrong, "{:?} {:?}", edits, listed);
        }
    }
}
