//! Collections that the debugger asks for. Whatever is freed too early shows: what was freed is overwritten before
//! anything is looked at again.

use super::dialect;
use super::handles;
use super::session::State;
use super::view::View;
use lockstep_core::configuration::Collector;
use lockstep_core::divergence::Moment;
use lockstep_core::fault::{Layer, Tamper as _};
use lockstep_core::lockstep::driver::Flow;
use lockstep_core::phases::{self, Phase};
use wasmtime::{
    ArrayRef, ArrayRefPre, ArrayType, AsContextMut, FieldType, Mutability, Result, RootScope,
    StorageType, StoreContextMut, Val,
};

/// Lengths of the arrays that overwrite what was freed, in bytes, and how many there are of each: small ones first,
/// so that they fill what a small object has left.
const LENGTHS: [u32; 6] = [0, 8, 16, 24, 40, 72];
const OF_EACH_LENGTH: usize = 6;

/// What they are filled with: no reference, and no number that a program would have.
const FILLING: i32 = 0xa5;

/// Collects garbage, and looks again.
pub(super) async fn collect<T: Layer>(store: &mut StoreContextMut<'_, State<T>>) -> Flow {
    if !goes_well(store) {
        let collected = dialect::collect(store).await;
        return after_collection(store, collected);
    }
    let mut scope = RootScope::new(&mut *store);
    let store = &mut scope.as_context_mut();
    let overwrites = prepare(store);
    let mut collected = dialect::collect(store).await;
    if collected.is_ok() && overwrites {
        overwrite(store);
        // What a collector that moves has left behind is overwritten when objects come there again.
        collected = dialect::collect(store).await;
    }
    after_collection(store, collected)
}

/// Whether nothing is known by which the engine panics in a collection: a scope that is then dropped would end the
/// process.
fn goes_well<T: Layer>(store: &mut StoreContextMut<'_, State<T>>) -> bool {
    let session = store.data_mut().session();
    session.is_some_and(|session| session.driver.collects_soundly())
}

/// Roots what handles hold; whether what is freed is to be overwritten: there are objects, and a collector.
fn prepare<T: Layer>(store: &mut StoreContextMut<'_, State<T>>) -> bool {
    let mut lent = store.data_mut().lend();
    let overwrites = lent.get().is_some_and(|session| {
        let objects = &mut session.names.objects;
        objects.root_handles(&mut *store);
        objects.are_seen() && session.configuration.collector != Collector::Null
    });
    store.data_mut().give_back(lent);
    overwrites
}

/// Makes arrays that nothing refers to where objects were freed. A heap that is full is left as it is.
fn overwrite<T: Layer>(store: &mut StoreContextMut<'_, State<T>>) {
    store.data_mut().limiter().closed = true;
    // An error says that there is no room.
    let _ = fill(&mut RootScope::new(&mut *store));
    store.data_mut().limiter().closed = false;
}

fn fill(mut store: impl AsContextMut) -> Result<()> {
    let bytes = FieldType::new(Mutability::Var, StorageType::I8);
    let ty = ArrayType::new(store.as_context().engine(), bytes);
    let allocator = ArrayRefPre::new(&mut store, ty);
    for length in LENGTHS {
        for _ in 0..OF_EACH_LENGTH {
            ArrayRef::new(&mut store, &allocator, &Val::I32(FILLING), length)?;
        }
    }
    Ok(())
}

/// Every frame is compared again after a collection: the program has done nothing in between.
fn after_collection<T: Layer>(
    store: &mut StoreContextMut<'_, State<T>>,
    collected: wasmtime::Result<()>,
) -> Flow {
    let _phase = phases::enter(Phase::Comparison);
    let mut lent = store.data_mut().lend();
    let Some(session) = lent.get() else {
        return Flow::Continue;
    };
    let mut scope = RootScope::new(&mut *store);
    session.names.look(&scope, &mut session.driver);
    let mut view = View {
        store: scope.as_context_mut(),
        names: &mut session.names,
    };
    let mut refused = collected.err().map(|error| format!("{error:#}"));
    session.tamper.collection(&mut refused);
    let flow = if T::ACTIVE {
        let mut copy = session.driver.snapshot(&mut view, usize::MAX);
        session.tamper.event(Moment::Collection, &mut copy);
        session.driver.collected(&mut copy, refused)
    } else {
        session.driver.collected(&mut view, refused)
    };
    if flow == Flow::Continue {
        let moment = Moment::Collection;
        handles::check(&mut session.driver, &mut session.tamper, &mut view, moment);
        handles::check_roots(&mut session.driver, &mut session.tamper, &mut view, moment);
    }
    session.names.keep_handles(&mut scope, &mut session.driver);
    drop(scope);
    if flow == Flow::Stop {
        lent.request_stop();
    } else {
        session.check_held(store, Moment::Collection);
    }
    store.data_mut().give_back(lent);
    flow
}
