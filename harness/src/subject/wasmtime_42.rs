//! The adapter for Wasmtime 42.

#![allow(
    clippy::duplicate_mod,
    reason = "the adapter's source is compiled once for each version"
)]

#[path = "common/accessors.rs"]
mod accessors;
#[path = "common/code.rs"]
mod code;
#[path = "common/config.rs"]
pub mod config;
#[path = "common/debugger.rs"]
mod debugger;
mod dialect;
#[path = "common/engine.rs"]
mod engine;
#[path = "common/execute.rs"]
pub mod execute;
#[path = "common/factory.rs"]
pub mod factory;
mod frames;
#[path = "common/handler.rs"]
mod handler;
#[path = "common/handles.rs"]
mod handles;
#[path = "common/host.rs"]
pub mod host;
#[path = "common/instantiate.rs"]
pub mod instantiate;
#[path = "common/names.rs"]
mod names;
#[path = "common/objects.rs"]
mod objects;
#[path = "common/probe.rs"]
pub mod probe;
#[path = "common/session.rs"]
mod session;
#[path = "common/values.rs"]
mod values;
#[path = "common/view.rs"]
mod view;

use crate::version::Version;
use ::wasmtime;
pub use engine::Engine as Wasmtime42;

/// The version.
const VERSION: Version = Version::Wasmtime42;
