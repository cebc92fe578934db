//! The adapter: one version of Wasmtime as a subject of cases.
//!
//! An adapter turns what its engine does into calls of the
//! [`Driver`](lockstep_core::lockstep::driver::Driver) and the engine's state into
//! [`Observation`](lockstep_core::observe::Observation)s. It holds no expectation. This source is
//! written once and compiled by one thin crate a version: its manifest names the `wasmtime` that is
//! meant, by that name, and as features which spelling of its API (`dialect`, `frames`) that has.
//! A crate has the version that it is about.
//!
//! Linking a crate is all that is needed: its engine is then found by its version.

mod accessors;
mod actions;
mod calls;
mod code;
mod collections;
mod component_values;
mod components;
pub mod config;
mod debugger;
mod dialect;
mod engine;
mod entities;
pub mod execute;
pub mod factory;
mod frames;
mod handler;
mod handles;
pub mod host;
mod host_memory;
mod instances;
pub mod instantiate;
mod items;
mod names;
mod objects;
pub mod probe;
mod registers;
mod session;
mod values;
mod view;
mod visits;

pub use engine::Engine;
/// The engine itself.
pub use wasmtime;

use lockstep_core::subject::engines::{ENGINES, EngineOf, Linked};
use lockstep_core::version::Version;

/// The version: the crate's own.
pub const VERSION: Version = Version::of_crate(env!("CARGO_PKG_VERSION"));

#[linkme::distributed_slice(ENGINES)]
static ENGINE: &dyn Linked = &EngineOf::<Engine>::new(VERSION);
