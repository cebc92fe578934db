//! `lockstep spec`: the official suite, or a directory of scripts, under lockstep.

use super::scripts::{self, Job};
use super::subjects::Subject;
use super::{Format, quoted};
use clap::Args;
use lockstep_core::check::FEATURES;
use lockstep_spec_tests::{Selection, parse_dir};
use std::path::PathBuf;

/// Runs test scripts: the official suites, or a directory
///
/// Every module, action and assertion of a script runs uninstrumented and single-stepped, beside
/// the reference interpreter. A NAME is a file (`br_table`, `wasm-v2/br_table.wast`), a directory
/// (`simd`, `gc`), or `wasm-2.0` or `wasm-3.0`, the latter with the proposals beyond it; without one,
/// Wasm 2.0 runs.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  lockstep spec                         the whole Wasm 2.0 suite
  lockstep spec br_table simd           one script and one directory
  lockstep spec wasm-3.0 --subject all  Wasm 3.0 and the proposals, on every version of the table
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

pub(super) fn run(options: &Options, subject: &Subject, format: Format) -> anyhow::Result<u8> {
    let (jobs, command) = match &options.dir {
        Some(dir) => {
            let scripts = parse_dir(dir, FEATURES)?;
            let command = format!("lockstep spec --dir {}", quoted(&dir.display().to_string()));
            (scripts.into_iter().map(Job::Parsed).collect(), command)
        }
        None => (official(&options.names), "lockstep spec".to_owned()),
    };
    let jobs = scripts::select(jobs, &options.names)?;
    scripts::run(&jobs, &options.scripts, subject, format, &command)
}

/// The official suites that the names mean: Wasm 2.0 without a name, and what it does not have of the
/// others.
pub(super) fn official(names: &[String]) -> Vec<Job> {
    let mut jobs: Vec<Job> = Selection::Wasm2.scripts().map(Job::Official).collect();
    let unknown = |name: &&String| !jobs.iter().any(|job| job.is_named(name));
    let others: Vec<String> = names.iter().filter(unknown).cloned().collect();
    let is_wanted = |job: &Job| others.iter().any(|name| job.is_named(name));
    let all = Selection::All.scripts().map(Job::Official);
    jobs.extend(all.filter(is_wanted));
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_of_wasm_is_its_suites() {
        for (name, selection) in [
            ("wasm-2.0", Selection::Wasm2),
            ("wasm-3.0", Selection::Wasm3),
        ] {
            let names = [name.to_owned()];
            let jobs = scripts::select(official(&names), &names).unwrap();
            let meant: Vec<&str> = jobs.iter().map(Job::name).collect();
            let scripts: Vec<String> = selection.scripts().map(|script| script.name).collect();
            assert_eq!(meant, scripts);
        }
    }
}
