//! What campaign and worker say to each other: one JSON object a line, each way.
//!
//! A worker answers a request twice: [`Message::Begun`] when the case is made, before the subject
//! runs, so that a worker's death can be told from a defect in making the case; then
//! [`Message::Done`]. In between it says from time to time that events come ([`Message::Alive`]): a
//! case that takes long does not hang; and when it compiles a module, whose time and memory are not
//! the case's.

use super::wire;
use crate::case::{Case, CaseReport, Cuts, probe};
use crate::check::ProgramWishes;
use crate::configuration::{Configuration, Nans, Setting, SettingError, Target};
use crate::corpus;
use crate::generate;
use crate::generate::Proposals;
use crate::lockstep::daring::Announced;
use crate::lockstep::policy::FramePolicy;
use crate::progress::Place;
use crate::report::trail::Trails;
use crate::version::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The version of what is said: another one is not understood. It grows with every change of a message or
/// of a value in one (`harness/docs/protocol.md`), of which `travels.txt` is the list.
pub const VERSION: u32 = 10;

/// One case for a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Which case.
    pub what: What,
    /// What the user decides in place of the case.
    #[serde(default)]
    pub wishes: Wishes,
    /// How every event is shown; the instrumented execution then runs alone.
    #[serde(default)]
    pub trace: Option<Trace>,
    /// Which commands are left out, since a worker ended there; nothing is dared then, nor is the case held
    /// against what it expects.
    #[serde(default, skip_serializing_if = "Cuts::is_whole")]
    pub cuts: Cuts,
}

impl Request {
    /// The case as it is run without anybody looking.
    pub fn of(what: What, wishes: Wishes) -> Request {
        Request {
            what,
            wishes,
            trace: None,
            cuts: Cuts::default(),
        }
    }
}

/// Which case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// A script of the official suite, by its name.
    Official(String),
    /// A script of a directory of the user's.
    Script {
        /// Its file.
        #[serde(with = "wire::path")]
        path: PathBuf,
        /// Its name in reports.
        name: String,
    },
    /// A user's module and calls of its exports.
    Calls(Box<Calls>),
    /// A built-in module, by its name.
    Sample(String),
    /// The probe of a promise that every case works around.
    Probe,
    /// A generated case.
    Generated {
        /// The campaign's seed.
        seed: u64,
        /// Its place in the seed's sequence.
        number: u64,
    },
    /// A case of the regression corpus, judged against what it expects.
    File(#[serde(with = "wire::path")] PathBuf),
    /// A case as a text that holds its modules, judged by nothing.
    Text(String),
    /// Whether this case, that met a limit of time, ends in the reference interpreter, as far as that
    /// can be found out in a bounded time: the case single-stepped, and nothing else done.
    Ends(Box<What>),
    /// Whether a cause that ends executions explains that this case took its worker with it: the
    /// report counts the cause, or nothing.
    Death(Box<What>),
}

impl What {
    /// A name for a case that is not made yet.
    pub fn name(&self) -> String {
        match self {
            What::Official(name) | What::Sample(name) => name.clone(),
            What::Probe => probe::LATE_MODULE.to_owned(),
            What::Generated { seed, number } => format!("generated/-/{seed:#x}/{number}"),
            What::File(path) => path.display().to_string(),
            What::Script { name, .. } => name.clone(),
            What::Calls(calls) => calls.name.clone(),
            What::Text(_) => "case".to_owned(),
            What::Death(what) | What::Ends(what) => what.name(),
        }
    }

    /// The word for its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            What::Official(_) => "official",
            What::Sample(_) | What::Probe => "sample",
            What::Generated { .. } => "generated",
            What::File(_) => "corpus",
            What::Script { .. } => "script",
            What::Calls(_) => "calls",
            What::Text(_) => "text",
            What::Death(what) | What::Ends(what) => what.kind(),
        }
    }
}

/// A user's module and calls of its exports, as the user writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// The module's file, binary or text.
    #[serde(with = "wire::path")]
    pub file: PathBuf,
    /// Its name in reports.
    pub name: String,
    /// The calls; without any, every export that can be called is.
    pub invoke: Vec<String>,
    /// What imported functions do.
    pub imports: Vec<String>,
    /// What a program for WASI finds.
    #[serde(default)]
    pub program: ProgramWishes,
    /// The first call that is made, from 0, and the one before which it ends.
    pub part: (usize, usize),
}

/// How every event is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Whether as JSON, not as text.
    pub json: bool,
    /// Whether with every frame of the stack, not only the innermost.
    pub stack: bool,
}

