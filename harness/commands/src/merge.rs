//! `lockstep merge`: the shards of a campaign as one report.

use super::delivery::{Delivery, Ended, Order};
use super::output::About;
use super::reporters;
use super::several::Came;
use super::subjects::Subject;
use super::{Format, OK};
use anyhow::{Context, anyhow, bail};
use clap::Args;
use lockstep_core::campaign::interrupt::SIGNALS;
use lockstep_core::campaign::protocol::Wishes;
use lockstep_core::campaign::records::{self, Records};
use lockstep_core::campaign::shard::Shard;
use lockstep_core::totals::Measured;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Reports the shards of a campaign as one run would have
///
/// A PATH is a file that `run`, `replay` or `spec` wrote with --records, or a directory of such files. All shards
/// of a campaign must be there, each once and complete. Their cases are reported in the order of the
/// plan, as if they had been run now: text, JSON, JUnit, pages, saved findings, totals and exit code are
/// those of one run, but for what was measured, and for the command that a page shows. Shards of several
/// subjects are reported one subject after the other.
///
/// Whether too many cases are inconclusive, and whether a cause is gone, is decided here and not by a
/// shard. Nothing is run: no subject is needed.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  lockstep run --cases 2000 --shard 1/2 --records night    # on one machine
  lockstep run --cases 2000 --shard 2/2 --records night    # on another
  lockstep merge night --junit night.xml --save findings")]
pub(super) struct Options {
    /// Files of records, or directories of them
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Keep each finding of a generated case as a case file in this directory
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    #[command(flatten)]
    report: reporters::Options,
}

pub(super) fn run(options: &Options, format: Format) -> anyhow::Result<u8> {
    let mut by_subject: BTreeMap<String, Vec<Records>> = BTreeMap::new();
    for file in files(&options.paths)? {
        let records = Records::open(&file)?;
        let subject = records.head.wishes.subject.to_string();
        by_subject.entry(subject).or_default().push(records);
    }
    for shards in by_subject.values() {
        records::check(shards)?;
    }
    let several = by_subject.len() > 1;
    let mut came = Came::default();
    for shards in by_subject.values_mut() {
        let subject = shards.first().map(|shard| shard.head.wishes.subject.name());
        came.codes.push((
            subject.unwrap_or_default(),
            merge(options, format, several, shards)?,
        ));
    }
    came.conclude(format)
}

/// The files that the paths mean, each once.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        match path.is_dir() {
            true => files.extend(in_directory(path)?),
            false => files.push(path.clone()),
        }
    }
    if files.is_empty() {
        bail!(
            "there are no records (*.{EXTENSION}) in {}",
            paths[0].display()
        );
    }
    files.sort();
    files.dedup();
    Ok(files)
}

/// The end of the name of a file of records.
const EXTENSION: &str = "jsonl";

/// The name of the file of a shard's records.
pub(super) fn file_name(subject: &str, shard: Shard) -> String {
    format!("{subject}-{}-of-{}.{EXTENSION}", shard.number(), shard.of())
}

fn in_directory(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(path)
        .and_then(|entries| entries.collect::<Result<Vec<_>, _>>())
        .with_context(|| format!("cannot read {}", path.display()))
        // The reason belongs to the one sentence.
        .map_err(|error| anyhow!("{error:#}"))?;
    let paths = entries.into_iter().map(|entry| entry.path());
    let is_wanted = |path: &PathBuf| path.extension().is_some_and(|end| end == EXTENSION);
    Ok(paths.filter(is_wanted).collect())
}

/// Reports the shards of one subject.
fn merge(
    options: &Options,
    format: Format,
    several: bool,
    shards: &mut [Records],
) -> anyhow::Result<u8> {
    let Some(first) = shards.first() else {
        return Ok(OK);
    };
    let head = first.head.clone();
    let ended = ended(shards);
    let mut delivery = Delivery::new(Order {
        wishes: &head.wishes,
        several,
        seed: head.seed,
        shard: Shard::WHOLE,
        length: None,
        format,
        about: About::Scripts,
        options: &options.report,
        save: options.save.as_deref(),
        decided: decided(&head.wishes),
    })?;
    records::in_order(shards, |outcome| delivery.deliver(outcome))?;
    delivery.end(ended)
}

/// The options of the shards that decide what comes of a saved case, which has most of them itself.
fn decided(wishes: &Wishes) -> String {
    let mut text = Subject::linked(wishes.subject).replay();
    if wishes.no_twin {
        text.push_str(" --no-twin");
    }
    text
}

/// What the shards cost together: the time of the longest, the memory of the largest, the CPU time of
/// all; the machine is that of the first.
fn ended(shards: &[Records]) -> Ended {
    let ends = || shards.iter().map(|shard| &shard.end);
    let name = ends().find_map(|end| end.interrupted.as_deref());
    let signal = SIGNALS.iter().find(|(_, known)| Some(*known) == name);
    Ended {
        interrupted: signal.map(|(_, name)| *name),
        not_begun: ends().map(|end| end.not_begun).sum(),
        measured: Measured {
            elapsed_seconds: ends().map(|end| end.elapsed_seconds).fold(0.0, f64::max),
            peak_rss_bytes: ends().filter_map(|end| end.peak_rss_bytes).max(),
            cpu: None,
            host: ends()
                .next()
                .map(|end| end.host.clone())
                .unwrap_or_default(),
        },
        processes_ns: ends().map(|end| end.process_ns).sum(),
    }
}
