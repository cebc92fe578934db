//! How Wasmtime 42 spells what every version has.

/// A PC for the engine.
pub(super) fn pc(offset: u32) -> u32 {
    offset
}

/// A PC of the engine's.
pub(super) fn offset(pc: u32) -> u32 {
    pc
}
