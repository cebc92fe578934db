//! What versions spell differently, in one spelling. A crate's manifest says which spelling its version
//! has: the feature `since-46` is that of 46 and later, and stands on those before it.

use lockstep_core::lockstep::accessors::Identity;
use wasmtime::{
    Collector, Config, DebugEvent, ExnRef, Global, Instance, Memory, Module, OwnedRooted, Result,
    SharedMemory, Store, StoreContextMut, Table, Tag,
};

/// The index in its store of what a handle denotes, from a version on.
macro_rules! index_in_store {
    ($since:literal, $handle:expr) => {{
        #[cfg(feature = $since)]
        let index = Some(Identity($handle.debug_index_in_store()));
        #[cfg(not(feature = $since))]
        let index = {
            let _ = $handle;
            None
        };
        index
    }};
}

/// A PC for the engine.
#[cfg(feature = "since-44")]
pub(crate) fn pc(offset: u32) -> wasmtime::ModulePC {
    wasmtime::ModulePC::new(offset)
}

/// A PC for the engine.
#[cfg(not(feature = "since-44"))]
pub(crate) fn pc(offset: u32) -> u32 {
    offset
}

/// A PC of the engine's.
#[cfg(feature = "since-44")]
pub(crate) fn offset(pc: wasmtime::ModulePC) -> u32 {
    pc.raw()
}

/// A PC of the engine's.
#[cfg(not(feature = "since-44"))]
pub(crate) fn offset(pc: u32) -> u32 {
    pc
}

/// The exception that an event tells of. The stack was not searched for a handler yet.
#[cfg(feature = "since-46")]
pub(crate) fn thrown(event: &DebugEvent<'_>) -> Option<(OwnedRooted<ExnRef>, Option<bool>)> {
    match event {
        DebugEvent::Exception(exn) => Some((exn.clone(), None)),
        _ => None,
    }
}

/// The exception that an event tells of, and whether the activation catches it.
#[cfg(not(feature = "since-46"))]
pub(crate) fn thrown(event: &DebugEvent<'_>) -> Option<(OwnedRooted<ExnRef>, Option<bool>)> {
    match event {
        DebugEvent::CaughtExceptionThrown(exn) => Some((exn.clone(), Some(true))),
        DebugEvent::UncaughtExceptionThrown(exn) => Some((exn.clone(), Some(false))),
        _ => None,
    }
}

/// The copying collector.
#[cfg(feature = "since-45")]
pub(crate) fn copying_collector() -> Result<Collector> {
    Ok(Collector::Copying)
}

/// The copying collector, which this version does not have.
#[cfg(not(feature = "since-45"))]
pub(crate) fn copying_collector() -> Result<Collector> {
    Err(wasmtime::Error::msg(
        "this version has no copying collector",
    ))
}

/// Whether calls inside a module are inlined.
#[cfg(feature = "since-45")]
pub(crate) fn set_inlining(config: &mut Config, on: bool) {
    use wasmtime::Inlining;
    config.compiler_inlining(if on { Inlining::Yes } else { Inlining::No });
}

/// Whether calls inside a module are inlined.
#[cfg(not(feature = "since-45"))]
pub(crate) fn set_inlining(config: &mut Config, on: bool) {
    config.compiler_inlining(on);
    if on {
        // Without it only calls between modules of a component, or to small GC helpers, are inlined.
        crate::config::set_flag(config, "wasmtime_inlining_intra_module", "yes");
    }
}

/// Errors carry no backtrace.
#[cfg(feature = "since-43")]
pub(crate) fn take_no_backtrace(config: &mut Config) {
    config.wasm_backtrace_max_frames(None);
}

/// Errors carry no backtrace.
#[cfg(not(feature = "since-43"))]
pub(crate) fn take_no_backtrace(config: &mut Config) {
    config.wasm_backtrace(false);
}

/// A memory's index in its store, where the API has one.
pub(crate) fn index_of_memory(memory: &Memory) -> Option<Identity> {
    index_in_store!("since-43", memory)
}

/// A shared memory's index, where the API has one.
pub(crate) fn index_of_shared(memory: &SharedMemory) -> Option<Identity> {
    index_in_store!("since-50", memory)
}

/// A global's index in its store, where the API has one.
pub(crate) fn index_of_global(global: &Global) -> Option<Identity> {
    index_in_store!("since-43", global)
}

/// A table's index in its store, where the API has one.
pub(crate) fn index_of_table(table: &Table) -> Option<Identity> {
    index_in_store!("since-43", table)
}

/// A tag's index in its store, where the API has one.
pub(crate) fn index_of_tag(tag: &Tag) -> Option<Identity> {
    index_in_store!("since-43", tag)
}

/// Registers a module with a store, where the API has a call for it.
#[cfg(feature = "since-45")]
pub(crate) fn register_module<T>(store: &mut Store<T>, module: &Module) -> Option<Result<()>> {
    Some(store.debug_register_module(module))
}

/// Registers a module with a store: this version's API has no call for it.
#[cfg(not(feature = "since-45"))]
pub(crate) fn register_module<T>(_: &mut Store<T>, _: &Module) -> Option<Result<()>> {
    None
}

/// Collects garbage.
#[cfg(feature = "since-46")]
pub(crate) async fn collect<T: Send + 'static>(store: &mut StoreContextMut<'_, T>) -> Result<()> {
    store.gc_async(None).await
}

/// Collects garbage.
#[cfg(not(feature = "since-46"))]
pub(crate) async fn collect<T: Send + 'static>(store: &mut StoreContextMut<'_, T>) -> Result<()> {
    store.gc_async(None).await;
    Ok(())
}

/// Every instance that the store lists, and its index, where the API has such a list.
#[cfg(feature = "since-43")]
pub(crate) fn all_instances<T>(store: StoreContextMut<'_, T>) -> Option<Vec<(Instance, u32)>> {
    let listed = store.debug_all_instances().into_iter();
    let indexed = listed.map(|instance| (instance, instance.debug_index_in_store()));
    Some(indexed.collect())
}

/// Every instance that the store lists: this version's API has no such list.
#[cfg(not(feature = "since-43"))]
pub(crate) fn all_instances<T>(_: StoreContextMut<'_, T>) -> Option<Vec<(Instance, u32)>> {
    None
}

/// Every module that the store lists, and its index, where the API has such a list.
#[cfg(feature = "since-43")]
pub(crate) fn all_modules<T>(store: StoreContextMut<'_, T>) -> Option<Vec<(Module, u64)>> {
    let listed = store.debug_all_modules().into_iter();
    let indexed = listed.map(|module| {
        let index = module.debug_index_in_engine();
        (module, index)
    });
    Some(indexed.collect())
}

/// Every module that the store lists: this version's API has no such list.
#[cfg(not(feature = "since-43"))]
pub(crate) fn all_modules<T>(_: StoreContextMut<'_, T>) -> Option<Vec<(Module, u64)>> {
    None
}

/// A module's index and its bytecode, where the API has them.
#[cfg(feature = "since-43")]
pub(crate) fn of_module(module: &Module) -> Option<(u64, Option<&[u8]>)> {
    Some((module.debug_index_in_engine(), module.debug_bytecode()))
}

/// A module's index and its bytecode: this version's API has neither.
#[cfg(not(feature = "since-43"))]
pub(crate) fn of_module(_: &Module) -> Option<(u64, Option<&[u8]>)> {
    None
}
