//! How Wasmtime 42 spells what every version has.

use super::wasmtime::{DebugEvent, ExnRef, OwnedRooted};

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
