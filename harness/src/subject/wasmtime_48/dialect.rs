//! How Wasmtime 48 spells what versions spell differently.

use super::wasmtime::{
    Collector, Config, DebugEvent, ExnRef, Global, Inlining, Memory, ModulePC, OwnedRooted, Result,
    StoreContextMut, Table,
};
use crate::lockstep::accessors::Identity;

/// A PC for the engine.
pub(super) fn pc(offset: u32) -> ModulePC {
    ModulePC::new(offset)
}

/// A PC of the engine's.
pub(super) fn offset(pc: ModulePC) -> u32 {
    pc.raw()
}

/// The copying collector.
pub(super) fn copying_collector() -> Result<Collector> {
    Ok(Collector::Copying)
}

/// Whether calls inside a module are inlined.
pub(super) fn set_inlining(config: &mut Config, on: bool) {
    config.compiler_inlining(if on { Inlining::Yes } else { Inlining::No });
}

/// Errors carry no backtrace.
pub(super) fn take_no_backtrace(config: &mut Config) {
    config.wasm_backtrace_max_frames(None);
}

/// The exception that an event tells of; the stack was not searched for a handler yet.
pub(super) fn thrown(event: &DebugEvent<'_>) -> Option<(OwnedRooted<ExnRef>, Option<bool>)> {
    match event {
        DebugEvent::Exception(exn) => Some((exn.clone(), None)),
        _ => None,
    }
}

/// Which memory a handle denotes.
pub(super) fn identity_of_memory(memory: &Memory) -> Option<Identity> {
    Some(Identity(memory.debug_index_in_store()))
}

/// Which global a handle denotes.
pub(super) fn identity_of_global(global: &Global) -> Option<Identity> {
    Some(Identity(global.debug_index_in_store()))
}

/// Which table a handle denotes.
pub(super) fn identity_of_table(table: &Table) -> Option<Identity> {
    Some(Identity(table.debug_index_in_store()))
}

/// Collects garbage.
pub(super) async fn collect<T: Send + 'static>(store: &mut StoreContextMut<'_, T>) -> Result<()> {
    store.gc_async(None).await
}
