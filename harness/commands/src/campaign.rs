//! Runs cases in worker processes and reports them: what `run` and `replay` have in common.

use super::output::{self, About, Output, reporter};
use super::subjects::{Subject, Subjects};
use super::{BAD_INPUT, Format, OwnFault, exit_code, page, quoted};
use anyhow::anyhow;
use clap::{Args, ValueEnum};
use lockstep_core::campaign::interrupt::Interrupt;
use lockstep_core::campaign::limits::Limits;
use lockstep_core::campaign::outcome::{Judged, Outcome};
use lockstep_core::campaign::perform::generated_case;
pub(super) use lockstep_core::campaign::plan::Plan;
use lockstep_core::campaign::pool::{Pool, PoolError, Ran};
use lockstep_core::campaign::protocol::{What, Wishes};
use lockstep_core::campaign::shares::Shares;
use lockstep_core::campaign::summary::Summary;
use lockstep_core::configuration::Setting;
use lockstep_core::corpus::{self, CorpusCase, Expectation};
use lockstep_core::generate::Proposals;
use lockstep_core::lockstep::policy::FramePolicy;
use lockstep_core::report::junit::Junit;
use lockstep_core::report::page::{self as html, Page};
use lockstep_core::report::progress::Progress;
use lockstep_core::report::shown::{Shown, say};
use lockstep_core::report::{Reporter, summary};
use lockstep_core::totals::{Measured, Totals};
use lockstep_core::version::Version;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Options of commands that run cases in worker processes.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Options {
    /// Worker processes; the default is one a processor
    #[arg(long, value_name = "N", value_parser = super::jobs)]
    jobs: Option<NonZeroUsize>,
    /// A setting of the subject, in place of what a case has; can be given several times
    #[arg(long, value_name = "AXIS=VALUE")]
    config: Vec<Setting>,
    /// Which frames are compared at each event, in place of what a case has
    #[arg(long, value_enum)]
    frames: Option<FramePolicy>,
    /// Compare exported memories, globals and tables only: the uninstrumented execution then runs
    /// the module as it is, not a twin that exports the private ones
    #[arg(long)]
    no_twin: bool,
    /// Events after which a case ends as inconclusive; or 100 times as many values compared
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_events: Option<u64>,
    /// CPU seconds without an event after which a case ends as a divergence, unless it has no end in
    /// the reference interpreter either; ten times as many of waiting. Compiling is not counted, and
    /// what it took is allowed on top [default: 20]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    cpu_limit: Option<u64>,
    /// Mebibytes of resident memory, beyond what compiling took, above which a case ends as a
    /// divergence [default: 2048]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(64..=1 << 20))]
    memory_limit: Option<u64>,
    /// Has every case do once, on purpose, the first thing that it meets of what a known cause forbids:
    /// the totals show whether the causes are still there. Without it 2 of 100 generated cases do so
    #[arg(long)]
    dare: bool,
    /// Also write a JUnit report to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    #[command(flatten)]
    page: page::Options,
    /// Print where the CPU time went
    #[arg(long)]
    timings: bool,
    /// Print how often each opcode was executed and compared
    #[arg(long)]
    opcodes: bool,
    /// Print the first example of each known divergence
    #[arg(long)]
    show_known: bool,
}

impl Options {
    /// What the user decides in place of the cases.
    pub(super) fn wishes(&self, subject: Version, host_seed: u64) -> Wishes {
        Wishes {
            subject,
            host_seed,
            frames: self.frames,
            max_events: self.max_events,
            no_twin: self.no_twin,
            proposals: Proposals::default(),
            settings: self.config.iter().map(Setting::to_string).collect(),
            dare: self.dare,
        }
    }

    /// The options that decide what comes of a case, as they are written.
    pub(super) fn replay(&self, subject: &Subject) -> String {
        let mut text = subject.replay();
        if let Some(frames) = self.frames.and_then(|frames| frames.to_possible_value()) {
            text.push_str(&format!(" --frames {}", frames.get_name()));
        }
        if self.no_twin {
            text.push_str(" --no-twin");
        }
        if let Some(events) = self.max_events {
            text.push_str(&format!(" --max-events {events}"));
        }
        if self.dare {
            text.push_str(" --dare");
        }
        for setting in &self.config {
            text.push_str(&format!(" --config {}", quoted(&setting.to_string())));
        }
        text
    }

