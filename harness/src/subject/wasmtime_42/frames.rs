//! The stack through the debug API: here one cursor walks all activations.

use super::wasmtime::StoreContextMut;

pub(super) use super::wasmtime::{DebugFrameCursor, FrameParentResult};

/// A cursor at the innermost frame; none without `guest_debug`.
#[inline(always)]
pub(super) fn cursor<T>(store: StoreContextMut<'_, T>) -> Option<DebugFrameCursor<'_, T>> {
    store.debug_frames()
}

/// The PC of the innermost frame, if there is one.
pub(super) fn innermost_pc<T>(store: StoreContextMut<'_, T>) -> Option<u32> {
    let (_, pc) = cursor(store)?.wasm_function_index_and_pc()?;
    Some(pc)
}
