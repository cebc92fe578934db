//! What a shard leaves behind: each of its cases as it came, so that the shards of a campaign can be
//! reported together as if they had been one run.
//!
//! A file of JSON, one object a line: a head that says of which plan and which shard it is, the cases in
//! the order of the plan, and an end. Without its end a file is that of a run that was killed, and is
//! refused. A case that the campaign abandoned has no line.

use super::outcome::{Judged, Outcome};
use super::protocol::Wishes;
use super::shard::Shard;
use crate::totals::Host;
use crate::whole_file::Partial;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The version of the records.
pub const SCHEMA: &str = "lockstep.records/1";

/// Of which campaign the records are, and of which part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// [`SCHEMA`]
    pub schema: String,
    /// The version of Lockstep.
    pub lockstep: String,
    /// The part.
    pub shard: Shard,
    /// The plan's fingerprint.
    pub plan: String,
    /// Seed of the generated cases.
    pub seed: u64,
    /// What the user decided in place of the cases; the subject among it.
    pub wishes: Wishes,
}

/// How a shard ended, and what it cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// The signal that ended it.
    pub interrupted: Option<String>,
    /// Planned cases that were not begun, because a deadline came or the first finding ended the run.
    pub not_begun: u64,
    /// Wall-clock time.
    pub elapsed_seconds: f64,
    /// The largest resident size of its process, in bytes.
    pub peak_rss_bytes: Option<u64>,
    /// CPU time of its process, in nanoseconds.
    pub process_ns: u64,
    /// The machine.
    pub host: Host,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line<J> {
    Head(Head),
    Case { place: u64, judged: J },
    BadInput { place: u64, why: String },
    End(End),
}

/// Why records cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The file system's
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A line is none of records
    #[error("{path}, line {line}: this is no record of a campaign: {why}")]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// Why.
        why: String,
    },
    /// The file ends too early
    #[error("{path} has no end: that run was killed, or still goes on; run the shard again")]
    NoEnd {
        /// The file.
        path: PathBuf,
    },
}

/// Writes records while the campaign runs.
#[derive(Debug)]
pub struct Recorder {
    out: BufWriter<File>,
    path: PathBuf,
    /// Removes the file unless it comes to its end.
    partial: Partial,
}

impl Recorder {
    /// Begins a file in place of one that is there.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn create(path: &Path, head: &Head) -> Result<Recorder, RecordsError> {
        let created = Partial::create(path);
        let (file, partial) = created.map_err(|error| RecordsError::Io {
            path: path.to_owned(),
            error,
        })?;
        let mut recorder = Recorder {
            out: BufWriter::new(file),
            path: path.to_owned(),
            partial,
        };
        recorder.line(&Line::<&Judged>::Head(head.clone()))?;
        Ok(recorder)
    }

    /// Keeps what came of the case at a place of the plan.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn outcome(&mut self, place: u64, outcome: &Outcome) -> Result<(), RecordsError> {
        match outcome {
            Outcome::Abandoned => Ok(()),
            Outcome::BadInput(why) => self.line(&Line::<&Judged>::BadInput {
                place,
                why: why.clone(),
            }),
            Outcome::Case(judged) => self.line(&Line::Case {
                place,
                judged: &**judged,
            }),
        }
    }

    /// Completes the file, or removes it.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn end(mut self, end: End) -> Result<(), RecordsError> {
        let ended = self.line(&Line::<&Judged>::End(end)).and_then(|()| {
            self.out.flush().map_err(|error| RecordsError::Io {
                path: self.path.clone(),
                error,
            })
        });
        if ended.is_ok() {
            self.partial.finish();
        }
        ended
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), RecordsError> {
        let written = serde_json::to_writer(&mut self.out, line).map_err(io::Error::from);
        let written = written.and_then(|()| self.out.write_all(b"\n"));
        written.map_err(|error| RecordsError::Io {
            path: self.path.clone(),
            error,
        })
    }
}

/// The records of one shard, complete.
#[derive(Debug)]
pub struct Records {
    /// Of what they are.
    pub head: Head,
    /// How the shard ended.
    pub end: End,
    /// The file.
    pub path: PathBuf,
    lines: Lines,
}

