//! `lockstep run`: the main job, which is also what the bare program does.

use super::scripts::{self, Job};
use super::{Format, spec};
use clap::Args;
use lockstep::samples::SAMPLES;

/// The main job: the official suite and the built-in samples
///
/// This is what a bare `lockstep` does. A NAME is a script, a sample or a directory of them.
#[derive(Debug, Default, Args)]
#[command(after_long_help = "\
Examples:
  lockstep run
  lockstep run samples                  the built-in modules alone
  lockstep run --format json | tail -n 1 | jq .divergences")]
pub(super) struct Options {
    /// Scripts, samples or directories to run
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    scripts: scripts::Options,
}

pub(super) fn run(options: &Options, format: Format) -> anyhow::Result<u8> {
    let mut jobs = spec::official();
    jobs.extend(SAMPLES.iter().map(Job::Sample));
    jobs.push(Job::Probe);
    let jobs = scripts::select(jobs, &options.names)?;
    scripts::run(&jobs, &options.scripts, format, "lockstep run")
}
