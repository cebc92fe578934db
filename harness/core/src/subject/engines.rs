//! The engines of this program: those whose crates were linked in.
//!
//! The program chooses an engine by version, once a case. What happens at an event is compiled for
//! each engine: behind [`Linked`] is an [`Adapter`], known by type.

use super::SubjectError;
use super::adapter::Adapter;
use crate::case::{self, CaseOptions, CaseReport};
use crate::causes::Known;
use crate::fault::{Honest, Tamper};
use crate::lockstep::probes::LateModule;
use crate::trace::Tracer;
use crate::version::Version;
use linkme::distributed_slice;
use lockstep_spec_tests::script::Script;
use std::marker::PhantomData;

/// Every engine that was linked in. The crate of an engine adds itself.
#[distributed_slice]
pub static ENGINES: [&'static dyn Linked];

/// The versions that were linked in, the oldest first.
pub fn linked() -> Vec<Version> {
    let mut versions: Vec<Version> = ENGINES.iter().map(|engine| engine.version()).collect();
    versions.sort();
    versions
}

/// The engine of a version.
///
/// # Errors
///
/// When no engine of that version was linked in.
pub fn engine(version: Version) -> Result<&'static dyn Linked, SubjectError> {
    let mut all = ENGINES.iter().copied();
    let found = all.find(|engine| engine.version() == version);
    found.ok_or_else(|| SubjectError::new(format!("{version} is not in this program")))
}

/// What can be asked of an engine, whichever it is.
pub trait Linked: Sync {
    /// Its version.
    fn version(&self) -> Version;

    /// Runs a case ([`case::run`]).
    ///
    /// # Errors
    ///
    /// When the engine refuses its configuration.
    fn run(&self, script: &Script, options: &CaseOptions) -> Result<CaseReport, SubjectError>;

    /// Runs a case with a fault layer on the instrumented execution ([`case::run_with`]).
    ///
    /// # Errors
    ///
    /// When the engine refuses its configuration.
    fn run_with(
        &self,
        script: &Script,
        options: &CaseOptions,
        tamper: Box<dyn Tamper>,
        tracer: Option<Box<dyn Tracer>>,
    ) -> Result<CaseReport, SubjectError>;

    /// Runs the instrumented execution alone ([`case::run_instrumented`]).
    ///
    /// # Errors
    ///
    /// When the engine refuses its configuration.
    fn run_instrumented(
        &self,
        script: &Script,
        options: &CaseOptions,
        tracer: Option<Box<dyn Tracer>>,
    ) -> Result<CaseReport, SubjectError>;

    /// The cause that explains that a case took its process with it ([`case::explain_death`]).
    ///
    /// # Errors
    ///
    /// When the engine refuses a configuration that it accepted for the case.
    fn explain_death(
        &self,
        script: &Script,
        options: &CaseOptions,
    ) -> Result<Option<Known>, SubjectError>;

    /// Turns single-step on in a store that knows no module, then instantiates one and calls it.
    ///
    /// # Errors
    ///
    /// When the engine refuses anything of this.
    fn late_module(&self) -> Result<LateModule, SubjectError>;
}

/// The engine behind an adapter.
#[derive(Debug)]
pub struct EngineOf<A> {
    version: Version,
    adapter: PhantomData<fn() -> A>,
}

impl<A: Adapter> EngineOf<A> {
    /// The engine of this version.
    pub const fn new(version: Version) -> EngineOf<A> {
        EngineOf {
            version,
            adapter: PhantomData,
        }
    }
}

impl<A: Adapter> Linked for EngineOf<A> {
    fn version(&self) -> Version {
        self.version
    }

    fn run(&self, script: &Script, options: &CaseOptions) -> Result<CaseReport, SubjectError> {
        case::run_on::<A, _>(script, options, Box::new(Honest), None)
    }

    fn run_with(
        &self,
        script: &Script,
        options: &CaseOptions,
        tamper: Box<dyn Tamper>,
        tracer: Option<Box<dyn Tracer>>,
    ) -> Result<CaseReport, SubjectError> {
        case::run_on::<A, _>(script, options, tamper, tracer)
    }

    fn run_instrumented(
        &self,
        script: &Script,
        options: &CaseOptions,
        tracer: Option<Box<dyn Tracer>>,
    ) -> Result<CaseReport, SubjectError> {
        case::run_instrumented_on::<A>(script, options, tracer)
    }

    fn explain_death(
        &self,
        script: &Script,
        options: &CaseOptions,
    ) -> Result<Option<Known>, SubjectError> {
        case::terminal::death_on::<A>(script, options)
    }

    fn late_module(&self) -> Result<LateModule, SubjectError> {
        A::late_module()
    }
}