impl Records {
    /// Opens a file, and looks whether it is complete.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is no complete file of records.
    pub fn open(path: &Path) -> Result<Records, RecordsError> {
        // It is read twice.
        let is_file = std::fs::metadata(path).and_then(|about| match about.is_file() {
            true => Ok(()),
            false => Err(io::Error::other("it is no regular file")),
        });
        is_file.map_err(|error| RecordsError::Io {
            path: path.to_owned(),
            error,
        })?;
        let mut lines = Lines::open(path)?;
        let head = match lines.next()? {
            Some(Line::Head(head)) if head.schema == SCHEMA => head,
            Some(Line::Head(head)) => {
                return Err(lines.wrong(format!("its schema is {}, not {SCHEMA}", head.schema)));
            }
            _ => return Err(lines.wrong("it has no head".to_owned())),
        };
        let mut last = String::new();
        for line in BufReader::new(lines.open_again()?).lines() {
            last = line.map_err(|error| lines.io(error))?;
        }
        match serde_json::from_str::<Line<Box<Judged>>>(&last) {
            Ok(Line::End(end)) => Ok(Records {
                head,
                end,
                path: path.to_owned(),
                lines,
            }),
            _ => Err(RecordsError::NoEnd {
                path: path.to_owned(),
            }),
        }
    }

    /// The next case and its place.
    fn next(&mut self) -> Result<Option<(u64, Outcome)>, RecordsError> {
        match self.lines.next()? {
            Some(Line::Case { place, judged }) => Ok(Some((place, Outcome::Case(judged)))),
            Some(Line::BadInput { place, why }) => Ok(Some((place, Outcome::BadInput(why)))),
            Some(Line::End(_)) | None => Ok(None),
            Some(Line::Head(_)) => Err(self.lines.wrong("a second head".to_owned())),
        }
    }
}

#[derive(Debug)]
struct Lines {
    input: BufReader<File>,
    path: PathBuf,
    line: u64,
}

impl Lines {
    fn open(path: &Path) -> Result<Lines, RecordsError> {
        let file = File::open(path).map_err(|error| RecordsError::Io {
            path: path.to_owned(),
            error,
        })?;
        Ok(Lines {
            input: BufReader::new(file),
            path: path.to_owned(),
            line: 0,
        })
    }

    fn open_again(&self) -> Result<File, RecordsError> {
        File::open(&self.path).map_err(|error| self.io(error))
    }

    fn next(&mut self) -> Result<Option<Line<Box<Judged>>>, RecordsError> {
        let mut text = String::new();
        let read = self.input.read_line(&mut text);
        if read.map_err(|error| self.io(error))? == 0 {
            return Ok(None);
        }
        self.line += 1;
        let line = serde_json::from_str(&text);
        line.map(Some)
            .map_err(|error| self.wrong(error.to_string()))
    }

    fn io(&self, error: io::Error) -> RecordsError {
        RecordsError::Io {
            path: self.path.clone(),
            error,
        }
    }

    fn wrong(&self, why: String) -> RecordsError {
        RecordsError::Line {
            path: self.path.clone(),
            line: self.line.max(1),
            why,
        }
    }
}

/// Why shards are not those of one campaign.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Two plans, subjects or programs
    #[error("{one} and {other} are not of one campaign: they differ in {what}")]
    Plan {
        /// A file.
        one: PathBuf,
        /// Another.
        other: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// A shard twice
    #[error("shard {shard} is there twice: {one} and {other}")]
    Twice {
        /// Which.
        shard: Shard,
        /// A file.
        one: PathBuf,
        /// Another.
        other: PathBuf,
    },
    /// A shard is not there
    #[error("shard {number}/{of} is not there: {there} of {of} are")]
    Missing {
        /// The first that is not.
        number: u32,
        /// Parts in all.
        of: u32,
        /// Parts that are there.
        there: usize,
    },
}

/// Whether these are all shards of one campaign, each once.
///
/// # Errors
///
/// The first thing that is wrong with them.
pub fn check(shards: &[Records]) -> Result<(), Mismatch> {
    let Some((first, others)) = shards.split_first() else {
        return Ok(());
    };
    let one = &first.head;
    for other in others {
        let differs = [
            (
                one.lockstep != other.head.lockstep,
                "the version of Lockstep",
            ),
            (
                one.shard.of() != other.head.shard.of(),
                "the number of shards",
            ),
            (one.plan != other.head.plan, "what was to be run"),
        ];
        if let Some((_, what)) = differs.into_iter().find(|(differs, _)| *differs) {
            return Err(Mismatch::Plan {
                one: first.path.clone(),
                other: other.path.clone(),
                what,
            });
        }
    }
    for (position, shard) in shards.iter().enumerate() {
        let same = |earlier: &&Records| earlier.head.shard == shard.head.shard;
        if let Some(twin) = shards[..position].iter().find(same) {
            return Err(Mismatch::Twice {
                shard: shard.head.shard,
                one: twin.path.clone(),
                other: shard.path.clone(),
            });
        }
    }
    let there: BTreeSet<u32> = shards.iter().map(|s| s.head.shard.number()).collect();
    let of = one.shard.of();
    match (1..=of).find(|number| !there.contains(number)) {
        None => Ok(()),
        Some(number) => Err(Mismatch::Missing {
            number,
            of,
            there: there.len(),
        }),
    }
}

