//! Which events come, by what is set and by what causes keep or lose of it.

use super::*;
use crate::version::Version;

const INSTANCE: InstanceAddr = InstanceAddr(0);

/// What is behind the condition may have been left out: 0 i32.const, 1 if, 2 nop, 3 end, 4 end.
const CONDITION: &str = "(module (func i32.const 0 if nop end) (func))";

/// An empty store of this subject that knows one module, and the PCs of its first function.
fn store(subject: Version, wat: &str) -> (Breakpoints, Vec<u32>) {
    let bytes = wat::parse_str(wat).unwrap();
    let module = Module::new(&bytes, lockstep_oracles::WasmFeatures::WASM2).unwrap();
    let placement = subject.conventions().placement;
    let mut store = Breakpoints::new(Causes::of(subject), placement);
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
    let (count, known) = store.take_silent().unwrap();
    assert_eq!((count, known.cause()), (5, Cause::LateModule));
    assert_eq!(store.take_silent(), None);
    store.edit(EngineEdit::SingleStep(true));
    assert!(store.is_everywhere() && store.selects(INSTANCE, pcs[0]));
    let (mut other, _) = self::store(Version::V48, CONDITION);
    other.edit(EngineEdit::SingleStep(true));
    other.come(0);
    assert!(other.is_everywhere());
}
