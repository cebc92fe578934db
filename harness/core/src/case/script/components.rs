//! A script's components: instantiated, and their exported functions called.

use super::{Run, Step, failed, not_met, unmet};
use crate::case::Status;
use crate::check::FEATURES;
use crate::configuration::{Configuration, Epochs, Inlining, Target};
use crate::fault::Layer;
use crate::lockstep::driver::{Expected, Verdict};
use crate::outcome::Outcome;
use crate::schedule::Schedule;
use crate::subject::adapter::{Adapter, Subject};
use crate::subject::answer::Invoked;
use lockstep_oracles::component::{ComponentError, decode, parse_args};
use std::sync::Arc;

/// What of a configuration is not modelled for components: what needs the compiled code of their modules, or
/// changes or interrupts code of the engine's own between them.
pub(crate) fn not_modelled(configuration: &Configuration) -> Option<&'static str> {
    let parts = [
        (configuration.target != Target::Native, "Pulley"),
        (configuration.inlining != Inlining::Off, "inlining"),
        (configuration.epochs != Epochs::Off, "epochs"),
    ];
    parts.into_iter().find(|(is, _)| *is).map(|(_, what)| what)
}

/// What of a schedule is not carried out for components: nobody has tried it.
fn not_carried_out(schedule: &Schedule) -> Option<&'static str> {
    let parts = [
        (!schedule.actions.is_empty(), "actions of the debugger"),
        (schedule.neighbour.is_some(), "a neighbour"),
        (schedule.code_image, "a look at the code image"),
    ];
    parts.into_iter().find(|(is, _)| *is).map(|(_, what)| what)
}

impl<A: Adapter, T: Layer> Run<'_, A, T> {
    /// Decodes and instantiates a component.
    pub(super) fn component(&mut self, bytes: &Arc<[u8]>) -> Step<()> {
        let number = self.components.iter().flatten().count() as u32;
        self.components.push(None);
        let options = self.options;
        let left_out = not_modelled(&options.settings.configuration)
            .or_else(|| not_carried_out(&options.schedule));
        if let Some(what) = left_out {
            let why = format!("components are not run with {what}");
            return Err(Status::Unsupported(why).into());
        }
        let component = match decode(bytes, self.script.features & FEATURES) {
            Ok(component) => Arc::new(component),
            Err(ComponentError::Unsupported(what)) => {
                let why = format!("components with this are not run: {what}");
                return Err(Status::Unsupported(why).into());
            }
            Err(ComponentError::Invalid(why)) => return Err(not_met("a valid component", why)),
        };
        let made = self.subject.instantiate_component(bytes, &component)?;
        if let Some(made) = self.components.last_mut() {
            *made = Some((number, component));
        }
        self.ended(&made, "an instance")
    }

    /// Calls an exported function. Once a component has trapped nothing enters its store again.
    pub(super) fn call_export(&mut self, number: u32, export: &str, args: &str) -> Step<()> {
        let Some(Some((number, component))) = self.components.get(number as usize).cloned() else {
            return Err(Status::NotRun("its component was not instantiated".to_owned()).into());
        };
        if self.component_trapped {
            let why = "the component trapped before, and is not entered again";
            return Err(Status::NotRun(why.to_owned()).into());
        }
        let Some(function) = component.export(export) else {
            return Err(not_met(format!("a function `{export}`"), "no such export"));
        };
        let args = parse_args(args, &function.ty.param_types())
            .map_err(|error| failed(format!("arguments of `{export}`: {error}")))?;
        let called = self.subject.invoke_component(number, export, &args)?;
        self.ended(&called, "a return")
    }

    fn ended(&mut self, invoked: &Invoked, wanted: &str) -> Step<()> {
        self.outcome = Some(invoked.outcome.describe());
        self.component_trapped |= !matches!(invoked.outcome, Outcome::Returned(_));
        match &invoked.verdict {
            Verdict::Ended(Expected::Returned(_)) => Ok(()),
            Verdict::Ended(_) if self.options.actions_may_trap => Ok(()),
            verdict => Err(unmet(verdict, &invoked.outcome, wanted)),
        }
    }
}