/// Hands on the cases of all shards in the order of the plan.
///
/// # Errors
///
/// The first of a file, or of `deliver`.
pub fn in_order<E: From<RecordsError>>(
    shards: &mut [Records],
    mut deliver: impl FnMut(Outcome) -> Result<(), E>,
) -> Result<(), E> {
    let mut heads = Vec::with_capacity(shards.len());
    for shard in &mut *shards {
        heads.push(shard.next()?);
    }
    loop {
        let places = heads.iter().enumerate();
        let places = places.filter_map(|(n, head)| head.as_ref().map(|(place, _)| (*place, n)));
        let Some((_, first)) = places.min() else {
            return Ok(());
        };
        let following = shards[first].next()?;
        if let Some((_, outcome)) = std::mem::replace(&mut heads[first], following) {
            deliver(outcome)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::num::NonZeroU32;
    use tempfile::TempDir;

    fn head(shard: Shard) -> Head {
        Head {
            schema: SCHEMA.to_owned(),
            lockstep: "1".to_owned(),
            shard,
            plan: "a plan".to_owned(),
            seed: 7,
            wishes: Wishes::default(),
        }
    }

    /// Writes the cases at these places, each with its place as its text, as so many shards.
    fn written(dir: &TempDir, places: &BTreeSet<u64>, of: u32) -> Vec<Records> {
        let of = NonZeroU32::new(of).unwrap();
        let shards = Shard::all(of).map(|shard| {
            let path = dir.path().join(format!("{}.jsonl", shard.number()));
            let mut recorder = Recorder::create(&path, &head(shard)).unwrap();
            for &place in places.iter().filter(|place| shard.has(**place)) {
                let outcome = Outcome::BadInput(place.to_string());
                recorder.outcome(place, &outcome).unwrap();
            }
            recorder.end(End::default()).unwrap();
            Records::open(&path).unwrap()
        });
        shards.collect()
    }

    fn read(shards: &mut [Records]) -> Vec<u64> {
        let mut read = Vec::new();
        let ended = in_order(shards, |outcome| {
            let Outcome::BadInput(text) = outcome else {
                panic!("{outcome:?}")
            };
            read.push(text.parse().unwrap());
            Ok::<(), RecordsError>(())
        });
        ended.unwrap();
        read
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn the_shards_of_a_plan_are_read_as_the_whole(
            places in prop::collection::btree_set(0u64..60, 0..40),
            of in 1u32..6,
        ) {
            let dir = TempDir::new().unwrap();
            let mut shards = written(&dir, &places, of);
            prop_assert_eq!(check(&shards), Ok(()));
            prop_assert_eq!(read(&mut shards), places.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_shard_that_was_killed_is_refused_and_run_again_it_is_whole() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("1.jsonl");
        let begin = || {
            let mut recorder = Recorder::create(&path, &head(Shard::WHOLE)).unwrap();
            let outcome = Outcome::BadInput("3".to_owned());
            recorder.outcome(3, &outcome).unwrap();
            recorder
        };
        drop(begin());
        assert!(!path.exists());
        // Killed, it has no time to remove its file.
        let mut killed = begin();
        killed.out.flush().unwrap();
        std::mem::forget(killed);
        let error = Records::open(&path).unwrap_err().to_string();
        assert!(error.contains("1.jsonl has no end"), "{error}");
        begin().end(End::default()).unwrap();
        assert_eq!(read(&mut [Records::open(&path).unwrap()]), [3]);
    }

    #[test]
    fn shards_of_different_plans_or_not_all_of_them_are_refused() {
        let dir = TempDir::new().unwrap();
        let all = || written(&dir, &BTreeSet::from([1]), 3);
        let wrong = |shards: &[Records]| check(shards).unwrap_err().to_string();
        assert_eq!(wrong(&all()[..2]), "shard 3/3 is not there: 2 of 3 are");
        let mut twice = all();
        twice.push(all().remove(1));
        assert!(wrong(&twice).starts_with("shard 2/3 is there twice: "));
        let mut other = all();
        other[1].head.plan = "another".to_owned();
        assert!(wrong(&other).ends_with("they differ in what was to be run"));
    }

    #[test]
    fn what_is_no_record_is_refused_with_its_line() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("a.jsonl");
        std::fs::write(&path, "{\"schema\":\"lockstep.totals/1\"}\n").unwrap();
        let error = Records::open(&path).unwrap_err().to_string();
        assert!(
            error.contains("a.jsonl, line 1: this is no record"),
            "{error}"
        );
    }
}
