//! Tests of the whole harness that can share a process: one program, because every test program
//! builds and links much of an engine anew. Those that look at their own process (its memory, its
//! code, its allocations), and those that a document names, are programs of their own.

#[path = "../cases/mod.rs"]
mod cases;

mod api;
mod breakpoint_model;
mod builds;
mod campaign;
mod case_files;
mod cli;
mod components;
mod conduct;
mod configurations;
mod contract;
mod earlier;
mod full_heap;
mod nans;
mod parts;
mod reach;
mod reduce;
mod reduction;
mod regressions;
mod runner;
mod schedules;
mod schema;
mod script_folders;
mod shards;
mod snapshots;
mod subject_48;
mod traces;
mod twin;
mod wasi;
mod wasi_cli;
mod workers;
