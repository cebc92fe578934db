//! How a debugger walks the frames here: with one cursor.

use lockstep_subject::wasmtime::{DebugFrameCursor, StoreContextMut};
use std::hint::black_box;

/// The frames of a store, innermost first.
pub(crate) type Walk<'a, T> = DebugFrameCursor<'a, T>;

/// A walk that begins at the innermost frame.
#[inline(always)]
pub(crate) fn walk<T>(store: StoreContextMut<'_, T>) -> Walk<'_, T> {
    store.debug_frames().expect("guest_debug is on")
}

/// Reads where a frame is: its instance, module and function; the answer is its PC.
#[inline(always)]
pub(crate) fn place<T>(walk: &mut Walk<'_, T>) -> Option<u32> {
    black_box(walk.instance());
    black_box(walk.module());
    let (_, pc) = black_box(walk.wasm_function_index_and_pc())?;
    Some(pc)
}
