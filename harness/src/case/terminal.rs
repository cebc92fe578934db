//! Whether a terminal entry of the ledger explains a case: found out by running the case again without
//! what the entry's cause needs.

use super::{CaseOptions, Executed, executions};
use crate::configuration::{Configuration, Nans, Target};
use crate::divergence::Execution;
use crate::fault::Honest;
use crate::ledger::{self, PULLEY_REGISTERS};
use crate::subject::adapter::{Adapter, with_adapter};
use crate::subject::{Settings, SubjectError};
use lockstep_spec_tests::script::Script;
use std::sync::Arc;

/// A terminal entry that explains a case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Confirmed {
    pub(super) entry: &'static str,
    /// First command that the case did not run without the entry's cause either.
    pub(super) cut: Option<usize>,
}

/// `W42-PULLEY-REGISTERS`, if the case agrees natively under the same schedule, and on Pulley without
/// an event; `pulley` is the engine of the instrumented execution.
pub(super) fn confirmed<A: Adapter>(
    script: &Script,
    options: &CaseOptions,
    pulley: &Arc<A::Factory>,
) -> Result<Option<Confirmed>, SubjectError> {
    let mut native = options.clone();
    native.settings = Settings {
        features: script.features,
        configuration: Configuration {
            target: Target::Native,
            ..options.settings.configuration
        },
        ..options.settings
    };
    let factory = A::factory(Execution::Instrumented, &native.settings)?;
    let (mine, neighbour) =
        executions::instrumented::<A, _>(script, &native, &factory, Box::new(Honest), None)?;
    let agrees = is_clean(&mine) && neighbour.as_ref().is_none_or(is_clean);
    if !agrees {
        return Ok(None);
    }
    let quiet = canonical(script, options);
    let factory = match options.settings.configuration.nans {
        Nans::Canonical => pulley.clone(),
        Nans::Any => A::factory(Execution::Instrumented, &quiet.settings)?,
    };
    let idle = executions::idle::<A>(script, &quiet, &factory, mine.cut)?;
    let entry = ledger::of(native.settings.subject, PULLEY_REGISTERS).filter(|_| is_clean(&idle));
    Ok(entry.map(|entry| Confirmed {
        entry,
        cut: mine.cut,
    }))
}

/// The terminal entry that explains that a case took its process with it, if one does: everything that
/// the case runs without the entry's cause comes to its end, and agrees.
///
/// # Errors
///
/// When the engine refuses a configuration that it accepted for the case.
pub fn explain_death(
    script: &Script,
    options: &CaseOptions,
) -> Result<Option<&'static str>, SubjectError> {
    with_adapter!(options.settings.subject, A => death_on::<A>(script, options))
}

fn death_on<A: Adapter>(
    script: &Script,
    options: &CaseOptions,
) -> Result<Option<&'static str>, SubjectError> {
    let settings = Settings {
        features: script.features,
        ..options.settings
    };
    let known = ledger::of(settings.subject, PULLEY_REGISTERS);
    if known.is_none() || settings.configuration.target != Target::Pulley64 {
        return Ok(None);
    }
    let instrumented = A::factory(Execution::Instrumented, &settings)?;
    let Some(Confirmed { entry, cut }) = confirmed::<A>(script, options, &instrumented)? else {
        return Ok(None);
    };
    let quiet = canonical(script, options);
    let uninstrumented = A::factory(Execution::Uninstrumented, &quiet.settings)?;
    let twin = executions::idle::<A>(script, &quiet, &uninstrumented, cut)?;
    Ok(is_clean(&twin).then_some(entry))
}

/// The same case with canonical NaNs: where no event comes, none shows which NaN the engine chose.
fn canonical(script: &Script, options: &CaseOptions) -> CaseOptions {
    let mut options = options.clone();
    options.settings.features = script.features;
    options.settings.configuration.nans = Nans::Canonical;
    options
}

fn is_clean(executed: &Executed) -> bool {
    let findings = &executed.findings;
    findings.unexplained.is_empty() && findings.suspected.is_none()
}
