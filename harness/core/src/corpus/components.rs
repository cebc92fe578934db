//! Whether a case of components fits together: it has neither links nor a host, and its steps are calls.

use super::fit::{Misfit, each, of_step};
use crate::case::{Case, Host, Step, StepAction};
use crate::check::component::fits;
use crate::check::{UserComponent, UserFile};

/// What is wrong with the host of a case of components.
const NO_IMPORTS: &str = "a component that is run imports nothing";

/// Checks that every module is a component that can be run, and that steps call exports of theirs.
///
/// # Errors
///
/// The first thing that does not fit.
pub(super) fn check(case: &Case) -> Result<(), Misfit> {
    let components = components(case)?;
    for (step, number) in case.steps.iter().zip(1..) {
        can_be_taken(step, &components).map_err(|message| Misfit::Step { number, message })?;
    }
    if !case.checks.is_empty() {
        let message = "the memories of a component have no names to look at".to_owned();
        return Err(Misfit::Memory { number: 1, message });
    }
    host(&case.host)
}

fn components(case: &Case) -> Result<Vec<UserComponent>, Misfit> {
    each(case, |number, module| {
        let name = format!("module `{}`", module.name);
        match UserFile::new(name, module.wasm.to_vec()) {
            Ok(UserFile::Component(component)) => Ok(component),
            Ok(UserFile::Module(_)) => Err(Misfit::Mixed { number }),
            Err(source) => Err(Misfit::Module { number, source }),
        }
    })
}

fn can_be_taken(step: &Step, components: &[UserComponent]) -> Result<(), String> {
    let own = of_step(step, components)?;
    match &step.action {
        StepAction::Invoke { export, args } => fits(&own.component, export, args),
        _ => Err("of a component only a function can be called, with `invoke`".to_owned()),
    }
}

/// Nothing of the host's is imported.
fn host(host: &Host) -> Result<(), Misfit> {
    if host.wasi.is_some() {
        return Err(Misfit::Wasi);
    }
    let named = [
        ("functions", host.functions.keys().next()),
        ("memories", host.memories.keys().next()),
        ("tables", host.tables.keys().next()),
        ("globals", host.globals.keys().next()),
    ];
    let first = named
        .into_iter()
        .find_map(|(table, name)| Some((table, name?)));
    match first {
        None => Ok(()),
        Some((table, name)) => Err(Misfit::Host {
            table,
            name: name.clone(),
            message: NO_IMPORTS.to_owned(),
        }),
    }
}
