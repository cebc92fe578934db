//! `lockstep report`: a difference as a bug report that stands by itself, with a program that shows it.
//!
//! A [`target`] becomes a case; what Lockstep sees of it on a version is a [`choice`] of what to [`look`] at; case
//! and look are a [`recipe`], which templates write down as a program; a [`runner`] compiles and runs it, and a
//! [`verdict`] says whether it shows the bug. Nothing is called a reproducer that was not seen to fail.

mod choice;
mod components;
mod document;
mod edits;
mod error;
mod expected;
mod look;
mod quotes;
mod recipe;
mod render;
mod runner;
mod settings;
mod smallest;
mod summary;
mod target;
#[cfg(test)]
mod tests;
mod verdict;

use super::several;
use super::subjects::{self, Subjects};
use super::{BAD_INPUT, DIVERGED, Format, OK, OwnFault, quoted};
use anyhow::{Context, bail};
use clap::Args;
use error::NoReproducer;
use lockstep_core::campaign::interrupt::Interrupt;
use lockstep_core::campaign::limits::Limits;
use lockstep_core::case::{Case, CaseReport};
use lockstep_core::causes::Cause;
use lockstep_core::corpus::CorpusCase;
use lockstep_core::divergence::Divergence;
use lockstep_core::reduce::workers::Workers;
use lockstep_core::report::page::Reproducer;
use lockstep_core::version::Version;
use lockstep_core::whole_file;
use look::Kind;
use recipe::Recipe;
use runner::{Cargo, Runner};
use serde::Serialize;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use target::Target;
use verdict::Verdict;

/// Writes a bug report, with a program that shows the bug without Lockstep
///
/// WHAT is a cause (`lockstep rules` lists them), a case file, or a finding that `run --save` wrote. For each
/// a folder is written: `report.md`, and for each version a crate that depends on the published `wasmtime`
/// and exits with another code than 0 while the bug is there. It is compiled and run; one that does not fail
/// is not called a reproducer, and the exit code is 1.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  lockstep report TRY-CALLEE --subjects 42,48
  lockstep report target/findings/generated-0x1f-17.toml
  lockstep report --all-causes target/reports --subjects all")]
pub(super) struct Options {
    /// Causes, case files, or findings
    #[arg(value_name = "WHAT", required_unless_present = "all_causes")]
    what: Vec<String>,
    /// Write one for every cause that a subject has, and a table of which ran where
    #[arg(long, value_name = "DIR", conflicts_with_all = ["what", "out"])]
    all_causes: Option<PathBuf>,
    /// Where to
    #[arg(long, value_name = "DIR", default_value = "target/reports")]
    out: PathBuf,
    /// The versions to run on, instead of those of --subject
    #[arg(long, value_name = "LIST", conflicts_with = "subject")]
    subjects: Option<Subjects>,
    /// Where cases of causes are looked for, instead of this source tree's corpus
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// Write, and compile nothing
    #[arg(long)]
    no_run: bool,
    /// Seconds for making the case of a file smaller before it is reported; 0 reports it as it is [default: 60;
    /// 0 with --no-run]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=86_400))]
    seconds: Option<u64>,
}

impl Options {
    /// How long a case is made smaller.
    fn time(&self) -> Duration {
        let default = if self.no_run { 0 } else { SECONDS };
        Duration::from_secs(self.seconds.unwrap_or(default))
    }
}

/// Seconds for making a case smaller.
const SECONDS: u64 = 60;

/// What a report is about.
struct Topic {
    /// Its name: of the cause, or of the file.
    name: String,
    cause: Option<Cause>,
    /// Cases that may show it, the best first.
    cases: Vec<CorpusCase>,
}

impl Topic {
    /// The case of an attempt, with what is known of it; without one the first.
    fn case_of(&self, attempt: Option<&Attempt>) -> Option<&CorpusCase> {
        self.cases.get(attempt.map_or(0, |attempt| attempt.case))
    }
}

/// What was made for one version.
struct Attempt {
    version: Version,
    /// Which of the topic's cases.
    case: usize,
    /// What Lockstep saw.
    found: Option<Divergence>,
    made: Result<Made, NoReproducer>,
}

/// A program that was written.
struct Made {
    recipe: Recipe,
    /// Its folder, beside the report.
    folder: String,
    program: String,
    manifest: String,
    verdict: Verdict,
}

impl Made {
    /// What it saw.
    fn seen(&self) -> String {
        match &self.verdict {
            Verdict::Fails { seen } => seen.clone(),
            Verdict::Refused { .. } | Verdict::NotRun => String::new(),
        }
    }

    /// In a table.
    fn words(&self) -> (&'static str, String) {
        match &self.verdict {
            Verdict::Fails { seen } => ("fails", seen.clone()),
            Verdict::Refused { reason } => ("refused", reason.clone()),
            Verdict::NotRun => ("not run", "it was written, and not run".to_owned()),
        }
    }

    /// Lines of Rust, those of the modules' text left out.
    fn lines(&self) -> usize {
        let texts = self.recipe.modules.iter();
        let text: usize = texts.map(|module| module.text.lines().count()).sum();
        self.program.lines().count() - text
    }
}

