//! Scripts and samples by the names that users give them.

use anyhow::bail;
use lockstep_core::campaign::protocol::What;
use lockstep_core::case;
use lockstep_core::samples::Sample;
use lockstep_spec_tests::{ScriptFile, Selection};
use std::path::PathBuf;

/// Something that can be run by its name.
pub(super) enum Job {
    /// A script of the official suite.
    Official(ScriptFile),
    /// A user's script.
    File {
        /// Where it is.
        path: PathBuf,
        /// Its path from the directory that the user named.
        name: String,
    },
    /// A built-in module.
    Sample(&'static Sample),
    /// The probe of a promise that every case works around.
    Probe,
}

impl Job {
    /// The name in reports.
    pub(super) fn name(&self) -> &str {
        match self {
            Job::Official(file) => &file.name,
            Job::File { name, .. } => name,
            Job::Sample(sample) => sample.name,
            Job::Probe => case::probe::LATE_MODULE,
        }
    }

    /// Whether a name given by the user means this job: its whole name, its file with or without
    /// the extension, a directory it is in, or the version of Wasm that its suite belongs to.
    pub(super) fn is_named(&self, wanted: &str) -> bool {
        let name = self.name();
        let wanted = wanted.strip_suffix('/').unwrap_or(wanted);
        let file = name.rsplit('/').next().unwrap_or(name);
        name == wanted
            || file == wanted
            || file.strip_suffix(".wast") == Some(wanted)
            || name.strip_suffix(".wast") == Some(wanted)
            || name
                .strip_prefix(wanted)
                .is_some_and(|rest| rest.starts_with('/'))
            || name
                .rsplit('/')
                .skip(1)
                .any(|directory| directory == wanted)
            || matches!(self, Job::Official(_)) && is_of_version(name, wanted)
    }

    /// The case that a worker is asked for.
    pub(super) fn into_case(self) -> What {
        match self {
            Job::Official(file) => What::Official(file.name),
            Job::File { path, name } => What::Script { path, name },
            Job::Sample(sample) => What::Sample(sample.name.to_owned()),
            Job::Probe => What::Probe,
        }
    }
}

/// Whether an official script's suite is one of those of `wasm-2.0` or `wasm-3.0`.
fn is_of_version(script: &str, version: &str) -> bool {
    let suites = match version {
        "wasm-2.0" => Selection::Wasm2.suites(),
        "wasm-3.0" => Selection::Wasm3.suites(),
        _ => return false,
    };
    let suite = script.split_once('/').map(|(suite, _)| suite);
    suites
        .iter()
        .any(|of_version| suite == Some(of_version.name))
}

/// The jobs that the names mean, in their own order; all of them without a name.
pub(super) fn select(jobs: Vec<Job>, names: &[String]) -> anyhow::Result<Vec<Job>> {
    for name in names {
        if !jobs.iter().any(|job| job.is_named(name)) {
            bail!(
                "no script is named `{name}`: name a file (`br_table`, `wasm-v2/br_table.wast`), a directory (`simd`, `gc`), `wasm-2.0` or `wasm-3.0`"
            );
        }
    }
    let wanted = |job: &Job| names.is_empty() || names.iter().any(|name| job.is_named(name));
    Ok(jobs.into_iter().filter(wanted).collect())
}