/// What the user decides in place of the case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wishes {
    /// The subject.
    #[serde(default)]
    pub subject: Version,
    /// Seed of the host functions' results in scripts and samples.
    pub host_seed: u64,
    /// Which frames are compared.
    pub frames: Option<FramePolicy>,
    /// Events after which a case is inconclusive.
    pub max_events: Option<u64>,
    /// Whether the uninstrumented execution runs the module as it is.
    pub no_twin: bool,
    /// Which proposals generated modules draw from.
    #[serde(default)]
    pub proposals: Proposals,
    /// The features with which a user's scripts are validated, by name; all that there are without.
    #[serde(default)]
    pub features: Option<String>,
    /// Settings of the subject, `axis=value`.
    pub settings: Vec<String>,
    /// Of which divergences the events before them are wanted.
    #[serde(default)]
    pub trails: Trails,
    /// Whether every case dares the first hazard that it meets, if it does not dare one itself.
    #[serde(default)]
    pub dare: bool,
}

impl Wishes {
    /// Applies the wished settings to a configuration.
    ///
    /// # Errors
    ///
    /// When a text is no setting.
    pub fn configure(&self, configuration: &mut Configuration) -> Result<(), SettingError> {
        let settings = self.fixed()?;
        settings
            .into_iter()
            .for_each(|setting| configuration.set(setting));
        Ok(())
    }

    /// The settings that the user has fixed.
    ///
    /// # Errors
    ///
    /// When a text is no setting.
    pub fn fixed(&self) -> Result<Vec<Setting>, SettingError> {
        self.settings.iter().map(|text| text.parse()).collect()
    }

    /// The generated case that these wishes make of a seed and a number, but for what the subject has not.
    ///
    /// # Errors
    ///
    /// When a text is no setting.
    pub fn generated(&self, seed: u64, number: u64) -> Result<Case, SettingError> {
        let settings = self.fixed()?;
        Ok(generate::with_settings(
            seed,
            number,
            self.proposals,
            &settings,
        ))
    }
}

/// What a worker writes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Message {
    /// The case is made; the subject is about to run.
    Begun(Traits),
    /// A command is about to be executed.
    At(Place),
    /// A part of a trace, as it is to be shown.
    Shown(String),
    /// Events have come since the last message.
    Alive,
    /// A module is being decoded or compiled, which is no event of the case.
    Preparing {
        /// Bytes of the module.
        bytes: u64,
    },
    /// It is ready.
    Prepared {
        /// Bytes by which the worker's resident size has grown.
        grown: u64,
    },
    /// What a cause forbids is about to be done on purpose: the worker may die of it.
    Daring(Box<Announced>),
    /// The case has ended.
    Done(Box<Answer>),
}

/// What is known of a case before it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traits {
    /// Its name.
    pub name: String,
    /// The generator of its module; none if it was not generated.
    pub generator: Option<String>,
    /// Whether subject and oracle are compared, but not the uninstrumented execution with both.
    pub two_way: bool,
    /// Whether it runs on Pulley, where an event may bring the process down.
    #[serde(default)]
    pub on_pulley: bool,
    /// Its configuration and schedule, as a case file has them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub setting: String,
}

impl Traits {
    /// Traits of what has only a name.
    pub fn named(name: impl Into<String>) -> Traits {
        Traits {
            name: name.into(),
            ..Traits::default()
        }
    }

    /// A case's traits.
    pub fn of(case: &Case) -> Traits {
        Traits {
            name: case.name.clone(),
            generator: generate::generator_of(&case.name).map(str::to_owned),
            two_way: case.configuration.nans == Nans::Any || case.schedule.intervenes(),
            on_pulley: case.configuration.target == Target::Pulley64,
            setting: corpus::to_setting(case).unwrap_or_default(),
        }
    }
}

/// What came of a request.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The report.
    pub result: Result<CaseReport, Failure>,
    /// What it cost.
    pub cost: Cost,
}

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "lowercase")]
pub enum Failure {
    /// The harness could not finish the case: a defect of Lockstep.
    #[error("{0}")]
    Internal(String),
    /// The input is bad.
    #[error("{0}")]
    Input(String),
    /// The machine refused what the case needs.
    #[error("{0}")]
    Machine(String),
}

/// CPU time of a worker, in nanoseconds, and its memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// From the request's being read to the end of the case.
    pub case_ns: u64,
    /// Before that, since the last case ended: starting, writing the answer, reading the request.
    pub outside_ns: u64,
    /// The largest resident size of the worker so far, in bytes; none where the system does not tell.
    pub peak_rss: Option<u64>,
    /// Parts of the case by what was done in them, as far as they are known.
    pub phases: BTreeMap<String, u64>,
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod travels;