    pub(super) fn pool(&self, subject: &Subject) -> Pool {
        let defaults = Limits::default();
        Pool {
            launch: subject.launch(),
            limits: Limits {
                cpu: self.cpu_limit.map_or(defaults.cpu, Duration::from_secs),
                memory: self.memory_limit.map_or(defaults.memory, |mib| mib << 20),
                ..defaults
            },
            workers: self
                .jobs
                .or_else(|| std::thread::available_parallelism().ok())
                .unwrap_or(NonZeroUsize::MIN),
        }
    }
}

/// A campaign and how it is reported.
pub(super) struct Campaign<'a> {
    pub(super) plan: Plan,
    /// What it runs on.
    pub(super) subject: &'a Subject,
    /// Whether the command runs on other subjects, too.
    pub(super) several: bool,
    pub(super) options: &'a Options,
    pub(super) format: Format,
    /// What its reports are about.
    pub(super) about: About,
    /// Where findings are kept.
    pub(super) save: Option<&'a Path>,
    /// The command that runs a case again.
    pub(super) replay: &'a (dyn Fn(&What) -> String + Sync),
}

/// A campaign that has begun: what it reports to, and has counted so far.
pub(super) struct Session<'a> {
    campaign: &'a Campaign<'a>,
    started: Instant,
    reporter: Box<dyn Reporter>,
    totals: Totals,
    summary: Summary,
    shares: Shares,
    /// Cases whose input is bad.
    bad: u64,
    page: Option<Page>,
}

impl Campaign<'_> {
    /// Runs the campaign; the exit code.
    pub(super) fn run(&self, interrupt: &Interrupt) -> anyhow::Result<u8> {
        let mut session = self.begin()?;
        let cases = self.plan.cases();
        let ended = self.pool().run(
            cases,
            |what: &What| self.plan.request(what),
            interrupt,
            |ran| session.deliver(ran),
        );
        ended.map_err(|error| match error {
            PoolError::Start(error) => OwnFault::Start(error).into(),
            PoolError::Deliver(error) => error,
        })?;
        session.end(interrupt)
    }

    /// Begins to report.
    pub(super) fn begin(&self) -> anyhow::Result<Session<'_>> {
        Ok(Session {
            campaign: self,
            started: Instant::now(),
            reporter: self.reporter()?,
            totals: Totals::of(self.plan.wishes.subject),
            summary: Summary::new(self.plan.seed),
            shares: Shares::default(),
            bad: 0,
            page: self.options.page.page(self.plan.wishes.subject)?,
        })
    }

    /// What runs its cases.
    pub(super) fn pool(&self) -> Pool {
        self.options.pool(self.subject)
    }

    fn reporter(&self) -> anyhow::Result<Box<dyn Reporter>> {
        let reporter = reporter(self.format, self.about, self.options.show_known);
        let reporter = Progress::of_campaign(reporter, self.plan.length());
        Ok(match &self.options.junit {
            None => Box::new(reporter),
            Some(path) => Box::new(
                Junit::new(reporter, &self.of_subject(path), self.plan.wishes.subject)
                    .map_err(|error| anyhow!("cannot write {}: {error}", path.display()))?,
            ),
        })
    }

    /// The path, with the subject in the file's name where a command runs on several.
    fn of_subject(&self, path: &Path) -> PathBuf {
        if !self.several {
            return path.to_owned();
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut name = format!("{stem}-{}", self.plan.wishes.subject.id());
        if let Some(extension) = path.extension() {
            name.push('.');
            name.push_str(&extension.to_string_lossy());
        }
        path.with_file_name(name)
    }

    /// What a page shows of a case beyond its report; nothing of a script.
    fn about_case(&self, what: &What) -> Option<html::About> {
        match what {
            What::Generated { seed, number } => {
                let case = generated_case(*seed, *number, &self.plan.wishes);
                case.ok().map(|case| html::About::of(&case))
            }
            What::File(path) => {
                let loaded = corpus::load(path);
                loaded.ok().map(|loaded| html::About::of(&loaded.case))
            }
            _ => None,
        }
    }

    /// Keeps a finding as a corpus case.
    fn save(&self, directory: &Path, judged: &Judged) -> anyhow::Result<()> {
        let Ok(report) = &judged.finished.result else {
            return Ok(());
        };
        // Scripts and corpus cases are there already.
        let What::Generated { seed, number } = judged.what else {
            return Ok(());
        };
        if report.divergences.is_empty() {
            return Ok(());
        }
        let case = CorpusCase {
            case: generated_case(seed, number, &self.plan.wishes)?,
            expect: Expectation::of_report(report, self.plan.wishes.subject),
            path: PathBuf::new(),
        };
        let name = judged.finished.name.replace('/', "-");
        let path = corpus::save(directory, &name, &case).map_err(|error| {
            anyhow!("the finding {} is not saved: {error}", judged.finished.name)
        })?;
        let file = quoted(&path.display().to_string());
        say(&format!("saved: lockstep replay {file}"));
        Ok(())
    }
}

