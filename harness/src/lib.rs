//! Lockstep tests that Wasmtime's guest-debug API tells the truth.
//!
//! See `ARCHITECTURE.md` for the map and `CONTRACT.md` for the rules.

pub mod case;
pub mod divergence;
pub mod fault;
pub mod hosting;
pub mod layout;
pub mod ledger;
pub mod listing;
pub mod lockstep;
pub mod observe;
pub mod outcome;
pub mod rules;
pub mod seen;
pub mod snapshot;
pub mod subject;
pub mod trace;
