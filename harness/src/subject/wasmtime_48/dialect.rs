//! How Wasmtime 48 spells what versions spell differently.

use super::wasmtime::{
    Collector, Config, DebugEvent, ExnRef, Inlining, ModulePC, OwnedRooted, Result, StoreContextMut,
};

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

/// Collects garbage.
pub(super) async fn collect<T: Send + 'static>(store: &mut StoreContextMut<'_, T>) -> Result<()> {
    store.gc_async(None).await
}
