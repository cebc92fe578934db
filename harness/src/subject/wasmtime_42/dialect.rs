//! How Wasmtime 42 spells what versions spell differently.

use super::config::set_flag;
use super::wasmtime::{
    Collector, Config, DebugEvent, Error, ExnRef, Global, Memory, OwnedRooted, Result,
    StoreContextMut, Table,
};
use crate::lockstep::accessors::Identity;

/// A PC for the engine.
pub(super) fn pc(offset: u32) -> u32 {
    offset
}

/// A PC of the engine's.
pub(super) fn offset(pc: u32) -> u32 {
    pc
}

/// The exception that an event tells of, and whether the activation catches it.
pub(super) fn thrown(event: &DebugEvent<'_>) -> Option<(OwnedRooted<ExnRef>, Option<bool>)> {
    match event {
        DebugEvent::CaughtExceptionThrown(exn) => Some((exn.clone(), Some(true))),
        DebugEvent::UncaughtExceptionThrown(exn) => Some((exn.clone(), Some(false))),
        _ => None,
    }
}
/// The copying collector, which this version does not have.
pub(super) fn copying_collector() -> Result<Collector> {
    Err(Error::msg("this version has no copying collector"))
}

/// Whether calls inside a module are inlined.
pub(super) fn set_inlining(config: &mut Config, on: bool) {
    config.compiler_inlining(on);
    if on {
        // Without it only calls between modules of a component, or to small GC helpers, are inlined.
        set_flag(config, "wasmtime_inlining_intra_module", "yes");
    }
}

/// Errors carry no backtrace.
pub(super) fn take_no_backtrace(config: &mut Config) {
    config.wasm_backtrace(false);
}

/// Which memory a handle denotes: this version's API does not say.
pub(super) fn identity_of_memory(_: &Memory) -> Option<Identity> {
    None
}

/// The same for a global.
pub(super) fn identity_of_global(_: &Global) -> Option<Identity> {
    None
}

/// The same for a table.
pub(super) fn identity_of_table(_: &Table) -> Option<Identity> {
    None
}

/// Collects garbage.
pub(super) async fn collect<T: Send + 'static>(store: &mut StoreContextMut<'_, T>) -> Result<()> {
    store.gc_async(None).await;
    Ok(())
}
