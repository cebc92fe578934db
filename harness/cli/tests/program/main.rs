//! Tests of the program `lockstep` as its users have it: it is started, and its output, its files and its exit
//! code are looked at. Nothing here names an engine, and none is linked.

mod builds;
mod campaign;
mod contract;
mod earlier;
mod reduce;
mod runner;
mod scenarios;
mod schema;
mod script_folders;
mod shards;
mod traces;
mod wasi;
mod workers;
