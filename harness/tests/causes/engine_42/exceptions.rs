//! What Wasmtime 42 does with exceptions that the debugger takes, and with those that the host throws.

use super::engine;
use lockstep::configuration::Configuration;
use lockstep_subject::wasmtime::{
    AsContextMut, DebugEvent, DebugHandler, ExnRef, ExnRefPre, ExnType, FuncType, Instance, Module,
    RootScope, Store, StoreContextMut, Tag, TagType, Val, ValType,
};
use lockstep_tests::block_on;

#[derive(Clone)]
struct Taker;

impl DebugHandler for Taker {
    type Data = ();

    async fn handle(&self, mut store: StoreContextMut<'_, ()>, event: DebugEvent<'_>) {
        if let DebugEvent::CaughtExceptionThrown(_) | DebugEvent::UncaughtExceptionThrown(_) = event
        {
            assert!(store.take_pending_exception().is_some());
        }
    }
}

/// Calls `go` with a debugger that takes each exception; the call must then fail.
pub(crate) fn take_exceptions(wat: &str) {
    let engine = engine(&Configuration::default());
    let module = Module::new(&engine, wat::parse_str(wat).unwrap()).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_debug_handler(Taker);
    let instance = block_on(Instance::new_async(&mut store, &module, &[])).unwrap();
    let go = instance.get_func(&mut store, "go").unwrap();
    assert!(block_on(go.call_async(&mut store, &[], &mut [])).is_err());
    assert!(!store.has_pending_exception());
}

/// Throws an exception as the host does, collects garbage or not, makes others, and takes the pending one: it
/// must be the first.
pub(crate) fn keep_thrown(collects: bool) {
    let engine = engine(&Configuration::default());
    let mut store = Store::new(&engine, ());
    let tag = |store: &mut Store<()>, ty| {
        let ty = TagType::new(FuncType::new(&engine, [ty], []));
        Tag::new(store, &ty).unwrap()
    };
    let thrown = tag(&mut store, ValType::I32);
    let other = tag(&mut store, ValType::F32);
    let make = |mut store: StoreContextMut<'_, ()>, tag: &Tag, value: Val| {
        let ty = ExnType::from_tag_type(&tag.ty(&store)).unwrap();
        let pre = ExnRefPre::new(&mut store, ty);
        ExnRef::new(&mut store, &pre, tag, &[value]).unwrap()
    };
    {
        let mut scope = RootScope::new(&mut store);
        let exn = make(scope.as_context_mut(), &thrown, Val::I32(7));
        assert!(scope.as_context_mut().throw::<()>(exn).is_err());
    }
    if collects {
        block_on(store.gc_async(None));
    }
    for _ in 0..4 {
        make(store.as_context_mut(), &other, Val::F32(0));
    }
    let pending = store.take_pending_exception().unwrap();
    let of = pending.tag(&mut store).unwrap();
    assert!(Tag::eq(&of, &thrown, &store));
}
