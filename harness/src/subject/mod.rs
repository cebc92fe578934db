//! The adapters: the only code that names an engine.
//!
//! An adapter turns what its engine does into calls of the
//! [`Driver`](crate::lockstep::driver::Driver) and the engine's state into
//! [`Observation`](crate::observe::Observation)s. It holds no expectation. Its source is written
//! once, in `common/`, and compiled once for each version; beside it stands what differs between the
//! versions' APIs.

pub mod adapter;
pub mod answer;
pub mod code_image;
mod error;
pub mod limits;
mod settings;
pub mod twin;
pub mod wasmtime_42;
#[cfg(feature = "wasmtime-48")]
pub mod wasmtime_48;

pub use error::SubjectError;
pub use settings::Settings;
