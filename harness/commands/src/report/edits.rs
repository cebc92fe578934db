//! The edits of a case's schedule as calls of the engine's API.

use super::NoReproducer;
use lockstep_core::case::Case;
use lockstep_core::causes::Cause;
use lockstep_core::schedule::{Edit, Site, When};
use lockstep_core::version::Version;
use lockstep_oracles::module::Module;
use std::sync::Arc;

/// The edits before anything runs.
pub(super) fn of(
    case: &Case,
    modules: &[Arc<Module>],
    cause: Option<Cause>,
    version: Version,
) -> Result<Vec<String>, NoReproducer> {
    if cause == Some(Cause::LateModule) {
        // The case's own edits come later, to show that they reach the module.
        return Ok(vec!["single_step(true)".to_owned()]);
    }
    let schedule = &case.schedule;
    let listed = cause == Some(Cause::BreakpointCount);
    // What is looked at is what the action does.
    let acts = matches!(
        cause,
        Some(
            Cause::HandleVersion
                | Cause::DroppedHandler
                | Cause::InstancePosition
                | Cause::PanickedHandler
                | Cause::TakenException
                | Cause::NestedThrow
                | Cause::ThrownRoot
        )
    );
    let others = schedule
        .sessions
        .iter()
        .any(|session| session.when != When::Start);
    let more = schedule.cycle.is_some()
        || schedule.neighbour.is_some()
        || !(schedule.actions.is_empty() || acts);
    if (others && !listed) || more {
        return Err(NoReproducer::Schedule);
    }
    let only = modules.len() == 1;
    let variable = |module: u32| match only {
        true => "module".to_owned(),
        false => format!("module{module}"),
    };
    let pc_text = |pc: u32| match version.release() >= 44 {
        true => format!("ModulePC::new({pc:#x})"),
        false => format!("{pc:#x}"),
    };
    let mut edits = Vec::new();
    let started = schedule
        .sessions
        .iter()
        .filter(|session| session.when == When::Start);
    for edit in started.flat_map(|session| &session.edits) {
        let (what, site) = match edit {
            Edit::SingleStep(on) => {
                if *on && Cause::LateModule.is_of(version) {
                    // Otherwise single-step does not reach it.
                    for module in 0..modules.len() as u32 {
                        let place = format!("(&{}, {})", variable(module), pc_text(0));
                        edits.push(format!("add_breakpoint{place}"));
                        edits.push(format!("remove_breakpoint{place}"));
                    }
                }
                edits.push(format!("single_step({on})"));
                continue;
            }
            Edit::Add(site) => ("add_breakpoint", *site),
            Edit::Remove(site) => ("remove_breakpoint", *site),
            Edit::Clear => return Err(NoReproducer::Schedule),
        };
        for (module, pc) in places(site, modules).ok_or(NoReproducer::Schedule)? {
            edits.push(format!("{what}(&{}, {})", variable(module), pc_text(pc)));
        }
    }
    Ok(edits)
}

/// The PCs of a site.
fn places(site: Site, modules: &[Arc<Module>]) -> Option<Vec<(u32, u32)>> {
    let functions = |module: u32| {
        modules
            .get(module as usize)
            .map(|module| module.functions())
    };
    let pcs = |module: u32| -> Option<Vec<u32>> {
        let functions = functions(module)?.iter();
        Some(
            functions
                .flat_map(|function| function.pcs.iter().map(|pc| pc.0))
                .collect(),
        )
    };
    let (module, pcs) = match site {
        Site::Current => return None,
        Site::Pc { module, pc } => (module, vec![pc]),
        Site::All { module } => (module, pcs(module)?),
        Site::Opcode { module, nth } => {
            let pcs = pcs(module)?;
            (module, vec![*pcs.get(nth as usize % pcs.len().max(1))?])
        }
        Site::Function { module, nth } => {
            let functions = functions(module)?;
            let function = functions.get(nth as usize % functions.len().max(1))?;
            (module, function.pcs.iter().map(|pc| pc.0).collect())
        }
    };
    Some(pcs.into_iter().map(|pc| (module, pc)).collect())
}
