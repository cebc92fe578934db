//! The lockstep driver: the subject leads, the oracle follows, the checkers compare.
//!
//! The driver knows no engine. A subject's adapter tells it what happens — an event, a host call,
//! the end of an invocation — and shows it what it sees; the driver runs the oracle to its next
//! stop and compares. Both executions of a case use it, each with an oracle of its own: the
//! uninstrumented one has no events, only host calls and ends.

pub mod accessors;
pub mod acted;
pub mod activations;
mod adopt;
mod advance;
pub mod breakpoints;
mod budget;
pub mod calls;
pub mod choices;
mod classify;
pub mod code_image;
mod collections;
mod component_calls;
pub mod components;
pub mod daring;
pub mod deadlines;
pub mod driver;
pub mod edits;
mod ends;
pub mod entities;
mod entity_looks;
mod epoch;
pub mod evidence;
mod exceptions;
pub mod exercised;
mod exhaustion;
pub mod explain;
pub mod families;
pub mod findings;
pub mod frames;
mod growth;
pub mod handler;
pub mod handles;
pub mod held_frame;
mod history;
mod horizon;
mod host_calls;
mod host_roots;
pub mod instances;
mod instantiation;
mod interrupted;
pub mod interrupts;
mod invocation;
pub mod items;
pub mod limiter;
pub mod looks;
mod nans;
pub mod policy;
mod precedents;
pub mod probes;
pub mod program;
mod readable;
pub mod recorder;
pub mod references;
mod registers;
mod reports;
mod sampled;
mod sampler;
mod setting;
pub mod sight;
mod skipping;
mod stack_search;
pub mod stops;
mod taint;
pub mod tally;
pub mod throws;
mod trap_frame;
pub mod traps;
mod types;
mod unnamed;
pub mod wasi_calls;
mod writes;
