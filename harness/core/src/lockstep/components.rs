//! A component in lockstep: where the oracle's core code ends, the Canonical ABI says what comes next, be it
//! `realloc`, the function itself, or the function behind an adapter.
//!
//! A lowered function is a host function of the oracle's, which this answers; the subject has an adapter
//! there, of whose code no document says anything.

use super::driver::Driver;
use super::following::Following;
use super::setting::Setting;
use super::verdict::{Ended, Expected, Verdict};
use crate::causes::Cause;
use crate::divergence::Moment;
use crate::outcome::{Outcome, SeenTrap};
use crate::rules::RuleId;
use lockstep_oracles::address::{ExnAddr, FuncAddr, HostFuncId, InstanceAddr};
use lockstep_oracles::component::{
    AbiTrap, Callee, Component, Lowering, MAX_FLAT_PARAMS, Out, Type, Val, lift_flat_values,
    written,
};
use lockstep_oracles::machine::Stop;
use lockstep_oracles::trap::Trap;
use lockstep_oracles::value::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// The number of the first lowered function among the oracle's host functions: the host has none of these.
pub(super) const FIRST_LOWERED: u32 = 1 << 24;

/// A component of the case, and where its calls stand.
#[derive(Debug)]
pub(super) struct ComponentRun {
    pub(super) component: Arc<Component>,
    /// The number of its first core module among those of the case's components.
    pub(super) first_module: u32,
    /// The core instances that were made, in order.
    pub(super) instances: Vec<InstanceAddr>,
    /// The lowered functions that were imported so far: each is one function, whoever imports it.
    pub(super) lowered: HashMap<u32, FuncAddr>,
    /// What is under way, innermost last.
    stack: Vec<Activity>,
    /// What the host's call returned.
    pub(super) result: Option<Val>,
    /// Why the component trapped where no core code did.
    trap: Option<ComponentTrap>,
}

/// Why a component traps where no core code does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ComponentTrap {
    /// The Canonical ABI says so
    Abi(AbiTrap),
    /// A segment of a core module does
    Segment(Trap),
    /// A limit of the oracle's own, or a mistake in flattening
    Limit(String),
}

/// What is under way.
#[derive(Debug)]
pub(super) enum Activity {
    /// Core modules are instantiated: the next one is this
    Instantiate(usize),
    Call(Call),
}

/// A call of a lifted function.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) lifted: u32,
    /// The lowered function that called it, and where it wants results that are not flat; none: the host.
    pub(super) caller: Option<(u32, Out)>,
    pub(super) state: State,
}

/// Where a call stands.
#[derive(Debug)]
pub(super) enum State {
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
    /// The core instances that the component that was instantiated last has in the oracle so far.
    pub fn component_instances(&self) -> &[InstanceAddr] {
        self.component.as_ref().map_or(&[], |run| &run.instances)
    }

    pub(super) fn push(&mut self, activity: Activity) {
        if let Some(run) = &mut self.component {
            run.stack.push(activity);
        }
    }

    /// The oracle's core code goes no further: the component trapped.
    fn component_traps(&mut self, trap: ComponentTrap) -> Option<Stop> {
        if let Some(run) = &mut self.component {
            run.trap = Some(trap);
            run.stack.clear();
        }
        Some(Stop::Trap(Trap::Unreachable))
    }
}

impl Setting {
    /// The lowering with what adapters of this version do in their own way.
    pub(super) fn as_adapters_do(&self, lowering: Lowering) -> Lowering {
        lowering
            .with_latin1_align(self.conventions.latin1_align)
            .with_first_pass(self.conventions.first_pass)
    }
}

impl Driver {
    /// The instance in which the oracle is at its next event, to which it goes now.
    pub fn next_instance(&mut self) -> Option<InstanceAddr> {
        let stop = self.advance();
        self.following.invocation.ahead = Some(stop);
        self.following.machine.top().map(|view| view.instance)
    }

    /// Begins the instantiation of a component in the oracle; the subject's follows.
    pub fn begin_component(&mut self, component: &Arc<Component>) {
        let first_module = match &self.following.component {
            Some(run) if Arc::ptr_eq(&run.component, component) => run.first_module,
            Some(run) => run.first_module + run.component.modules.len() as u32,
            None => 0,
        };
        self.following.component = Some(Box::new(ComponentRun {
            component: component.clone(),
            first_module,
            instances: Vec::new(),
            lowered: HashMap::new(),
            stack: vec![Activity::Instantiate(0)],
            result: None,
            trap: None,
        }));
        self.begin_with_core_code();
    }

