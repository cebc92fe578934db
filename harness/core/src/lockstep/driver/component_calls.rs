//! What core code of a component comes next, in the oracle.

use super::Driver;
use crate::causes::Cause;
use crate::causes::slots::layouts;
use crate::lockstep::following::components::{Activity, Call, ComponentTrap, FIRST_LOWERED, State};
use crate::lockstep::following::program::ModuleFacts;
use lockstep_oracles::address::{FuncAddr, HostFuncId, InstanceAddr};
use lockstep_oracles::component::{
    AbiTrap, Component, CoreItem, Lifted, Lowering, MAX_FLAT_RESULTS, Options, Step, Type, Val,
    flat_all, lift_unaligned_strings,
};
use lockstep_oracles::machine::InstantiateError;
use lockstep_oracles::store::Extern;
use lockstep_oracles::value::Value;
use std::sync::Arc;

impl Driver {
    /// Goes on with a call: true if core code is to run now.
    pub(crate) fn advance_call(
        &mut self,
        component: &Component,
        mut call: Call,
        returned: Option<Vec<Value>>,
    ) -> Result<bool, ComponentTrap> {
        let callee = &component.lifted[call.lifted as usize];
        let pointer = |returned: Option<Vec<Value>>| match returned.as_deref() {
            Some([Value::I32(ptr)]) => Some(*ptr),
            _ => None,
        };
        match call.state {
            State::Params(mut lowering) => {
                match self.step(&mut lowering, &callee.options, pointer(returned))? {
                    Step::Realloc(args) => {
                        call.state = State::Params(lowering);
                        self.realloc(call, &callee.options, args)
                    }
                    Step::Done => {
                        let func = self.following.core_func(&callee.core)?;
                        let args = lowering.values().to_vec();
                        call.state = State::Core;
                        self.run_core(call, func, &args)
                    }
                }
            }
            State::Core => {
                let core = returned.unwrap_or_default();
                let types = callee.ty.result_types();
                let values = match call.caller {
                    None => self.lift_for_host(&callee.options, &core, &types),
                    Some(_) => self.following.lift_results(&callee.options, &core, &types),
                };
                let values = values.map_err(ComponentTrap::Abi)?;
                let Some((lowered, out)) = call.caller else {
                    if let Some(run) = &mut self.following.component {
                        run.result = values.into_iter().next();
                    }
                    return self.post_return(call, callee, core, Vec::new());
                };
                let own = &component.lowered[lowered as usize];
                let to = own.options.encoding;
                let lowering = Lowering::new(to, values, &types, MAX_FLAT_RESULTS, out);
                let lowering = self.following.setting.as_adapters_do(lowering);
                call.state = State::Results(lowering, core);
                self.following.push(Activity::Call(call));
                Ok(false)
            }
            State::Results(mut lowering, core) => {
                let Some((lowered, _)) = call.caller else {
                    return Ok(false);
                };
                let own = &component.lowered[lowered as usize];
                match self.step(&mut lowering, &own.options, pointer(returned))? {
                    Step::Realloc(args) => {
                        call.state = State::Results(lowering, core);
                        self.realloc(call, &own.options, args)
                    }
                    Step::Done => {
                        let flat = match own.ty.result_types() {
                            types if is_flat_result(&types) => lowering.values().to_vec(),
                            _ => Vec::new(),
                        };
                        call.state = State::Core;
                        self.post_return(call, callee, core, flat)
                    }
                }
            }
            State::PostReturn(flat) => Ok(self.end_call_of(call.caller.is_some(), &flat)),
        }
    }

    /// The host takes results, on some versions with strings at any address.
    fn lift_for_host(
        &mut self,
        options: &Options,
        core: &[Value],
        types: &[&Type],
    ) -> Result<Vec<Val>, AbiTrap> {
        let lifted = self.following.lift_results(options, core, types);
        let known = self.following.setting.cause(Cause::StringAlignment);
        match (&lifted, known) {
            (Err(AbiTrap::Unaligned), Some(known)) => {
                let memory = self.following.memory_bytes(options);
                let encoding = options.encoding;
                let taken = lift_unaligned_strings(memory, encoding, MAX_FLAT_RESULTS, core, types);
                if taken.is_ok() {
                    self.recorder.findings.count_known(known);
                    return taken;
                }
                lifted
            }
            _ => lifted,
        }
    }

    fn step(
        &mut self,
        lowering: &mut Lowering,
        options: &Options,
        returned: Option<u32>,
    ) -> Result<Step, ComponentTrap> {
        let memory = self.following.lowering_memory(options);
        let memory = memory.map(|addr| self.following.machine.store.memory_mut(addr));
        let step = lowering
            .step(memory, returned)
            .map_err(ComponentTrap::Abi)?;
        if step == Step::Done
            && let Some(known) = self.following.setting.cause(Cause::Latin1Alignment)
        {
            for _ in 0..lowering.misaligned() {
                self.recorder.findings.count_known(known);
            }
        }
        Ok(step)
    }

