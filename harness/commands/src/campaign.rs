//! Runs cases in worker processes and reports them: what the commands that do so have in common.

use super::conditions::Conditions;
use super::delivery::{Delivery, Ended, Order};
use super::filters::Filters;
use super::output::{self, About};
use super::reporters;
use super::subjects::Subject;
use super::{Format, OwnFault, listing, merge};
use anyhow::{anyhow, bail};
use chrono::{DateTime, NaiveTime, Timelike};
use clap::Args;
use lockstep_core::campaign::interrupt::Interrupt;
use lockstep_core::campaign::outcome::Outcome;
pub(super) use lockstep_core::campaign::plan::Plan;
use lockstep_core::campaign::plan::Planned;
use lockstep_core::campaign::pool::{Pool, PoolError, Ran, Receiver};
use lockstep_core::campaign::protocol::{What, Wishes};
use lockstep_core::campaign::records::{self, End, Head, Recorder};
use lockstep_core::campaign::shard::Shard;
use lockstep_core::phases::cpu_ns;
use lockstep_core::report::trail::Trails;
use lockstep_core::totals::Measured;
use lockstep_core::version::Version;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// Options of commands that run cases in worker processes.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Options {
    /// Worker processes; the default is one a processor
    #[arg(long, value_name = "N", value_parser = super::jobs)]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(super) conditions: Conditions,
    /// Has every case do once, on purpose, the first thing that it meets of what a known cause forbids:
    /// the totals show whether the causes are still there. Without it 5 of 100 generated cases do so
    #[arg(long)]
    dare: bool,
    #[command(flatten)]
    pub(super) report: reporters::Options,
}

/// Options of which cases are run, and where one run ends.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Choice {
    /// Run part K of N, in which every N-th case is; `lockstep merge` reports the parts together
    #[arg(long, value_name = "K/N", default_value_t)]
    shard: Shard,
    /// Also keep what came of each case in a file of this directory, for `lockstep merge`
    #[arg(long, value_name = "DIR")]
    records: Option<PathBuf>,
    /// Begin no case after this time: 2026-11-29T06:00:00Z, or 06:00 for the next 6 o'clock in UTC
    #[arg(long, value_name = "TIME", value_parser = deadline)]
    deadline: Option<SystemTime>,
    /// End with the first case that diverges
    #[arg(long)]
    fail_fast: bool,
    /// Print the names of the cases that would be run, and run none
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    pub(super) filters: Filters,
}

impl Choice {
    /// Whether what comes of each case is kept: a page may be made of it.
    pub(super) fn is_recorded(&self) -> bool {
        self.records.is_some()
    }

    /// A plan of these cases, as far as these options decide it.
    pub(super) fn plan(&self, named: Vec<What>, wishes: Wishes) -> anyhow::Result<Plan> {
        let recorded = match self.is_recorded() {
            true => Trails::Unexplained,
            false => Trails::None,
        };
        Ok(Plan {
            named: self.filters.select(named)?,
            names: self.filters.patterns.clone(),
            wishes: Wishes {
                trails: wishes.trails.max(recorded),
                ..wishes
            },
            shard: self.shard,
            deadline: self.deadline,
            ..Plan::default()
        })
    }
}

impl Options {
    /// What the user decides in place of the cases.
    pub(super) fn wishes(&self, subject: Version, host_seed: u64) -> Wishes {
        Wishes {
            // A page can be walked back from what nobody has explained.
            trails: match self.report.page.is_wanted() {
                true => Trails::Unexplained,
                false => Trails::None,
            },
            dare: self.dare,
            ..self.conditions.wishes(subject, host_seed)
        }
    }

    /// Whether every case dares something.
    pub(super) fn dares(&self) -> bool {
        self.dare
    }

    /// The options that decide what comes of a case, as they are written.
    pub(super) fn replay(&self, subject: &Subject) -> String {
        let dared = if self.dare { " --dare" } else { "" };
        format!("{}{}{dared}", subject.replay(), self.conditions.written())
    }