/// Candidate cases that are tried for a cause.
const CANDIDATES: usize = 4;

pub(super) fn run(options: &Options, subjects: &Subjects, format: Format) -> anyhow::Result<u8> {
    let subjects = options.subjects.as_ref().unwrap_or(subjects);
    let (subjects, not_built) = match subjects.sources().len() {
        1 => (vec![subjects.only()?], Vec::new()),
        _ => subjects.that_can_be_built()?,
    };
    several::leave_out(&not_built, format)?;
    if subjects.is_empty() {
        return Ok(BAD_INPUT);
    }
    if let Some(local) = subjects.iter().find(|subject| subject.version.is_local()) {
        bail!(
            "{} is not published, and a report is about what is",
            local.version.name()
        );
    }
    let corpus = target::corpus(options.corpus.as_deref())?;
    let targets = match &options.all_causes {
        None => options
            .what
            .iter()
            .map(|what| what.parse())
            .collect::<Result<Vec<Target>, _>>()?,
        Some(_) => target::causes_of(subjects.iter().map(|subject| subject.version)),
    };
    let out = options.all_causes.as_ref().unwrap_or(&options.out);
    let mut cargo = match options.no_run {
        true => None,
        false => Some(Cargo::new()?),
    };
    let mut writer = Writer {
        out,
        interrupt: Interrupt::install().map_err(OwnFault::Start)?,
        runner: cargo.as_mut().map(|cargo| cargo as &mut dyn Runner),
    };
    let mut summary = summary::Summary::new(format, options.no_run);
    for target in targets {
        let mut topic = target.topic(&corpus)?;
        let time = options.time();
        if matches!(target, Target::File(_)) && !time.is_zero() {
            smallest::reduce_case(&mut topic, &subjects, time, &writer.interrupt)?;
        }
        let attempts = writer.write(&topic, &subjects)?;
        summary
            .add(&topic, &attempts, out)
            .map_err(OwnFault::from)?;
        if writer.interrupt.stops() {
            break;
        }
    }
    let whole = summary.end().map_err(OwnFault::from)?;
    if options.all_causes.is_some() {
        write(&out.join("README.md"), &summary.markdown())?;
    }
    Ok(match (whole, not_built.is_empty()) {
        (false, _) => DIVERGED,
        (true, false) => BAD_INPUT,
        (true, true) => OK,
    })
}

/// Writes reports into a directory.
struct Writer<'a> {
    out: &'a Path,
    interrupt: Interrupt,
    /// None if nothing is run.
    runner: Option<&'a mut dyn Runner>,
}

impl Writer<'_> {
    /// Writes the report about a topic.
    fn write(
        &mut self,
        topic: &Topic,
        versions: &[subjects::Subject],
    ) -> anyhow::Result<Vec<Attempt>> {
        let folder = self.out.join(&topic.name);
        let mut attempts = Vec::new();
        for version in versions {
            let has = topic.cause.is_none_or(|cause| cause.is_of(version.version));
            attempts.push(match has {
                true => self.attempt(topic, version, &folder)?,
                false => Attempt {
                    version: version.version,
                    case: 0,
                    found: None,
                    made: Err(NoReproducer::NotThere),
                },
            });
        }
        let replay = replay(topic, &attempts, versions);
        let text = document::text(topic, &attempts, replay)?;
        write(&folder.join("report.md"), &text)?;
        Ok(attempts)
    }

    /// The first case whose reproducer fails; else the first that has one, or the first.
    fn attempt(
        &mut self,
        topic: &Topic,
        version: &subjects::Subject,
        folder: &Path,
    ) -> anyhow::Result<Attempt> {
        let mut best: Option<Attempt> = None;
        for (number, corpus) in topic.cases.iter().enumerate().take(CANDIDATES) {
            let attempt = self.attempt_case(topic, number, &corpus.case, version, folder)?;
            let done = match &attempt.made {
                Ok(made) => self.runner.is_none() || made.verdict.fails(),
                Err(_) => false,
            };
            let better = best
                .as_ref()
                .is_none_or(|best| best.made.is_err() && attempt.made.is_ok());
            if done || better {
                best = Some(attempt);
            }
            if done || self.interrupt.stops() {
                break;
            }
        }
        Ok(best.unwrap_or(Attempt {
            version: version.version,
            case: 0,
            found: None,
            made: Err(NoReproducer::NotSeen),
        }))
    }

    fn attempt_case(
        &mut self,
        topic: &Topic,
        number: usize,
        case: &Case,
        version: &subjects::Subject,
        folder: &Path,
    ) -> anyhow::Result<Attempt> {
        let found = match case.main_module() {
            [] => None,
            _ => self.look_for(topic.cause, case, version)?,
        };
        let recipe = choice::of(case, topic.cause, found.as_ref())
            .and_then(|look| recipe::of(case, topic.cause, found.as_ref(), look, version.version));
        let made = match recipe {
            Err(reason) => Err(reason),
            Ok(recipe) => Ok(self.make(topic, recipe, version.version, folder)?),
        };
        Ok(Attempt {
            version: version.version,
            case: number,
            found,
            made,
        })
    }

    /// What Lockstep sees of the case: of the cause, or else what nothing explains.
    fn look_for(
        &self,
        cause: Option<Cause>,
        case: &Case,
        version: &subjects::Subject,
    ) -> anyhow::Result<Option<Divergence>> {
        let mut undared = case.clone();
        undared.schedule.dare = None;
        let (launch, limits) = (version.launch(), Limits::default());
        let one = NonZeroUsize::MIN;
        let mut workers = Workers::new(launch, version.wishes(), limits, one, &self.interrupt);
        let report = workers.report(&undared).map_err(OwnFault::Start)?;
        Ok(report.and_then(|report| seen(cause, report)))
    }

    fn make(
        &mut self,
        topic: &Topic,
        recipe: Recipe,
        version: Version,
        folder: &Path,
    ) -> anyhow::Result<Made> {
        let recipe = recipe.titled(title(version, &topic.name));
        let (manifest, program) = texts(&recipe, version)?;
        let name = format!("wasmtime-{}", version.number());
        let place = folder.join(&name);
        write(&place.join("Cargo.toml"), &manifest)?;
        write(&place.join("src/main.rs"), &program)?;
        let verdict = match &mut self.runner {
            None => Verdict::NotRun,
            Some(runner) => match runner.run(version, &place) {
                Ok(ran) => Verdict::of(&ran, &recipe.look),
                Err(error) => Verdict::Refused {
                    reason: format!("{error:#}"),
                },
            },
        };
        Ok(Made {
            recipe,
            folder: name,
            program,
            manifest,
            verdict,
        })
    }
}

