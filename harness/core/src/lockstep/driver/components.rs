//! How a component begins, goes on and ends.

use super::Driver;
use crate::causes::Cause;
use crate::divergence::Moment;
use crate::lockstep::following::components::{
    Activity, Call, ComponentOutcome, ComponentRun, ComponentTrap, FIRST_LOWERED, State,
};
use crate::lockstep::verdict::{Ended, Expected, Verdict};
use crate::outcome::{Outcome, SeenTrap};
use crate::rules::RuleId;
use lockstep_oracles::address::{ExnAddr, HostFuncId, InstanceAddr};
use lockstep_oracles::component::{
    Callee, Component, Lowering, MAX_FLAT_PARAMS, Out, Type, Val, lift_flat_values, written,
};
use lockstep_oracles::machine::Stop;
use lockstep_oracles::trap::Trap;
use lockstep_oracles::value::Value;
use std::collections::HashMap;
use std::sync::Arc;

impl Driver {
    /// The instances of the oracle's frames at its next event, to which it goes now, innermost first.
    pub fn next_instances(&mut self) -> Vec<InstanceAddr> {
        let stop = self.advance();
        self.following.invocation.ahead = Some(stop);
        let frames = self.following.machine.frames();
        frames.map(|view| view.instance).collect()
    }

    /// Begins the instantiation of a component in the oracle; the subject's follows.
    pub fn begin_component(&mut self, component: &Arc<Component>) {
        let (number, first_module) = self.following.leave_component();
        let offsets = component.modules.iter().map(|module| module.offset);
        let breakpoints = &mut self.following.breakpoints;
        breakpoints.add_component(first_module, offsets.collect());
        for (number, core) in (first_module..).zip(&component.modules) {
            breakpoints.add_module(number, &core.bytes, &core.module);
        }
        self.following.component = Some(Box::new(ComponentRun {
            component: component.clone(),
            number,
            first_module,
            instances: Vec::new(),
            lowered: HashMap::new(),
            stack: vec![Activity::Instantiate(0)],
            result: None,
            trap: None,
            allocators: Vec::new(),
        }));
        self.begin_with_core_code();
    }

    /// Begins a call of an exported function of the component of this number in the oracle; the subject's follows.
    /// Whether there is one.
    pub fn begin_component_call(&mut self, number: u32, export: &str, args: Vec<Val>) -> bool {
        self.following.select_component(number);
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
        run.allocators.clear();
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
    pub(crate) fn glue(&mut self, stop: Stop) -> Option<Stop> {
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
            Err(trap) => {
                let Callee::Lifted(lifted) = own.callee;
                self.following.trap_in_adapter(lifted, lowered);
                return self.following.component_traps(ComponentTrap::Abi(trap));
            }
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
                    let (lifted, caller) = (call.lifted, call.caller);
                    match self.advance_call(&component, call, returned.take()) {
                        Ok(true) => return None,
                        Ok(false) => {}
                        Err(trap) => {
                            if let (ComponentTrap::Abi(_), Some((lowered, _))) = (&trap, caller) {
                                self.following.trap_in_adapter(lifted, lowered);
                            }
                            return self.following.component_traps(trap);
                        }
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
    pub(crate) fn finish_component_trap(&mut self, outcome: &Outcome) -> Option<Verdict> {
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
    pub(crate) fn finish_component_throw(
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