    pub(super) fn pool(&self, subject: &Subject) -> Pool {
        Pool {
            launch: subject.launch(),
            limits: self.conditions.limits(),
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
    /// Which part of it is run; none where all is, of what the user named.
    pub(super) choice: Option<&'a Choice>,
    /// Where findings are kept.
    pub(super) save: Option<&'a Path>,
    /// The command that runs a case again.
    pub(super) replay: &'a (dyn Fn(&What) -> String + Sync),
}

/// A campaign whose cases are run one by one.
pub(super) struct Session<'a> {
    campaign: &'a Campaign<'a>,
    started: Instant,
    delivery: Delivery<'a>,
}

impl Campaign<'_> {
    /// Runs the campaign, or lists what it would run; the exit code.
    pub(super) fn run(&self, interrupt: &Interrupt) -> anyhow::Result<u8> {
        let plan = &self.plan;
        if plan.is_empty() && !self.options.report.allow_empty {
            bail!(
                "no case is left to run, so nothing would be compared; --allow-empty permits that"
            );
        }
        if self.choice.is_some_and(|choice| choice.list) {
            return listing::write(plan, self.format);
        }
        let started = Instant::now();
        let mut receipt = Receipt {
            campaign: self,
            delivery: self.delivery(self.plan.length())?,
            recorder: self.recorder()?,
            interrupt,
        };
        let request = |planned: &Planned| plan.request(&planned.what);
        let pool = self.pool();
        let ended = pool.run(plan.cases(), request, interrupt, &mut receipt);
        ended.map_err(|error| match error {
            PoolError::Start(error) => OwnFault::Start(error).into(),
            PoolError::Deliver(error) => error,
        })?;
        let Receipt {
            delivery, recorder, ..
        } = receipt;
        let ended = Ended {
            interrupted: interrupt.signal().map(|(_, name)| name),
            not_begun: self.not_begun(&delivery),
            measured: Measured::now(started.elapsed()),
            processes_ns: 0,
        };
        if let Some(Err(error)) = recorder.map(|recorder| recorder.end(of_shard(&ended))) {
            output::lost("the records", &error);
        }
        delivery.end(ended)
    }

    /// Begins to report cases that are run one by one.
    pub(super) fn begin(&self) -> anyhow::Result<Session<'_>> {
        Ok(Session {
            campaign: self,
            started: Instant::now(),
            // How many calls there will be is not known: some end their worker.
            delivery: self.delivery(None)?,
        })
    }

    /// What runs its cases.
    pub(super) fn pool(&self) -> Pool {
        self.options.pool(self.subject)
    }

    fn delivery(&self, length: Option<u64>) -> anyhow::Result<Delivery<'_>> {
        Delivery::new(Order {
            wishes: &self.plan.wishes,
            several: self.several,
            seed: self.plan.seed,
            shard: self.plan.shard,
            length,
            format: self.format,
            about: self.about,
            options: &self.options.report,
            save: self.save,
            decided: self.options.replay(self.subject),
        })
    }

    /// Whether the first finding was to end the campaign, and did.
    fn has_failed(&self, delivery: &Delivery<'_>) -> bool {
        self.choice.is_some_and(|choice| choice.fail_fast) && delivery.found
    }

    /// Cases that were left because of a finding or the deadline, as far as their number is known.
    fn not_begun(&self, delivery: &Delivery<'_>) -> u64 {
        let deadline = self.plan.deadline;
        let is_over = deadline.is_some_and(|deadline| SystemTime::now() >= deadline);
        match self.plan.length() {
            Some(length) if is_over || self.has_failed(delivery) => {
                length.saturating_sub(delivery.handled)
            }
            _ => 0,
        }
    }

    /// Where the shard's cases are kept.
    fn recorder(&self) -> anyhow::Result<Option<Recorder>> {
        let Some(directory) = self.choice.and_then(|choice| choice.records.as_ref()) else {
            return Ok(None);
        };
        std::fs::create_dir_all(directory)
            .map_err(|error| anyhow!("cannot make {}: {error}", directory.display()))?;
        let plan = &self.plan;
        let name = merge::file_name(&plan.wishes.subject.id(), plan.shard);
        let head = Head {
            schema: records::SCHEMA.to_owned(),
            lockstep: env!("CARGO_PKG_VERSION").to_owned(),
            shard: plan.shard,
            plan: plan.fingerprint(),
            seed: plan.seed,
            wishes: plan.wishes.clone(),
        };
        Ok(Some(Recorder::create(&directory.join(name), &head)?))
    }
}

/// What takes the cases of a campaign as they end.
struct Receipt<'a> {
    campaign: &'a Campaign<'a>,
    delivery: Delivery<'a>,
    recorder: Option<Recorder>,
    interrupt: &'a Interrupt,
}