impl Session<'_> {
    /// Reports what came of a case.
    ///
    /// # Errors
    ///
    /// When the report cannot be written, or a finding not be kept.
    pub(super) fn deliver(&mut self, ran: Ran<What>) -> anyhow::Result<()> {
        let replay = (self.campaign.replay)(&ran.job);
        match Outcome::of(ran, replay) {
            Outcome::Case(judged) => self.report(*judged),
            other => {
                self.without_report(&other);
                Ok(())
            }
        }
    }

    /// Says what is wrong with a case that has no report.
    pub(super) fn without_report(&mut self, outcome: &Outcome) {
        if let Outcome::BadInput(why) = outcome {
            self.bad += 1;
            say(&format!("lockstep: {}", Shown(why)));
        }
    }

    /// Reports a case.
    ///
    /// # Errors
    ///
    /// As of [`Session::deliver`].
    pub(super) fn report(&mut self, mut judged: Judged) -> anyhow::Result<()> {
        judged.finished.subject = self.campaign.plan.wishes.subject;
        self.add(&judged);
        self.reporter
            .case(&judged.finished)
            .map_err(OwnFault::from)?;
        if let Some(page) = &mut self.page {
            let wanted = page.wants(&judged.finished);
            let about = wanted.then(|| self.campaign.about_case(&judged.what));
            page.case(&judged.finished, about.flatten());
        }
        match self.campaign.save {
            Some(directory) => self.campaign.save(directory, &judged),
            None => Ok(()),
        }
    }

    fn add(&mut self, judged: &Judged) {
        match &judged.finished.result {
            Ok(report) => self.totals.add(report),
            Err(unfinished) => self.totals.add_unfinished(unfinished),
        }
        if matches!(judged.what, What::Generated { .. }) {
            self.summary.add(judged);
        }
        self.shares.add(&judged.cost);
    }

    /// Reports the totals; the exit code.
    ///
    /// # Errors
    ///
    /// When the report cannot be written.
    pub(super) fn end(mut self, interrupt: &Interrupt) -> anyhow::Result<u8> {
        let Campaign {
            options, format, ..
        } = *self.campaign;
        let signal = interrupt.signal();
        self.summary.settle();
        self.summary.interrupted = signal.map(|(_, name)| name);
        let totals = &mut self.totals;
        if self.summary.cases > 0 || signal.is_some() {
            totals.campaign = Some(self.summary);
        }
        let cpu = self.shares.now();
        if options.opcodes {
            output::write_opcodes(totals, format).map_err(OwnFault::from)?;
        }
        if options.timings && format == Format::Text {
            let mut out = Output::new();
            summary::write_timings(&mut out, &cpu).map_err(OwnFault::from)?;
            out.flush().map_err(OwnFault::from)?;
        }
        totals.measured = Measured::now(self.started.elapsed());
        let peak = &mut totals.measured.peak_rss_bytes;
        *peak = (*peak).max(self.shares.peak_rss());
        totals.measured.cpu = Some(cpu);
        self.reporter.end(totals).map_err(OwnFault::from)?;
        if let Some(page) = &mut self.page {
            page.write(totals).map_err(OwnFault::from)?;
        }
        Ok(match (exit_code(totals), signal) {
            (0 | super::INTERNAL | super::MACHINE, _) if self.bad > 0 => BAD_INPUT,
            (0, Some((signal, _))) => 128 + signal,
            (code, _) => code,
        })
    }
}

/// One subject's campaign among those of a command.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    /// The subject.
    pub(super) subject: &'a Subject,
    /// Whether it is one of several.
    pub(super) several: bool,
    /// What ends it early, and those that would follow.
    pub(super) interrupt: &'a Interrupt,
}

/// Runs a campaign on each subject, until one is interrupted; the worst exit code.
pub(super) fn on_each(
    subjects: &Subjects,
    run: impl Fn(Turn<'_>) -> anyhow::Result<u8>,
) -> anyhow::Result<u8> {
    let several = subjects.sources().len() > 1;
    let subjects = subjects.found()?;
    let interrupt = Interrupt::install().map_err(OwnFault::Start)?;
    let mut code = super::OK;
    for subject in &subjects {
        if interrupt.signal().is_none() {
            let turn = Turn {
                subject,
                several,
                interrupt: &interrupt,
            };
            code = super::worse(code, run(turn)?);
        }
    }
    Ok(code)
}
