//! Whether a cause that ends executions explains a case: found out by running the case again without
//! what the cause needs.

use super::{CaseOptions, Executed, executions};
use crate::causes::{Cause, Causes, Known};
use crate::configuration::{Configuration, Nans, Target};
use crate::divergence::Execution;
use crate::fault::Honest;
use crate::subject::adapter::Adapter;
use crate::subject::engines;
use crate::subject::{Settings, SubjectError};
use lockstep_spec_tests::script::Script;
use std::sync::Arc;

/// A cause that explains a case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Confirmed {
    pub(super) known: Known,
    /// First command that the case did not run without the cause either.
    pub(super) cut: Option<usize>,
}

/// `PULLEY-REGISTERS`, if the case agrees natively under the same schedule, and on Pulley without
/// an event; `pulley` is the engine of the instrumented execution.
pub(super) fn confirmed<A: Adapter>(
    script: &Script,
    options: &CaseOptions,
    pulley: &Arc<A::Factory>,
) -> Result<Option<Confirmed>, SubjectError> {
    let mut native = options.clone();
    native.schedule.dare = None;
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
    let known = Causes::of(native.settings.subject).get(Cause::PulleyRegisters);
    Ok(known.filter(|_| is_clean(&idle)).map(|known| Confirmed {
        known,
        cut: mine.cut,
    }))
}

/// The cause that explains that a case took its process with it, if one does: everything that
/// the case runs without the cause comes to its end, and agrees.
///
/// # Errors
///
/// When the engine refuses a configuration that it accepted for the case.
pub fn explain_death(
    script: &Script,
    options: &CaseOptions,
) -> Result<Option<Known>, SubjectError> {
    engines::engine(options.settings.subject)?.explain_death(script, options)
}

/// The same on an engine that is known by type.
pub(crate) fn death_on<A: Adapter>(
    script: &Script,
    options: &CaseOptions,
) -> Result<Option<Known>, SubjectError> {
    let settings = Settings {
        features: script.features,
        ..options.settings
    };
    let known = Causes::of(settings.subject).get(Cause::PulleyRegisters);
    if known.is_none() || settings.configuration.target != Target::Pulley64 {
        return Ok(None);
    }
    let instrumented = A::factory(Execution::Instrumented, &settings)?;
    let Some(Confirmed { known, cut }) = confirmed::<A>(script, options, &instrumented)? else {
        return Ok(None);
    };
    let quiet = canonical(script, options);
    let uninstrumented = A::factory(Execution::Uninstrumented, &quiet.settings)?;
    let twin = executions::idle::<A>(script, &quiet, &uninstrumented, cut)?;
    Ok(is_clean(&twin).then_some(known))
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
