//! `lockstep spec`: the official suite, or a directory of scripts, under lockstep.

use super::scripts::{self, Job};
use super::{Format, quoted};
use clap::Args;
use lockstep::check::FEATURES;
use lockstep::version::Version;
use lockstep_spec_tests::{Selection, parse_dir};
use std::path::PathBuf;

/// Runs test scripts: the official Wasm 2.0 suite, or a directory
///
/// Every module, action and assertion of a script runs uninstrumented and single-stepped, beside
/// the reference interpreter. A NAME is a file (`br_table`, `wasm-v2/br_table.wast`) or a directory
/// (`simd`); without one, everything runs.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  lockstep spec                         the whole Wasm 2.0 suite
  lockstep spec br_table simd           one script and one directory
  lockstep spec --opcodes               and which opcodes were compared
  lockstep spec --dir my/tests          every .wast file below a directory")]
pub(super) struct Options {
    /// Scripts or directories to run
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Run the .wast files of this directory and those below it, not the official suite
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(flatten)]
    scripts: scripts::Options,
}

pub(super) fn run(options: &Options, subject: Version, format: Format) -> anyhow::Result<u8> {
    let (jobs, command) = match &options.dir {
        Some(dir) => {
            let scripts = parse_dir(dir, FEATURES)?;
            let command = format!("lockstep spec --dir {}", quoted(&dir.display().to_string()));
            (scripts.into_iter().map(Job::Parsed).collect(), command)
        }
        None => (official(), "lockstep spec".to_owned()),
    };
    let jobs = scripts::select(jobs, &options.names)?;
    scripts::run(&jobs, &options.scripts, subject, format, &command)
}

/// The official suite.
pub(super) fn official() -> Vec<Job> {
    Selection::All.scripts().map(Job::Official).collect()
}
