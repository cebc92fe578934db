//! Checkers, one file a kind of state: each takes what must be and what was observed, and answers with what
//! differs. What they compared they count in the tally that they are given; that a difference is reported is
//! not for them.

pub mod accessors;
pub mod activations;
pub(crate) mod adopt;
pub(crate) mod budget;
pub(crate) mod classify;
pub mod code_image;
pub(crate) mod collections;
pub(crate) mod comparison;
pub mod daring;
pub(crate) mod difference;
pub mod edits;
pub(crate) mod ends;
pub mod entities;
pub(crate) mod entity_looks;
pub mod evidence;
pub mod explain;
pub mod fault;
pub mod frames;
pub mod handlers;
pub mod handles;
pub mod held_frame;
pub(crate) mod host_calls;
pub(crate) mod interrupted;
pub mod items;
pub(crate) mod nans;
pub(crate) mod precedents;
pub mod probes;
pub(crate) mod readable;
pub mod references;
pub(crate) mod registers;
pub(crate) mod sampler;
pub(crate) mod skipping;
pub mod stack;
pub(crate) mod taint;
pub mod throws;
pub(crate) mod trap_frame;
pub(crate) mod types;
pub(crate) mod unnamed;
pub(crate) mod writes;