    /// Begins a call of an exported function in the oracle; the subject's follows. Whether there is one.
    pub fn begin_component_call(&mut self, export: &str, args: Vec<Val>) -> bool {
        let Some(run) = &mut self.following.component else {
            return false;
        };
        let mut exports = run.component.exports.iter();
        let Some(&(_, lifted)) = exports.find(|(name, _)| name == export) else {
            return false;
        };
        let callee = &run.component.lifted[lifted as usize];
        let types = callee.ty.param_types();
        let lowering = Lowering::new(
            callee.options.encoding,
            args,
            &types,
            MAX_FLAT_PARAMS,
            Out::Allocated,
        );
        run.stack = vec![Activity::Call(Call {
            lifted,
            caller: None,
            state: State::Params(lowering),
        })];
        run.result = None;
        run.trap = None;
        self.begin_with_core_code();
        true
    }

    /// Goes to the first core code that runs. There is no event before it.
    fn begin_with_core_code(&mut self) {
        self.comparison.budget.disturb();
        self.following.invocation.begin();
        self.following.machine.reset_max_depth();
        if let Some(stop) = self.proceed(None) {
            self.following.invocation.ahead = Some(stop);
        }
    }

    /// What comes behind a stop of the machine's, where there is a component: none if its core code goes on.
    #[inline(never)]
    pub(super) fn glue(&mut self, stop: Stop) -> Option<Stop> {
        let run = self.following.component.as_ref();
        match stop {
            Stop::HostCall(HostFuncId(id)) if id >= FIRST_LOWERED => {
                self.begin_fused_call(id - FIRST_LOWERED)
            }
            Stop::Return if run.is_some_and(|run| !run.stack.is_empty()) => {
                let results = self.following.machine.results().to_vec();
                self.proceed(Some(results))
            }
            stop => Some(stop),
        }
    }

    /// Core code called a lowered function: its arguments are lifted, and lowered for what is called.
    fn begin_fused_call(&mut self, lowered: u32) -> Option<Stop> {
        let args = self.following.machine.host_args();
        let Some(run) = &self.following.component else {
            return Some(Stop::HostCall(HostFuncId(FIRST_LOWERED + lowered)));
        };
        let component = run.component.clone();
        let own = &component.lowered[lowered as usize];
        let types = own.ty.param_types();
        let memory = self.following.memory_bytes(&own.options);
        let encoding = own.options.encoding;
        let values = match lift_flat_values(memory, encoding, MAX_FLAT_PARAMS, &args, &types) {
            Ok(values) => values,
            Err(trap) => return self.following.component_traps(ComponentTrap::Abi(trap)),
        };
        let out = match args.last() {
            // Only read where the results are not flat: then it is where they go.
            Some(&Value::I32(ptr)) => Out::At(ptr),
            _ => Out::Allocated,
        };
        let Callee::Lifted(lifted) = own.callee;
        let callee = &component.lifted[lifted as usize];
        let to = callee.options.encoding;
        let lowering = Lowering::new(to, values, &types, MAX_FLAT_PARAMS, Out::Allocated);
        let lowering = self.following.setting.as_adapters_do(lowering);
        self.following.push(Activity::Call(Call {
            lifted,
            caller: Some((lowered, out)),
            state: State::Params(lowering),
        }));
        self.proceed(None)
    }

    /// Goes on with what is under way, until core code is to run, which gives none, or nothing is left.
    fn proceed(&mut self, mut returned: Option<Vec<Value>>) -> Option<Stop> {
        loop {
            let Some(run) = &mut self.following.component else {
                return Some(Stop::Return);
            };
            let component = run.component.clone();
            match run.stack.pop() {
                None => return Some(Stop::Return),
                Some(Activity::Instantiate(next)) => {
                    returned = None;
                    match self.instantiate_next(&component, next) {
                        Ok(Some(started)) => {
                            self.following.push(Activity::Instantiate(next + 1));
                            if started {
                                return None;
                            }
                        }
                        Ok(None) => {}
                        Err(trap) => return self.following.component_traps(trap),
                    }
                }
                Some(Activity::Call(call)) => {
                    match self.advance_call(&component, call, returned.take()) {
                        Ok(true) => return None,
                        Ok(false) => {}
                        Err(trap) => return self.following.component_traps(trap),
                    }
                }
            }
        }
    }

