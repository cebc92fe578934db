//! Tests of the harness with an engine in this process: one program, because every such program links much
//! of an engine anew. Those that look at their own process (its memory, its code, its allocations), and those
//! that a document names, are programs of their own; those that only start the program `lockstep` are in
//! `program/`, which links no engine.

#[path = "../cases/mod.rs"]
mod cases;

mod api;
mod breakpoint_model;
mod case_files;
mod cli;
mod components;
mod conduct;
mod configurations;
mod cuts;
mod full_heap;
mod later_versions;
mod nans;
mod parts;
mod reach;
mod reduction;
mod regressions;
mod schedules;
mod snapshots;
mod twin;
mod wasi;

// Linked in, so that what is said of every subject is held on them, too.
use {subject_48 as _, subject_50 as _};
