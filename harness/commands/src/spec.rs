//! `lockstep spec`: the official suite, or a directory of scripts, under lockstep.

use super::campaign::{self, Campaign};
use super::output::About;
use super::scripts::{self, Job};
use super::several::{self, Turn};
use super::subjects::{Subject, Subjects};
use super::{Format, quoted, quoted_path};
use clap::Args;
use lockstep_core::campaign::protocol::What;
use lockstep_spec_tests::{FeatureSet, Selection, find_scripts};
use std::path::{Path, PathBuf};

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
  lockstep spec wasm-3.0 --name gc --list  what of it would run
  lockstep spec --dir my/tests          every .wast file below a directory
  lockstep spec --dir memory64/test/core --features wasm-2.0,memory64
                                        a proposal's own tests, with its features alone")]
pub(super) struct Options {
    /// Scripts or directories to run
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Run the .wast files of this directory and those below it, not the official suite
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The features with which the scripts of --dir are validated and run, by the names of versions and
    /// proposals, with commas: wasm-2.0,memory64. Without it all that the reference interpreter has
    #[arg(long, value_name = "NAME,…", requires = "dir")]
    features: Option<FeatureSet>,
    /// Seed of the host functions' results, decimal or after 0x
    #[arg(long, value_name = "N", value_parser = super::number, default_value = "0")]
    seed: u64,
    #[command(flatten)]
    choice: campaign::Choice,
    #[command(flatten)]
    campaign: campaign::Options,
}

pub(super) fn run(options: &Options, subjects: &Subjects, format: Format) -> anyhow::Result<u8> {
    several::on_each(subjects, format, &options.campaign.report, |turn| {
        run_on(options, format, turn)
    })
}

fn run_on(options: &Options, format: Format, turn: Turn<'_>) -> anyhow::Result<u8> {
    let subject = turn.subject;
    let jobs = match &options.dir {
        Some(dir) => of_directory(dir)?,
        None => official(&options.names),
    };
    let jobs = scripts::select(jobs, &options.names)?;
    let replay = |what: &What| options.replay(what, subject);
    let mut wishes = options.campaign.wishes(subject.version, options.seed);
    wishes.features = options.features.as_ref().map(FeatureSet::to_string);
    let named = jobs.into_iter().map(Job::into_case).collect();
    let campaign = Campaign {
        plan: options.choice.plan(named, wishes)?,
        subject,
        several: turn.several,
        options: &options.campaign,
        format,
        about: About::Scripts,
        choice: Some(&options.choice),
        save: None,
        replay: &replay,
    };
    campaign.run(turn.interrupt)
}

impl Options {
    /// The command that runs a script again.
    fn replay(&self, what: &What, subject: &Subject) -> String {
        let name = match what {
            What::Official(name) | What::Script { name, .. } => name,
            _ => return String::new(),
        };
        let directory = match &self.dir {
            Some(directory) => format!(" --dir {}", quoted_path(directory)),
            None => String::new(),
        };
        let features = match &self.features {
            Some(features) => format!(" --features {features}"),
            None => String::new(),
        };
        let seeded = match self.seed {
            0 => String::new(),
            seed => format!(" --seed {seed}"),
        };
        let rest = self.campaign.replay(subject);
        format!(
            "lockstep spec{directory} {}{features}{seeded}{rest}",
            quoted(name)
        )
    }
}

/// The scripts of a directory, by their paths from there, and directories below that cannot be read. A worker
/// reads each: one that is no script costs that one.
fn of_directory(directory: &Path) -> anyhow::Result<Vec<Job>> {
    let paths = find_scripts(directory)?.into_iter();
    let job = |path: PathBuf| Job::File {
        name: path.display().to_string(),
        path,
    };
    Ok(paths.map(job).collect())
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
