//! What Lockstep knows and does but for the engines: cases, following and checking, causes, generators,
//! campaigns, reports. It names no engine; [`subject::engines`] finds those that a program links.
//!
//! See `ARCHITECTURE.md` for the map and `CONTRACT.md` for the rules.

pub mod api;
pub mod campaign;
pub mod case;
pub mod causes;
pub mod check;
pub mod conclusion;
pub mod configuration;
pub mod conventions;
pub mod corpus;
pub mod divergence;
pub mod fault;
pub mod fuzzing;
pub mod generate;
pub mod hosting;
pub mod listing;
pub mod lockstep;
pub mod machine;
pub mod matrix;
pub mod observe;
pub mod outcome;
pub mod panics;
pub mod phases;
pub mod progress;
pub mod reduce;
pub mod report;
pub mod rules;
pub mod samples;
pub mod schedule;
pub mod seen;
pub mod snapshot;
pub mod subject;
pub mod totals;
pub mod trace;
pub mod version;
pub mod wasi;
pub mod whole_file;
