//! Generated components: up to three, composed so that one calls another through functions that are lifted and
//! lowered, and calls of what they export.
//!
//! They are written as text. Values of every type go in and out; what a function returns depends on what it was
//! given, on what it called, and on the calls before.

mod body;
mod image;
mod part;
mod signature;
mod types;
mod values;

use super::schedule::{self, Scene};
use super::weights::{below, between, chance, one_of};
use super::{COMPONENT, Linked, Proposals, configuration};
use crate::case::script::not_modelled;
use crate::case::value::MAX_EVENTS;
use crate::case::{Case, CaseModule, Host, Step, StepAction};
use crate::check::{FEATURES, load};
use crate::configuration::{Configuration, Setting};
use crate::lockstep::policy::FramePolicy;
use crate::schedule::Schedule;
use arbitrary::{Result, Unstructured};
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::component::{Component, decode, written};
use part::{Common, Function, Part};
use std::fmt::Write;
use std::sync::Arc;
use types::Types;

/// One in so many cases is of components.
const ONE_IN: u16 = 28;

/// Calls of a case.
const CALLS: (u32, u32) = (2, 7);

/// Whether the case that these bytes stand for is of components. The last two decide it, so that all that is drawn
/// of the others stays as it is.
pub(super) fn is_drawn(data: &[u8]) -> bool {
    match data {
        [.., low, high] if data.len() > 64 => {
            u16::from_le_bytes([*low, *high]).is_multiple_of(ONE_IN)
        }
        _ => false,
    }
}

/// Draws a case of components. None if one with these settings cannot be run.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn case(
    u: &mut Unstructured<'_>,
    proposals: Proposals,
    settings: &[Setting],
) -> Result<Option<Case>> {
    let configuration = configuration(u, settings)?;
    if not_modelled(&configuration).is_some() {
        return Ok(None);
    }
    let stores = if chance(u, 1, 8)? { 2 } else { 1 };
    let mut modules = Vec::new();
    let mut core: Vec<Linked> = Vec::new();
    let mut steps = Vec::new();
    let mut last = None;
    for position in 0..stores {
        let Some(drawn) = Drawn::draw(u, proposals, 4 * position)? else {
            return Ok(None);
        };
        for _ in 0..between(u, CALLS.0, CALLS.1)? {
            steps.extend(drawn.step(u, position, false)?);
        }
        last = drawn.step(u, position, true)?.or(last);
        let own = drawn.component.modules.iter();
        core.extend(own.map(|own| (String::new(), own.bytes.clone(), own.module.clone())));
        modules.push(CaseModule {
            name: format!("component{position}"),
            wasm: drawn.wasm.clone(),
        });
    }
    if stores == 2 {
        steps = shuffled(u, steps)?;
    }
    // Once one has trapped nothing is called any more.
    steps.extend(last);
    let schedule = match chance(u, 1, 2)? {
        true => schedule(u, &core, steps.len() as u32)?,
        false => Schedule::default(),
    };
    let frames = match chance(u, 1, 6)? {
        true => FramePolicy::All,
        false => FramePolicy::Sampled,
    };
    Ok(Some(Case {
        name: format!("generated/{COMPONENT}"),
        modules,
        steps,
        checks: Vec::new(),
        host: Host::default(),
        configuration,
        schedule,
        frames,
        max_events: MAX_EVENTS,
    }))
}

/// Sessions of edits of the core modules: breakpoints, and single-step for a part of the time.
fn schedule(u: &mut Unstructured<'_>, core: &[Linked], steps: u32) -> Result<Schedule> {
    let scene = Scene {
        modules: core,
        steps,
    };
    let drawn = schedule::schedule(u, &scene)?;
    Ok(Schedule {
        sessions: drawn.sessions,
        cycle: drawn.cycle,
        ..Schedule::default()
    })
}

/// A configuration that components are run with.
fn configuration(u: &mut Unstructured<'_>, settings: &[Setting]) -> Result<Configuration> {
    let mut configuration = match chance(u, 1, 2)? {
        true => configuration::configuration(u)?,
        false => Configuration::default(),
    };
    configuration.target = Default::default();
    configuration.inlining = Default::default();
    configuration.epochs = Default::default();
    configuration.fuel = Default::default();
    configuration.nans = Default::default();
    for &setting in settings {
        configuration.set(setting);
    }
    Ok(configuration)
}

