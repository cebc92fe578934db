//! The stack through the debug API: here one cursor walks all activations.

use super::wasmtime::StoreContextMut;

pub(super) use super::wasmtime::{DebugFrameCursor, FrameParentResult};

/// A cursor at the innermost frame; none without `guest_debug`.
#[inline(always)]
pub(super) fn cursor<T>(store: StoreContextMut<'_, T>) -> Option<DebugFrameCursor<'_, T>> {
    store.debug_frames()
}
