//! Both sides of a ratio on Wasmtime 42.

#![allow(
    clippy::duplicate_mod,
    reason = "the source is compiled once for each version"
)]

#[path = "bare.rs"]
mod bare;
#[path = "frames_42.rs"]
mod frames;
#[path = "stepped.rs"]
mod stepped;

use crate::reads::Subject;
use adapter::wasmtime;
use lockstep::subject::wasmtime_42 as adapter;
use lockstep::version::Version;

/// The version.
const VERSION: Version = Version::V42;

/// The subject.
pub(crate) const SUBJECT: Subject = Subject {
    name: "42",
    bare: bare::prepare,
    stepped: stepped::prepare,
};
