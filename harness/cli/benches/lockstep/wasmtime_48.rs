//! Both sides of a ratio on Wasmtime 48.

#![allow(
    clippy::duplicate_mod,
    reason = "the source is compiled once for each version"
)]

#[path = "bare.rs"]
mod bare;
#[path = "frames_48.rs"]
mod frames;
#[path = "stepped.rs"]
mod stepped;

use crate::reads::Subject;
use adapter::wasmtime;
use lockstep::subject::wasmtime_48 as adapter;
use lockstep::version::Version;

/// The version.
const VERSION: Version = Version::V48;

/// The subject.
pub(crate) const SUBJECT: Subject = Subject {
    name: "48",
    bare: bare::prepare,
    stepped: stepped::prepare,
};
