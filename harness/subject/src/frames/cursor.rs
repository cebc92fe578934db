//! The stack through the debug API: here one cursor walks all activations.

use lockstep_core::lockstep::held_frame::HeldFrame;
use wasmtime::{StoreContextMut, Val};

pub(crate) use wasmtime::{DebugFrameCursor, FrameParentResult};

/// A cursor as the engine hands it out. It stays in the `Option` it came in: it is too large to be moved at
/// every event.
pub(crate) type Held<'a, T> = Option<DebugFrameCursor<'a, T>>;

/// A cursor at the innermost frame; none without `guest_debug`.
///
/// A call: what it returns is then written where the caller keeps it. Inlined, it is moved there.
#[inline(never)]
pub(crate) fn cursor<T>(store: StoreContextMut<'_, T>) -> Held<'_, T> {
    store.debug_frames()
}

/// The cursor, which is always there: the driver walks only in the execution that has `guest_debug` on.
#[inline(always)]
pub(crate) fn held<'h, 'a, T>(cursor: &'h mut Held<'a, T>) -> &'h mut DebugFrameCursor<'a, T> {
    let cursor = cursor.as_mut();
    cursor.unwrap_or_else(|| unreachable!("debug_frames() without guest_debug"))
}

/// Whether the cursor has passed the outermost frame.
#[inline(always)]
pub(crate) fn done<T>(cursor: &Held<'_, T>) -> bool {
    cursor.as_ref().is_none_or(DebugFrameCursor::done)
}

/// The PC of the innermost frame, if there is one.
pub(crate) fn innermost_pc<T>(store: StoreContextMut<'_, T>) -> Option<u32> {
    let (_, pc) = cursor(store)?.wasm_function_index_and_pc()?;
    Some(pc)
}

/// The value of a local or operand.
#[inline(always)]
pub(crate) fn shown(answer: &Val) -> &Val {
    answer
}

/// How many frames are shown.
pub(crate) fn count<T>(store: StoreContextMut<'_, T>) -> usize {
    let mut cursor = cursor(store);
    let mut frames = 0;
    while !done(&cursor) {
        held(&mut cursor).move_to_parent();
        frames += 1;
    }
    frames
}

/// A frame's handle that is kept beyond its event: here there is none, as a cursor borrows the store.
pub(crate) enum KeptFrame {}

/// Keeps a handle to the innermost frame.
pub(crate) fn keep<T>(_: StoreContextMut<'_, T>) -> Option<KeptFrame> {
    None
}

impl KeptFrame {
    /// What it says of itself.
    pub(crate) fn look<T>(&self, _: StoreContextMut<'_, T>) -> HeldFrame {
        match *self {}
    }
}
