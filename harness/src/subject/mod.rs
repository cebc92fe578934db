//! The adapter for Wasmtime 42: the only code that names the engine.
//!
//! It turns what the engine does into calls of the [`Driver`](crate::lockstep::driver::Driver) and
//! the engine's state into [`Observation`](crate::observe::Observation)s. It holds no expectation.

pub mod code_image;
pub mod config;
mod debugger;
pub mod execute;
pub mod factory;
mod handler;
pub mod host;
pub mod instantiate;
mod names;
pub mod probe;
mod session;
pub mod twin;
mod values;
mod view;

/// The subject's name in reports.
pub const SUBJECT: &str = "wasmtime 42.0.2";
