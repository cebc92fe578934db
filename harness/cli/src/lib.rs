//! Lockstep tests that Wasmtime's guest-debug API tells the truth.
//!
//! This crate is [`lockstep_core`], linked with the engine of Wasmtime 42.0.2. See `ARCHITECTURE.md` for
//! the map and `CONTRACT.md` for the rules.

pub use lockstep_core::*;

/// Subjects: their port, and the adapters that are linked in.
pub mod subject {
    pub use lockstep_core::subject::*;
    pub use subject_42 as wasmtime_42;
}