    fn realloc(
        &mut self,
        call: Call,
        options: &Options,
        args: [u32; 4],
    ) -> Result<bool, ComponentTrap> {
        let realloc = options.realloc.as_ref();
        let realloc = realloc.ok_or_else(|| ComponentTrap::Limit("no realloc".to_owned()))?;
        let func = self.following.core_func(realloc)?;
        self.run_core(call, func, &args.map(Value::I32))
    }

    fn post_return(
        &mut self,
        mut call: Call,
        callee: &Lifted,
        core: Vec<Value>,
        flat: Vec<Value>,
    ) -> Result<bool, ComponentTrap> {
        let Some(post_return) = &callee.options.post_return else {
            return Ok(self.end_call_of(call.caller.is_some(), &flat));
        };
        let func = self.following.core_func(post_return)?;
        call.state = State::PostReturn(flat);
        self.run_core(call, func, &core)
    }

    /// A call is over; true if core code called it, which goes on.
    fn end_call_of(&mut self, fused: bool, flat: &[Value]) -> bool {
        if fused {
            self.host_return(flat);
        }
        fused
    }

    fn run_core(
        &mut self,
        call: Call,
        func: FuncAddr,
        args: &[Value],
    ) -> Result<bool, ComponentTrap> {
        self.following.push(Activity::Call(call));
        self.enter(func, args)?;
        Ok(true)
    }

    fn enter(&mut self, func: FuncAddr, args: &[Value]) -> Result<(), ComponentTrap> {
        self.following
            .history
            .invoked(self.following.machine.depth());
        self.comparison.nans.invoked(self.following.machine.depth());
        let invoked = self.following.machine.invoke(func, args);
        invoked.map_err(|error| ComponentTrap::Limit(error.to_string()))?;
        self.following.invocation.go_on();
        self.comparison.budget.disturb();
        Ok(())
    }

    /// Makes the next core instance; whether a start function runs now. None: there is no other.
    pub(crate) fn instantiate_next(
        &mut self,
        component: &Component,
        next: usize,
    ) -> Result<Option<bool>, ComponentTrap> {
        let Some(step) = component.instantiations.get(next) else {
            return Ok(None);
        };
        let core = &component.modules[step.module as usize];
        let mut imports = Vec::new();
        for (import, item) in core.module.imports().iter().zip(&step.imports) {
            let given = match item {
                CoreItem::Lowered(index) => {
                    let store = &mut self.following.machine.store;
                    let id = HostFuncId(FIRST_LOWERED + index);
                    let make = || store.alloc_imported_func(&core.module, import, id);
                    let run = self.following.component.as_mut();
                    run.map(|run| Extern::Func(*run.lowered.entry(*index).or_insert_with(make)))
                }
                item => self.following.resolve(item),
            };
            imports.push(given.ok_or_else(|| {
                ComponentTrap::Limit(format!("no `{}` for an import", import.name))
            })?);
        }
        let instantiated = self.following.machine.instantiate(&core.module, &imports);
        let addr = InstanceAddr(self.following.program.known_instances() as u32);
        if addr.index() < self.following.machine.store.num_instances() {
            let lowered = |item: &CoreItem| matches!(item, CoreItem::Lowered(_));
            let adapters = step.imports.iter().any(lowered);
            self.add_core_instance(step.module, &core.bytes, addr, adapters);
        }
        match instantiated {
            Ok(_) => {}
            Err(InstantiateError::Trap(trap)) => return Err(ComponentTrap::Segment(trap)),
            Err(error) => return Err(ComponentTrap::Limit(error.to_string())),
        }
        let Some(start) = core.module.start() else {
            return Ok(Some(false));
        };
        let func = self.following.machine.store.instance(addr).funcs[start.index()];
        self.enter(func, &[])?;
        Ok(Some(true))
    }

    fn add_core_instance(
        &mut self,
        module: u32,
        bytes: &Arc<[u8]>,
        addr: InstanceAddr,
        adapters: bool,
    ) {
        let oracle = self.following.machine.store.instance(addr).module.clone();
        let module = module
            + self
                .following
                .component
                .as_ref()
                .map_or(0, |run| run.first_module);
        self.following.breakpoints.add_instance(module);
        self.following
            .breakpoints
            .come_in_component(module, adapters);
        let layouts = match self.following.setting.is_instrumented() {
            true => layouts(
                self.following.setting.causes,
                &oracle,
                self.following.setting.inlined,
            )
            .into(),
            false => Arc::new([]) as Arc<[_]>,
        };
        self.add_instance(ModuleFacts {
            bytes: bytes.clone(),
            features: crate::check::FEATURES,
            layouts,
            keeps_changed: Arc::new([]),
        });
        if let Some(run) = &mut self.following.component {
            run.instances.push(addr);
        }
    }
}

/// Whether results of these types are passed as core results.
fn is_flat_result(types: &[&Type]) -> bool {
    flat_all(types).len() <= MAX_FLAT_RESULTS
}
