//! Probes as cases, so that they are counted and reported like everything else.

use super::{CaseReport, CommandReport, Directive, Status};
use crate::subject::SubjectError;
use crate::subject::code_image;
use crate::subject::engines;
use crate::version::Version;

/// Name of the only probe.
pub const LATE_MODULE: &str = "probes/late-module";

/// Whether single-step covers a module that is instantiated after it was turned on.
///
/// # Errors
///
/// When the engine refuses the probe's module or configuration.
pub fn late_module(subject: Version) -> Result<CaseReport, SubjectError> {
    let _turn = code_image::turn(false);
    let divergence = engines::engine(subject)?.late_module()?.check();
    let status = match &divergence {
        Some(found) if found.known.is_none() => {
            Status::Failed("diverged, see the report".to_owned())
        }
        _ => Status::Passed,
    };
    let outcome = divergence
        .as_ref()
        .map_or("every event came".to_owned(), |d| d.observed.clone());
    let mut report = CaseReport {
        name: LATE_MODULE.to_owned(),
        ..CaseReport::default()
    };
    report.commands.push(CommandReport {
        line: 0,
        kind: Directive::Probe,
        text: "instantiate a module after single_step(true)".to_owned(),
        status,
        outcome: Some(outcome),
    });
    if let Some(found) = divergence {
        if let Some(cause) = found.known {
            report.known.insert(cause, 1);
            report.known_examples.push(found);
        } else {
            report.divergences.push(found);
        }
    }
    Ok(report)
}