/// The steps of two components, one after the other as it comes.
fn shuffled(u: &mut Unstructured<'_>, mut steps: Vec<Step>) -> Result<Vec<Step>> {
    let mut shuffled = Vec::new();
    while !steps.is_empty() {
        let next = below(u, steps.len() as u32)?;
        shuffled.push(steps.remove(next as usize));
    }
    Ok(shuffled)
}

/// A component, and which of its functions may end a call.
struct Drawn {
    wasm: Arc<[u8]>,
    component: Component,
    ending: Vec<bool>,
}

impl Drawn {
    /// Draws a component whose parts have numbers from `first` on; none if it is not valid.
    fn draw(u: &mut Unstructured<'_>, proposals: Proposals, first: u32) -> Result<Option<Drawn>> {
        let (text, ending) = composed(u, proposals, first)?;
        let Ok(wasm) = load::encode(&text) else {
            return Ok(None);
        };
        let component = match decode(&wasm, FEATURES) {
            Ok(component) => component,
            Err(_) => return Ok(None),
        };
        Ok(Some(Drawn {
            wasm: wasm.into(),
            component,
            ending,
        }))
    }

    /// A call of a function, of one that may end it or of one that may not.
    fn step(&self, u: &mut Unstructured<'_>, position: u32, ends: bool) -> Result<Option<Step>> {
        let exports = self.component.exports.iter().zip(&self.ending);
        let exports = exports.filter(|(_, own)| **own == ends);
        let exports: Vec<_> = exports.map(|(export, _)| export).collect();
        let Some((export, lifted)) = one_of(u, &exports)? else {
            return Ok(None);
        };
        let types = self.component.lifted[*lifted as usize].ty.param_types();
        let args = types
            .iter()
            .map(|ty| Ok(written(&values::draw(u, ty)?, ty)));
        let args: Vec<String> = args.collect::<Result<_>>()?;
        Ok(Some(Step {
            module: Some(position),
            action: StepAction::Invoke {
                export: export.clone(),
                args: args.join(", "),
            },
        }))
    }
}

/// The text of a component, and for each function that it exports whether it may end a call.
fn composed(
    u: &mut Unstructured<'_>,
    proposals: Proposals,
    first: u32,
) -> Result<(String, Vec<bool>)> {
    let types = Types::draw(u)?;
    let common = Common {
        types: &types,
        throws: proposals.features().contains(WasmFeatures::EXCEPTIONS) && chance(u, 1, 3)?,
        may_end: chance(u, 1, 2)?,
    };
    let mut text = "(component".to_owned();
    for number in 0..types.len() {
        let definition = types.definition_of(number);
        let _ = write!(
            text,
            "\n(type $d{number} {definition})\n(export $t{number} \"t{number}\" (type $d{number}))"
        );
    }
    let with_types: String = (0..types.len())
        .map(|number| format!(" (with \"t{number}\" (type $t{number}))"))
        .collect();
    // What can be called so far: its name in the text, and what it is.
    let mut callable: Vec<(String, Function)> = Vec::new();
    let mut exported = Vec::new();
    let parts = between(u, 1, 3)?;
    for number in first..first + parts {
        let mut imported = Vec::new();
        let mut given = String::new();
        if !callable.is_empty() {
            for at in 0..between(u, 1, 3)? {
                // Mostly of the newest, so that there are chains of three.
                let back = below(u, callable.len() as u32)?.min(below(u, callable.len() as u32)?);
                let (name, function) = &callable[callable.len() - 1 - back as usize];
                let _ = write!(given, " (with \"i{at}\" (func {name}))");
                imported.push(function.clone());
            }
        }
        let Part {
            text: part,
            functions,
        } = part::draw(u, &common, number, &imported)?;
        text += &part;
        let instances = if chance(u, 1, 6)? { 2 } else { 1 };
        for instance in 0..instances {
            let own = format!("$c{number}-{instance}");
            let _ = write!(
                text,
                "\n(instance {own} (instantiate $c{number}{with_types}{given}))"
            );
            let all = number + 1 == first + parts || chance(u, 1, 2)?;
            for (function, at) in functions.iter().zip(0..) {
                let name = format!("{own} \"f{at}\"");
                if all {
                    let _ = write!(
                        text,
                        "\n(export \"c{number}-{instance}-f{at}\" (func {name}))"
                    );
                    exported.push(function.ends);
                }
                if !function.for_host_alone {
                    callable.push((name, function.clone()));
                }
            }
        }
    }
    text += ")";
    Ok((text, exported))
}

#[cfg(test)]
mod tests;
