//! Whether a terminal entry of the ledger explains a case: found out by running the case again without
//! what the entry's cause needs.

use super::script::Run;
use super::{CaseOptions, Executed, executions};
use crate::configuration::{Configuration, Target};
use crate::divergence::Execution;
use crate::fault::Honest;
use crate::ledger::PULLEY_REGISTERS;
use crate::schedule::Schedule;
use crate::subject::execute::{Settings, SubjectError};
use crate::subject::factory::Factory;
use lockstep_spec_tests::script::Script;
use std::sync::Arc;

/// `W42-PULLEY-REGISTERS`, if the case agrees natively under the same schedule, and on Pulley without
/// an event; `pulley` is the engine of the instrumented execution.
pub(super) fn confirmed(
    script: &Script,
    options: &CaseOptions,
    pulley: &Arc<Factory>,
) -> Result<Option<&'static str>, SubjectError> {
    let mut native = options.clone();
    native.settings = Settings {
        features: script.features,
        configuration: Configuration {
            target: Target::Native,
            ..options.settings.configuration
        },
        ..options.settings
    };
    let factory = Factory::new(Execution::Instrumented, &native.settings)?;
    let (mine, neighbour) = executions::instrumented(script, &native, &factory, Honest, None)?;
    let agrees = is_clean(&mine) && neighbour.as_ref().is_none_or(is_clean);
    if !agrees {
        return Ok(None);
    }
    let idle = Run::new(script, options, &Schedule::idle(), pulley, Honest)?.all(None);
    Ok(is_clean(&idle).then_some(PULLEY_REGISTERS))
}

fn is_clean(executed: &Executed) -> bool {
    let findings = &executed.findings;
    findings.unexplained.is_empty() && findings.suspected.is_none()
}
