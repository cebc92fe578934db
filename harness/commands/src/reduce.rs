//! `lockstep reduce`: a diverging case made small.

use super::conditions::Conditions;
use super::output::{self, Output};
use super::subjects::Subject;
use super::{Format, OK, OwnFault, quoted_path};
use anyhow::{anyhow, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lockstep_core::campaign::interrupt::Interrupt;
use lockstep_core::campaign::limits::Limits as CaseLimits;
use lockstep_core::campaign::perform::apply;
use lockstep_core::case::{Case, CaseReport};
use lockstep_core::corpus::{self, CorpusCase, Expectation};
use lockstep_core::reduce::workers::Workers;
use lockstep_core::reduce::{Limits, Progress, ReduceError, Reduced, Signature, Status, reduce};
use lockstep_core::report::junit::Junit;
use lockstep_core::report::shown::Shown;
use lockstep_core::report::{Finished, Reporter, Silent, counted, grouped};
use lockstep_core::rules::RuleId;
use lockstep_core::totals::Totals;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Shrinks a diverging case while the same rule diverges at the same kind of moment
///
/// Its modules, steps, host, schedule and configuration become less, candidate after candidate, each
/// run in a worker process: a case that crashes or hangs can be reduced too. The smallest case so
/// far is always on disk, so nothing is lost when this is interrupted. Conditions that are given (--config,
/// --frames, --max-events) come in place of the case's, and are reduced like them.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  lockstep reduce findings/generated-smith-0x1f-17.toml
  lockstep reduce case.toml -o small.toml --seconds 60
  lockstep reduce case.toml --rule FRAME-PC         if several rules diverge")]
pub(super) struct Options {
    /// A case file
    case: PathBuf,
    /// Where the smallest case goes; its modules go beside it [default: NAME-reduced.toml]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Time for it
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    seconds: u64,
    /// Worker processes; the default is one a processor
    #[arg(long, value_name = "N", value_parser = super::jobs)]
    jobs: Option<NonZeroUsize>,
    /// The rule that must go on diverging; otherwise the first that does
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    #[command(flatten)]
    conditions: Conditions,
    /// Also write what the smallest case comes to as a JUnit report to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// CPU time of a candidate, at least: a smaller case that needs much longer has changed its nature,
/// and often loops for ever.
const CANDIDATE: Duration = Duration::from_secs(1);

/// CPU time of a candidate that must not come to its end.
const HANGING: Duration = Duration::from_secs(2);

pub(super) fn run(options: &Options, subject: &Subject, format: Format) -> anyhow::Result<u8> {
    let mut loaded = corpus::load(&options.case)?;
    // What diverged was found before anything was dared.
    loaded.case.schedule.dare = None;
    let wishes = options.conditions.wishes(subject.version, 0);
    apply(&wishes, &mut loaded.case)?;
    let junit = options.junit(subject)?;
    let place = Place::of(options)?;
    let interrupt = Interrupt::install().map_err(OwnFault::Start)?;
    let jobs = options
        .jobs
        .or_else(|| std::thread::available_parallelism().ok());
    let jobs = jobs.unwrap_or(NonZeroUsize::MIN);
    let begun = Instant::now();
    let mut workers = Workers::new(
        subject.launch(),
        wishes,
        options.conditions.limits(),
        jobs,
        &interrupt,
    );
    let report = workers.report(&loaded.case).map_err(OwnFault::Start)?;
    let report = report.ok_or_else(|| anyhow!("the case could not be run"))?;
    let signature = signature(options, &loaded, &report)?;
    workers.look_for(signature);
    workers.set_limits(limits_of_candidates(
        signature,
        begun.elapsed(),
        options.conditions.limits(),
    ));
    let mut keeper = Keeper::new(&place, &loaded, signature);
    keeper.keep(&loaded.case)?;
    let limits = Limits {
        until: Some(begun + Duration::from_secs(options.seconds)),
        interrupted: &|| interrupt.stops(),
    };
    let reduced = reduce(&loaded.case, &mut workers, &limits, &mut keeper);
    keeper.bar.finish_and_clear();
    let reduced = reduced.map_err(|error| match error {
        ReduceError::Io(error) => anyhow!(error),
        agrees => anyhow!(agrees),
    })?;
    if signature.known.is_some()
        && let Some(report) = workers.report(&reduced.case).map_err(OwnFault::Start)?
    {
        // Its larger self may have expected more entries, or none.
        keeper.corpus.expect = Expectation {
            verdict: Expectation::of_report(&report, subject.version).verdict,
            ..keeper.corpus.expect
        };
        keeper.keep(&reduced.case)?;
    }
    keeper.clean(loaded.case.modules.len());
    let replay = format!(
        "lockstep replay {}{}{}",
        quoted_path(&place.file()),
        subject.replay(),
        options.conditions.beside_the_case()
    );
    if let Some(junit) = junit {
        // Where that is interrupted, it diverges as the larger one did.
        let again = workers.report(&reduced.case).map_err(OwnFault::Start)?;
        let report = again.unwrap_or(report);
        let written = write_junit(junit, report, subject, replay.clone(), begun.elapsed());
        written.unwrap_or_else(|error| output::lost("the JUnit report", &error));
    }
    tell(
        &reduced,
        signature,
        &place,
        &replay,
        format,
        begun.elapsed(),
    )
    .map_err(OwnFault::from)?;
    Ok(match interrupt.signal() {
        Some((number, _)) => 128 + number,
        None => OK,
    })
}

impl Options {
    /// The JUnit report, if one is wanted.
    fn junit(&self, subject: &Subject) -> anyhow::Result<Option<Junit<Silent>>> {
        let Some(path) = &self.junit else {
            return Ok(None);
        };
        let junit = Junit::new(Silent, path, subject.version);
        let junit = junit.map_err(|error| anyhow!("cannot write {}: {error}", path.display()))?;
        Ok(Some(junit))
    }
}

/// Writes the JUnit report: the smallest case, and that it diverges.
fn write_junit(
    mut junit: Junit<Silent>,
    report: CaseReport,
    subject: &Subject,
    replay: String,
    elapsed: Duration,
) -> io::Result<()> {
    let mut totals = Totals::of(subject.version);
    totals.add(&report);
    junit.case(&Finished {
        name: report.name.clone(),
        subject: subject.version,
        result: Ok(report),
        elapsed,
        replay,
        limit: None,
    })?;
    junit.end(&totals)
}

/// What a candidate may use, where the case itself took so long.
pub(super) fn limits_of_candidates(
    signature: Signature,
    took: Duration,
    limits: CaseLimits,
) -> CaseLimits {
    match signature.rule {
        RuleId::Hang => CaseLimits {
            cpu: HANGING.min(limits.cpu),
            ..limits
        },
        _ => CaseLimits {
            in_all: Some(CANDIDATE.max(4 * took)),
            ..limits
        },
    }
}

/// What must stay: what the user names, or what the case says, or what diverges first.
fn signature(
    options: &Options,
    loaded: &CorpusCase,
    report: &CaseReport,
) -> anyhow::Result<Signature> {
    let all = Signature::all(report);
    let named = |signature: &&Signature| match &options.rule {
        Some(rule) => signature.rule.id() == rule,
        None => true,
    };
    let expected = |signature: &&Signature| {
        let expect = &loaded.expect;
        Some(signature.rule) == expect.rule
            && expect
                .moment
                .is_none_or(|moment| moment == signature.moment)
    };
    let mut candidates = all.iter().filter(named);
    let first = candidates.clone().next();
    let Some(signature) = candidates.find(expected).or(first) else {
        match &options.rule {
            Some(rule) if !all.is_empty() => {
                let ids: Vec<&str> = all.iter().map(|signature| signature.rule.id()).collect();
                bail!(
                    "the case does not diverge by {rule}, but by {}",
                    ids.join(", ")
                );
            }
            _ => bail!("the case does not diverge, so there is nothing to reduce"),
        }
    };
    Ok(*signature)
}

/// Where the smallest case is kept.
struct Place {
    directory: PathBuf,
    name: String,
}

impl Place {
    fn of(options: &Options) -> anyhow::Result<Place> {
        let stem = |path: &Path| {
            let stem = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned());
            stem.ok_or_else(|| anyhow!("{} is no name of a file", path.display()))
        };
        let (path, name) = match &options.output {
            Some(path) if path.extension().is_none_or(|extension| extension != "toml") => {
                bail!("{} does not end in .toml", path.display());
            }
            Some(path) => (path, stem(path)?),
            None => (&options.case, format!("{}-reduced", stem(&options.case)?)),
        };
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        Ok(Place {
            directory: directory.unwrap_or(Path::new(".")).to_owned(),
            name,
        })
    }

    fn file(&self) -> PathBuf {
        self.directory.join(format!("{}.toml", self.name))
    }
}

/// Keeps each smaller case, and shows how it goes.
struct Keeper<'a> {
    place: &'a Place,
    corpus: CorpusCase,
    bar: ProgressBar,
    /// The last line without a terminal: the pass and the bytes.
    said: Option<(&'static str, usize)>,
}

impl<'a> Keeper<'a> {
    fn new(place: &'a Place, loaded: &CorpusCase, signature: Signature) -> Keeper<'a> {
        let mut corpus = loaded.clone();
        corpus.expect.rule = Some(signature.rule);
        corpus.expect.moment = Some(signature.moment);
        let bar = ProgressBar::no_length();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} elapsed  {msg}") {
            bar.set_style(style);
        }
        Keeper {
            place,
            corpus,
            bar,
            said: None,
        }
    }

    fn keep(&mut self, case: &Case) -> io::Result<()> {
        self.corpus.case = case.clone();
        let saved = corpus::save(&self.place.directory, &self.place.name, &self.corpus);
        saved.map(|_| ()).map_err(io::Error::other)
    }

    /// Removes modules that larger cases had and the smallest has no more.
    fn clean(&self, modules: usize) {
        let Ok(text) = std::fs::read_to_string(self.place.file()) else {
            return;
        };
        let name = &self.place.name;
        let linked = (0..modules).map(|number| format!("{name}-{number}"));
        for stem in linked.chain([name.clone()]) {
            for extension in ["wat", "wasm"] {
                let file = format!("{stem}.{extension}");
                if !text.contains(&format!("\"{file}\"")) {
                    // It need not be there at all.
                    let _ = std::fs::remove_file(self.place.directory.join(file));
                }
            }
        }
    }
}

