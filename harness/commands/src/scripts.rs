//! Runs scripts on threads and reports them in order: what `spec` and `run` have in common.

use super::output::{About, Output, reporter};
use super::subjects::Subject;
use super::{Format, OwnFault, RunSettings, exit_code, quoted};
use anyhow::bail;
use clap::Args;
use lockstep_core::case::{self, CaseOptions, CaseReport};
use lockstep_core::jobs;
use lockstep_core::panics;
use lockstep_core::report::progress::Progress;
use lockstep_core::report::{Finished, Reporter, Unfinished, opcodes};
use lockstep_core::samples::Sample;
use lockstep_core::subject::Settings;
use lockstep_core::totals::{Measured, Totals};
use lockstep_spec_tests::{Script, ScriptFile, Selection};
use std::io::Write;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Instant;

/// Options of commands that run many scripts.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Options {
    #[command(flatten)]
    settings: RunSettings,
    /// Threads that run scripts; the default is one a processor
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Print how often each opcode was executed and compared
    #[arg(long)]
    opcodes: bool,
    /// Print the first example of each known divergence
    #[arg(long)]
    show_known: bool,
}

/// Something that can be run by its name.
pub(super) enum Job {
    /// A script of the official suite.
    Official(ScriptFile),
    /// A user's script.
    Parsed(Script),
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
            Job::Parsed(script) => &script.name,
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

    fn run(&self, settings: Settings) -> Result<CaseReport, Unfinished> {
        let own = |error: &dyn std::fmt::Display| Unfinished::Internal(error.to_string());
        let options = CaseOptions {
            settings,
            ..CaseOptions::default()
        };
        match self {
            Job::Official(file) => {
                let script = file.parse().map_err(|error| own(&error))?;
                Ok(case::run(&script, &options)?)
            }
            Job::Parsed(script) => Ok(case::run(script, &options)?),
            Job::Sample(sample) => {
                let plan = sample.plan(settings).map_err(|error| own(&error))?;
                Ok(case::run(&plan.script, &plan.options)?)
            }
            Job::Probe => Ok(case::probe::late_module(settings.subject)?),
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
                "no script is named `{name}`: name a file (`br_table`, `wasm-v2/br_table.wast`) a directory (`simd`, `gc`), `wasm-2.0` or `wasm-3.0`"
            );
        }
    }
    let wanted = |job: &Job| names.is_empty() || names.iter().any(|name| job.is_named(name));
    Ok(jobs.into_iter().filter(wanted).collect())
}

/// Runs the jobs; `command` is how a person runs one of them again, up to its name.
pub(super) fn run(
    jobs: &[Job],
    options: &Options,
    subject: &Subject,
    format: Format,
    command: &str,
) -> anyhow::Result<u8> {
    let started = Instant::now();
    let settings = options
        .settings
        .settings(subject.version, Settings::default().max_events);
    let threads = options
        .jobs
        .or_else(|| thread::available_parallelism().ok());
    let reporter = reporter(format, About::Scripts, options.show_known);
    let mut reporter = Progress::new(reporter, jobs.len() as u64);
    let mut totals = Totals::of(subject.version);
    let work = |job: &Job| {
        let begun = Instant::now();
        let result = panics::guarded(|| job.run(settings))
            .map_err(|panic| Unfinished::Internal(panic.to_string()))
            .and_then(|ran| ran);
        Finished {
            name: job.name().to_owned(),
            subject: subject.version,
            result,
            elapsed: begun.elapsed(),
            replay: format!(
                "{command} {}{}{}",
                quoted(job.name()),
                options.settings.replay(),
                subject.replay()
            ),
            limit: None,
        }
    };
    jobs::in_order(
        jobs,
        threads.unwrap_or(NonZeroUsize::MIN),
        work,
        |finished| {
            match &finished.result {
                Ok(report) => totals.add(report),
                Err(unfinished) => totals.add_unfinished(unfinished),
            }
            reporter.case(&finished)
        },
    )
    .map_err(OwnFault::from)?;
    if options.opcodes {
        write_opcodes(&totals, format).map_err(OwnFault::from)?;
    }
    totals.measured = Measured::now(started.elapsed());
    reporter.end(&totals).map_err(OwnFault::from)?;
    Ok(exit_code(&totals))
}

pub(super) fn write_opcodes(totals: &Totals, format: Format) -> std::io::Result<()> {
    let mut out = Output::new();
    match format {
        Format::Text => opcodes::text(&mut out, totals)?,
        Format::Json => opcodes::json(&mut out, totals)?,
    }
    out.flush()
}
