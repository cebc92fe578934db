//! A component in lockstep: where the oracle's core code ends, the Canonical ABI says what comes next, be it
//! `realloc`, the function itself, or the function behind an adapter.
//!
//! A lowered function is a host function of the oracle's, which this answers; the subject has an adapter
//! there, of whose code no document says anything.

use super::Following;
use super::setting::Setting;
use crate::observe::Place;
use crate::outcome::Outcome;
use lockstep_oracles::address::{FuncAddr, InstanceAddr};
use lockstep_oracles::component::{AbiTrap, Component, Lowering, Out, Val};
use lockstep_oracles::machine::Stop;
use lockstep_oracles::trap::Trap;
use lockstep_oracles::value::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// The number of the first lowered function among the oracle's host functions: the host has none of these.
pub(crate) const FIRST_LOWERED: u32 = 1 << 24;

/// A component of the case, and where its calls stand.
#[derive(Debug)]
pub(crate) struct ComponentRun {
    pub(crate) component: Arc<Component>,
    /// Which of the case's components it is, from 0.
    pub(crate) number: u32,
    /// The number of its first core module among those of the case's components.
    pub(crate) first_module: u32,
    /// The core instances that were made, in order.
    pub(crate) instances: Vec<InstanceAddr>,
    /// The lowered functions that were imported so far: each is one function, whoever imports it.
    pub(crate) lowered: HashMap<u32, FuncAddr>,
    /// What is under way, innermost last.
    pub(crate) stack: Vec<Activity>,
    /// What the host's call returned.
    pub(crate) result: Option<Val>,
    /// Why the component trapped where no core code did.
    pub(crate) trap: Option<ComponentTrap>,
    /// What the adapter may still call in which the Canonical ABI trapped: where the specification lifts every value
    /// before it lowers the first, an adapter takes one after the other.
    pub(crate) allocators: Vec<FuncAddr>,
}

/// Why a component traps where no core code does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ComponentTrap {
    /// The Canonical ABI says so
    Abi(AbiTrap),
    /// A segment of a core module does
    Segment(Trap),
    /// A limit of the oracle's own, or a mistake in flattening
    Limit(String),
}

/// What is under way.
#[derive(Debug)]
pub(crate) enum Activity {
    /// Core modules are instantiated: the next one is this
    Instantiate(usize),
    Call(Call),
}

/// A call of a lifted function.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) lifted: u32,
    /// The lowered function that called it, and where it wants results that are not flat; none: the host.
    pub(crate) caller: Option<(u32, Out)>,
    pub(crate) state: State,
}

/// Where a call stands.
#[derive(Debug)]
pub(crate) enum State {
    /// Its arguments are lowered
    Params(Lowering),
    /// It runs
    Core,
    /// Its results are lowered for the caller; these are the core ones
    Results(Lowering, Vec<Value>),
    /// `post-return` runs; the caller gets these
    PostReturn(Vec<Value>),
}

/// A component's call, or its instantiation, as the subject says that it ended.
#[derive(Clone, Debug, PartialEq)]
pub enum ComponentOutcome {
    /// With a result, if the function has one
    Returned(Option<Val>),
    /// Otherwise
    Ended(Outcome),
}

impl ComponentOutcome {
    /// The outcome without the result.
    pub fn plain(&self) -> Outcome {
        match self {
            ComponentOutcome::Returned(_) => Outcome::Returned(Vec::new()),
            ComponentOutcome::Ended(outcome) => outcome.clone(),
        }
    }
}

impl Following {
    /// Another component comes; its number, and that of its first core module.
    pub(crate) fn leave_component(&mut self) -> (u32, u32) {
        let left = self.component.take().map(|run| *run);
        self.other_components.extend(left);
        let others = self.other_components.iter();
        let modules = others.clone().map(|run| run.component.modules.len() as u32);
        (others.len() as u32, modules.sum())
    }

    /// Has the component of this number be the current one, if there is such.
    pub(crate) fn select_component(&mut self, number: u32) {
        let Some(current) = self.component.as_mut().filter(|run| run.number != number) else {
            return;
        };
        let mut others = self.other_components.iter_mut();
        if let Some(other) = others.find(|run| run.number == number) {
            std::mem::swap(&mut **current, other);
        }
    }

    /// Which component is instantiated, or called; the last one, from 0.
    pub fn component_number(&self) -> Option<u32> {
        self.component.as_ref().map(|run| run.number)
    }

    /// The core instances that the current component has in the oracle so far.
    pub fn component_instances(&self) -> &[InstanceAddr] {
        self.component.as_ref().map_or(&[], |run| &run.instances)
    }

    /// Whether this is in a function that the adapter may still call in which the Canonical ABI trapped.
    pub(crate) fn is_of_trapping_adapter(&self, place: Place) -> bool {
        let run = self.component.as_ref().filter(|run| run.trap.is_some());
        let (Some(run), Some(instance), Some(func)) = (run, place.instance, place.func) else {
            return false;
        };
        let funcs = &self.machine.store.instance(instance).funcs;
        let func = funcs.get(func.index());
        func.is_some_and(|func| run.allocators.contains(func))
    }

    /// The Canonical ABI traps in the adapter between these two functions.
    pub(crate) fn trap_in_adapter(&mut self, lifted: u32, lowered: u32) {
        let Some(run) = &self.component else {
            return;
        };
        let component = run.component.clone();
        let options = [
            &component.lifted[lifted as usize].options,
            &component.lowered[lowered as usize].options,
        ];
        let reallocs = options
            .into_iter()
            .filter_map(|options| options.realloc.as_ref());
        let allocators = reallocs.filter_map(|realloc| self.core_func(realloc).ok());
        let allocators = allocators.collect();
        if let Some(run) = &mut self.component {
            run.allocators = allocators;
        }
    }

    pub(crate) fn push(&mut self, activity: Activity) {
        if let Some(run) = &mut self.component {
            run.stack.push(activity);
        }
    }

    /// The oracle's core code goes no further: the component trapped.
    pub(crate) fn component_traps(&mut self, trap: ComponentTrap) -> Option<Stop> {
        if let Some(run) = &mut self.component {
            run.trap = Some(trap);
            run.stack.clear();
        }
        Some(Stop::Trap(Trap::Unreachable))
    }
}

impl Setting {
    /// The lowering with what adapters of this version do in their own way.
    pub(crate) fn as_adapters_do(&self, lowering: Lowering) -> Lowering {
        lowering
            .with_latin1_align(self.conventions.latin1_align)
            .with_first_pass(self.conventions.first_pass)
    }
}