impl Receiver<Planned> for Receipt<'_> {
    /// Its place in the plan, and what came of it.
    type Kept = (u64, Outcome);
    type Error = anyhow::Error;

    fn arrive(&mut self, ran: Ran<Planned>, waits: bool) -> (u64, Outcome) {
        let Ran {
            job: Planned { place, what },
            asked,
            elapsed,
        } = ran;
        let replay = (self.campaign.replay)(&what);
        let ran = Ran {
            job: what,
            asked,
            elapsed,
        };
        let outcome = Outcome::of(ran, replay);
        if waits {
            self.delivery.announce(&outcome);
        }
        (place, outcome)
    }

    fn deliver(&mut self, (place, outcome): (u64, Outcome)) -> anyhow::Result<()> {
        if self.campaign.has_failed(&self.delivery) {
            return Ok(());
        }
        record(&mut self.recorder, place, &outcome);
        self.delivery.deliver(outcome)?;
        if self.campaign.has_failed(&self.delivery) {
            self.interrupt.give_up();
        }
        Ok(())
    }
}

impl Session<'_> {
    /// Reports what came of a case.
    ///
    /// # Errors
    ///
    /// When the report cannot be written.
    pub(super) fn deliver(&mut self, ran: Ran<What>) -> anyhow::Result<()> {
        let replay = (self.campaign.replay)(&ran.job);
        self.outcome(Outcome::of(ran, replay))
    }

    /// Reports an outcome.
    ///
    /// # Errors
    ///
    /// As of [`Session::deliver`].
    pub(super) fn outcome(&mut self, outcome: Outcome) -> anyhow::Result<()> {
        self.delivery.deliver(outcome)
    }

    /// Reports the totals; the exit code.
    ///
    /// # Errors
    ///
    /// When the report cannot be written.
    pub(super) fn end(self, interrupt: &Interrupt) -> anyhow::Result<u8> {
        self.delivery.end(Ended {
            interrupted: interrupt.signal().map(|(_, name)| name),
            not_begun: 0,
            measured: Measured::now(self.started.elapsed()),
            processes_ns: 0,
        })
    }
}

/// Keeps an outcome. Records that cannot be written are given up, and the campaign goes on without them.
fn record(recorder: &mut Option<Recorder>, place: u64, outcome: &Outcome) {
    let Some(mut writing) = recorder.take() else {
        return;
    };
    match writing.outcome(place, outcome) {
        Ok(()) => *recorder = Some(writing),
        Err(error) => {
            drop(writing);
            output::lost("the records", &error);
        }
    }
}

/// How a shard ended, for its records.
fn of_shard(ended: &Ended) -> End {
    End {
        interrupted: ended.interrupted.map(str::to_owned),
        not_begun: ended.not_begun,
        elapsed_seconds: ended.measured.elapsed_seconds,
        peak_rss_bytes: ended.measured.peak_rss_bytes,
        process_ns: cpu_ns(),
        host: ended.measured.host.clone(),
    }
}

/// A point in time: as RFC 3339 has it, or an hour and minute of UTC, the next one.
fn deadline(text: &str) -> Result<SystemTime, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        let seconds = u64::try_from(time.timestamp());
        let seconds = seconds.map_err(|_| "that was before 1970".to_owned())?;
        return Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    }
    let time = NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| {
        "write 2026-11-29T06:00:00Z, or 06:00 for the next time that it is 6 o'clock in UTC"
            .to_owned()
    })?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_err(|error| error.to_string())?.as_secs();
    let wanted = u64::from(time.num_seconds_from_midnight());
    Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(next(now, wanted)))
}

/// The first time after `now`, in seconds, at which a day is so many seconds old.
fn next(now: u64, wanted: u64) -> u64 {
    let today = now - now % DAY + wanted;
    if today > now { today } else { today + DAY }
}

/// Seconds of a day.
const DAY: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_a_date_or_the_next_time_of_day() {
        let time = deadline("1970-01-02T01:00:00+01:00").unwrap();
        assert_eq!(time, SystemTime::UNIX_EPOCH + Duration::from_secs(DAY));
        let now = SystemTime::now();
        let soon = deadline("06:00").unwrap();
        let wait = soon.duration_since(now).unwrap_or_default();
        assert!(wait <= Duration::from_secs(DAY));
        for wrong in ["6 o'clock", "2026-11-29", "25:00", "1960-01-01T00:00:00Z"] {
            assert!(deadline(wrong).is_err(), "{wrong}");
        }
        assert_eq!((next(10, 20), next(20, 20)), (20, DAY + 20));
        assert_eq!(next(DAY + 5, 3), 2 * DAY + 3);
    }
}
