//! The lockstep driver: the subject leads, the oracle follows, the checkers compare.
//!
//! The driver knows no engine. A subject's adapter tells it what happens — an event, a host call,
//! the end of an invocation — and shows it what it sees; the driver runs the oracle to its next
//! stop and compares. Both executions of a case use it, each with an oracle of its own: the
//! uninstrumented one has no events, only host calls and ends.

pub mod checkers;
pub mod driver;
pub mod following;
pub mod observed;
pub mod policy;
pub mod recording;
pub mod verdict;

pub use checkers::{
    accessors, activations, code_image, daring, edits, entities, evidence, explain, frames,
    handlers, handles, held_frame, items, probes, references, throws,
};
pub use driver::{instances, limiter, traps};
pub use following::{
    breakpoints, calls, choices, components, deadlines, interrupts, program, sight, wasi_calls,
};
pub use recording::{acted, exercised, families, findings, looks, recorder, tally};