    /// Ends a call of the component, or its instantiation, with what the subject says came of it.
    pub fn finish_component(
        &mut self,
        export: Option<&str>,
        outcome: &ComponentOutcome,
    ) -> Verdict {
        let before = self.ended.is_some();
        let verdict = self.finish(&outcome.plain());
        while self.following.machine.activations() > 0 {
            self.following.machine.unwind();
        }
        let Some(run) = &mut self.following.component else {
            return verdict;
        };
        run.stack.clear();
        if before || self.ended.is_some() {
            return verdict;
        }
        let result = run.result.take();
        let (Some(export), ComponentOutcome::Returned(seen), Verdict::Ended(Expected::Returned(_))) =
            (export, outcome, &verdict)
        else {
            return verdict;
        };
        let ty = run
            .component
            .export(export)
            .and_then(|lifted| lifted.ty.result.clone());
        if ty.is_some() {
            self.recorder.note(RuleId::Values);
        }
        if result != *seen {
            self.report_plain(
                RuleId::Values,
                Moment::End,
                format!("returned {}", shown(result.as_ref(), ty.as_ref())),
                format!("returned {}", shown(seen.as_ref(), ty.as_ref())),
            );
        }
        verdict
    }

    /// The end of a component where no core code trapped: the error must be one, whichever.
    pub(super) fn finish_component_trap(&mut self, outcome: &Outcome) -> Option<Verdict> {
        let trap = self.following.component.as_mut()?.trap.take()?;
        let (agrees, expected) = match &trap {
            ComponentTrap::Abi(trap) => (
                matches!(outcome, Outcome::Trapped(_) | Outcome::Failed(_)),
                format!("a trap of the Canonical ABI: {trap}"),
            ),
            ComponentTrap::Segment(trap) => (
                matches!(outcome, Outcome::Trapped(seen) if seen.is(*trap)),
                format!("trapped: {trap}"),
            ),
            ComponentTrap::Limit(_) => {
                self.ended = Some(Ended::OtherState);
                return Some(Verdict::Lost);
            }
        };
        let trap = match trap {
            ComponentTrap::Segment(trap) => trap,
            _ => match outcome {
                Outcome::Trapped(SeenTrap::Wasm(trap)) => *trap,
                _ => Trap::Unreachable,
            },
        };
        if !agrees {
            self.report_outcome(&expected, outcome);
        }
        Some(Verdict::Ended(Expected::Trapped(trap)))
    }

    /// The end of a component's call in which core code threw what its own activation does not catch: behind an
    /// adapter it must be a trap. What an embedder is told of one that leaves the component no document says.
    pub(super) fn finish_component_throw(
        &mut self,
        exn: ExnAddr,
        outcome: &Outcome,
    ) -> Option<Verdict> {
        let run = self.following.component.as_ref()?;
        let fused = match run.stack.last() {
            Some(Activity::Call(call)) => call.caller.is_some(),
            _ => false,
        };
        let traps = matches!(outcome, Outcome::Trapped(_) | Outcome::Failed(_));
        let agrees = traps || (!fused && matches!(outcome, Outcome::Thrown(_)));
        self.following.machine.unwind();
        if !agrees {
            let thrown = matches!(outcome, Outcome::Thrown(_));
            let known = self
                .following
                .setting
                .cause(Cause::AdapterThrow)
                .filter(|_| thrown);
            self.report_known(
                RuleId::Outcome,
                Moment::End,
                "a trap: an exception does not leave a component instance".to_owned(),
                outcome.describe(),
                known,
            );
        }
        Some(Verdict::Ended(Expected::Thrown(exn)))
    }
}

fn shown(value: Option<&Val>, ty: Option<&Type>) -> String {
    match (value, ty) {
        (Some(value), Some(ty)) => written(value, ty),
        _ => "nothing".to_owned(),
    }
}