/// The program that should show what was found of a case, for a page: nothing is run.
///
/// # Errors
///
/// Why there is none.
pub(super) fn program(
    case: &Case,
    found: &Divergence,
    version: Version,
) -> Result<Reproducer, String> {
    if version.is_local() {
        return Err("this version is not published".to_owned());
    }
    let recipe = choice::of(case, found.known, Some(found))
        .and_then(|look| recipe::of(case, found.known, Some(found), look, version))
        .map_err(|reason| reason.to_string())?;
    let what = found.known.map_or(found.rule.rule().id, Cause::id);
    let (manifest, program) = texts(&recipe.titled(title(version, what)), version)
        .map_err(|error| format!("{error:#}"))?;
    Ok(Reproducer { manifest, program })
}

/// The first line of a reproducer.
fn title(version: Version, what: &str) -> String {
    format!("Wasmtime {}: {what}.", version.number())
}

/// Manifest and program of a recipe.
fn texts(recipe: &Recipe, version: Version) -> anyhow::Result<(String, String)> {
    let program = render::render(render::program(&recipe.look), recipe)?;
    let manifest = render::render(render::MANIFEST, Manifest::of(recipe, version))?;
    Ok((manifest, program))
}

/// A reproducer's manifest.
#[derive(Serialize)]
struct Manifest {
    version: String,
    features: Vec<String>,
}

impl Manifest {
    /// The features of Wasmtime that a subject program is compiled with, too.
    fn of(recipe: &Recipe, version: Version) -> Manifest {
        let copying = (version.release() >= 45).then_some("gc-copying");
        let component = (recipe.look.kind == Kind::Component).then_some("component-model");
        let all = [
            "cranelift",
            "runtime",
            "debug",
            "gc",
            "gc-drc",
            "gc-null",
            "std",
            "async",
            "pulley",
            "pooling-allocator",
            "threads",
        ];
        let all = all.into_iter().chain(copying).chain(component);
        Manifest {
            version: recipe.version.clone(),
            features: all.map(|feature| format!("\"{feature}\"")).collect(),
        }
    }
}

/// The divergence that a report is about.
fn seen(cause: Option<Cause>, report: CaseReport) -> Option<Divergence> {
    let Some(cause) = cause else {
        let first = report.divergences.into_iter().next();
        return first.or_else(|| report.known_examples.into_iter().next());
    };
    // What a hazard forbids is not seen, but what makes it one often is.
    let (mine, others): (Vec<_>, Vec<_>) = report
        .known_examples
        .into_iter()
        .partition(|example| example.known == Some(cause));
    let hazard = lockstep_core::causes::hazard::Hazard::of(cause).is_some();
    let others = others.into_iter().filter(|_| hazard);
    mine.into_iter().chain(others).next()
}

/// The command that shows it in Lockstep; none without a case file.
fn replay(topic: &Topic, attempts: &[Attempt], versions: &[subjects::Subject]) -> Option<String> {
    let path = &topic.case_of(attempts.last())?.path;
    if path.as_os_str().is_empty() {
        return None;
    }
    let version = versions
        .last()
        .map_or_else(String::new, subjects::Subject::replay);
    let path = quoted(&target::shown(path));
    Some(format!("lockstep{version} replay {path} --show-known"))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| whole_file::replace(path, text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}