fn line(status: &Status) -> String {
    format!(
        "{} of modules, {}, {}, {} tried, {}",
        counted(status.size.module_bytes as u64, "byte"),
        counted(status.size.steps as u64, "step"),
        counted(status.size.edits as u64, "edit"),
        counted(status.candidates, "candidate"),
        status.pass
    )
}

impl Progress for Keeper<'_> {
    fn tried(&mut self, status: &Status) {
        self.bar.set_message(line(status));
        self.bar.tick();
    }

    fn smaller(&mut self, case: &Case, status: &Status) -> io::Result<()> {
        let now = (status.pass, status.size.module_bytes);
        let news = self.said.is_none_or(|said| said.0 != now.0);
        if self.bar.is_hidden() && news {
            // Progress that cannot be written is no reason to stop.
            let _ = writeln!(io::stderr(), "{}", line(status));
            self.said = Some(now);
        }
        self.keep(case)
    }
}

fn tell(
    reduced: &Reduced,
    signature: Signature,
    place: &Place,
    replay: &str,
    format: Format,
    elapsed: Duration,
) -> io::Result<()> {
    let mut out = Output::new();
    let file = place.file();
    if format == Format::Json {
        let object = serde_json::json!({
            "schema": "lockstep.reduced/1",
            "file": file.to_string_lossy(),
            "rule": signature.rule.id(),
            "moment": signature.moment.name(),
            "execution": signature.execution,
            "known": signature.known,
            "module_bytes_before": reduced.before.module_bytes,
            "module_bytes": reduced.after.module_bytes,
            "steps": reduced.after.steps,
            "edits": reduced.after.edits,
            "candidates": reduced.candidates,
            "complete": reduced.complete,
            "replay": replay,
            "measured": { "seconds": elapsed.as_secs_f64() },
        });
        writeln!(out, "{object}")?;
        return out.flush();
    }
    writeln!(
        out,
        "{} at {}, in the {} execution: {} of modules became {}, with {} and {}",
        signature.rule.id(),
        signature.moment.name(),
        signature.execution.name(),
        counted(reduced.before.module_bytes as u64, "byte"),
        grouped(reduced.after.module_bytes as u64),
        counted(reduced.after.steps as u64, "step"),
        counted(reduced.after.edits as u64, "edit")
    )?;
    let end = match reduced.complete {
        true => "nothing smaller was found",
        false => "the time was over, or it was interrupted",
    };
    writeln!(
        out,
        "{} tried in {:.1} s: {end}",
        counted(reduced.candidates, "candidate"),
        elapsed.as_secs_f64()
    )?;
    writeln!(out, "{}", Shown(&file.to_string_lossy()))?;
    writeln!(out, "replay: {replay}")?;
    out.flush()
}
