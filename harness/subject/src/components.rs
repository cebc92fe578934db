//! Components: instantiated and called in the engine and the oracle, and which core instance is which.
//!
//! The engine makes the core instances of a component itself. A frame's instance is known by its module, and
//! that by its binary where the API shows it, else by its imports and exports. A module that is none of the
//! component's is an adapter of the engine's own: it stands where the oracle has the Canonical ABI.

use super::VERSION;
use super::component_values::{of_engine, to_engine};
use super::dialect;
use super::execute::{Driven, Subject, drive, outcome};
use super::frames;
use super::names::Names;
use super::session::{Session, State};
use super::values;
use lockstep_core::causes::Cause;
use lockstep_core::conventions::ComponentPcs;
use lockstep_core::divergence::Execution;
use lockstep_core::fault::{Layer, Tamper as _};
use lockstep_core::lockstep::components::ComponentOutcome;
use lockstep_core::lockstep::driver::{Driver, Verdict};
use lockstep_core::outcome::Outcome;
use lockstep_core::panics;
use lockstep_core::phases::{self, Phase};
use lockstep_core::progress;
use lockstep_core::schedule::Edit;
use lockstep_core::subject::SubjectError;
use lockstep_core::subject::answer::Invoked;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::component::{Component, CoreModule, Val};
use std::sync::Arc;
use wasmtime::component::{Component as EngineComponent, Instance as ComponentInstance, Linker};
use wasmtime::{AsContextMut, Instance, Module, StoreContextMut};

/// The core modules of the case's component, and what is none of them.
#[derive(Default)]
pub(super) struct CoreModules {
    /// Of every component, in the order in which they came.
    modules: Vec<CoreModule>,
    /// Which of them each of the oracle's instances has.
    instances: Vec<Option<u32>>,
    /// The components, each with its first module.
    components: Vec<(Arc<Component>, u32)>,
    /// Instances of the engine's own.
    adapters: Vec<Instance>,
}

impl CoreModules {
    /// Whether the case has a component.
    #[inline]
    pub(super) fn are_there(&self) -> bool {
        !self.modules.is_empty()
    }

    fn module_of(&self, instance: usize) -> Option<&CoreModule> {
        let module = (*self.instances.get(instance)?)?;
        self.modules.get(module as usize)
    }

    /// The number of a component's first module: the same for the same component.
    fn add(&mut self, component: &Arc<Component>) -> u32 {
        let mut known = self.components.iter();
        if let Some((_, first)) = known.find(|(known, _)| Arc::ptr_eq(known, component)) {
            return *first;
        }
        let first = self.modules.len() as u32;
        self.modules.extend(component.modules.iter().cloned());
        self.components.push((component.clone(), first));
        first
    }

    /// How far the PCs of an instance's module are from where the subject counts them.
    fn base(&self, instance: usize) -> u32 {
        let module = self.module_of(instance);
        match VERSION.conventions().component_pcs {
            ComponentPcs::OfModule => 0,
            ComponentPcs::OfComponent => module.map_or(0, |module| module.offset),
        }
    }

    /// Whether an instance of the engine's has one of the component's modules: which of the oracle's instances
    /// may be it.
    fn candidates(&self, module: &Module) -> impl Iterator<Item = usize> {
        let is = |&at: &usize| self.module_of(at).is_some_and(|own| is_module(module, own));
        let fits: Vec<usize> = (0..self.instances.len()).filter(is).collect();
        fits.into_iter()
    }

    /// The number of one of the component's modules.
    pub(super) fn number_of(&self, module: &Module) -> Option<u32> {
        let position = self.modules.iter().position(|own| is_module(module, own));
        position.map(|position| position as u32)
    }

    /// Whether a module is an adapter of the engine's own: none of the component's, if the case has one.
    pub(super) fn lack(&self, module: &Module) -> bool {
        self.are_there() && self.number_of(module).is_none()
    }
}

/// Whether a module of the engine's is this one.
fn is_module(module: &Module, own: &CoreModule) -> bool {
    if let Some((_, Some(bytecode))) = dialect::of_module(module) {
        return *bytecode == *own.bytes;
    }
    let imports = own.module.imports().iter();
    let exports = own.module.exports().iter();
    let mut exported: Vec<&str> = module.exports().map(|export| export.name()).collect();
    let mut named: Vec<&str> = exports.map(|export| export.name.as_str()).collect();
    exported.sort_unstable();
    named.sort_unstable();
    exported == named
        && module.functions().count() == own.module.functions().len()
        && module
            .imports()
            .map(|import| (import.module(), import.name()))
            .eq(imports.map(|import| (import.module.as_str(), import.name.as_str())))
}

/// Instance and module of the first frames, innermost first, until so many of them are `counted`. What lies behind
/// may be of the engine's own: see `STARTUP-FRAME`.
fn stack<T: 'static>(
    store: StoreContextMut<'_, T>,
    few: usize,
    mut counted: impl FnMut(Instance, &Module) -> bool,
) -> Vec<(Instance, Module)> {
    let mut cursor = frames::cursor(store);
    let mut shown = Vec::new();
    while shown.len() < few && !frames::done(&cursor) {
        let cursor = frames::held(&mut cursor);
        let handle = cursor.instance();
        let module = cursor.module().filter(|module| counted(handle, module));
        shown.extend(module.map(|module| (handle, module.clone())));
        if shown.len() < few {
            cursor.move_to_parent();
        }
    }
    shown
}

impl Names {
    /// Whether a frame's instance is an adapter of the engine's own.
    #[inline]
    pub(super) fn is_adapter(&mut self, handle: Instance, module: Option<&Module>) -> bool {
        self.core.are_there() && self.is_adapter_of_component(handle, module)
    }

    #[cold]
    #[inline(never)]
    fn is_adapter_of_component(&mut self, handle: Instance, module: Option<&Module>) -> bool {
        if self.core.adapters.contains(&handle) {
            return true;
        }
        if self.address(handle).is_some() {
            return false;
        }
        let adapter = module.is_some_and(|module| self.core.lack(module));
        if adapter {
            self.core.adapters.push(handle);
        }
        adapter
    }

    /// Announces the core instances that the oracle has made since.
    pub(super) fn announce_core(&mut self, driver: &Driver, component: &Arc<Component>) {
        let first = self.core.add(component);
        let made = driver.component_instances().iter();
        for (&addr, step) in made.zip(&component.instantiations) {
            if addr.index() < self.core.instances.len() {
                continue;
            }
            self.core.instances.resize(addr.index(), None);
            self.core.instances.push(Some(first + step.module));
            let base = self.core.base(addr.index());
            self.announce_in_component(driver.following.machine.store.instance(addr), base);
        }
    }

    /// Whether an instance of the component's has no handle yet.
    pub(super) fn lacks_handles(&self) -> bool {
        let instances = self.core.instances.iter().zip(0u32..);
        let mut own = instances.filter(|(module, _)| module.is_some());
        own.any(|(_, addr)| !self.has_instance(InstanceAddr(addr)))
    }

    /// The oracle's instance of a module of the component's that has no handle yet.
    pub(super) fn unbound_of(&self, module: &Module) -> Option<InstanceAddr> {
        let mut fits = self
            .core
            .candidates(module)
            .map(|at| InstanceAddr(at as u32));
        fits.find(|&addr| !self.has_instance(addr))
    }

    /// Whether the module of an instance of the component's is this one.
    pub(super) fn is_of_component(&self, addr: InstanceAddr, module: &Module) -> bool {
        let own = self.core.module_of(addr.index());
        own.is_some_and(|own| is_module(module, own))
    }
}

impl<T: Layer> Subject<T> {
    /// Instantiates a valid component in both, its start functions in lockstep, and compares.
    ///
    /// # Errors
    ///
    /// When the engine does not compile it.
    pub fn instantiate_component(
        &mut self,
        bytes: &Arc<[u8]>,
        component: &Arc<Component>,
    ) -> Result<Invoked, SubjectError> {
        let compiled = self.compile_component(bytes)?;
        let own = component.clone();
        let instrumented = self.execution == Execution::Instrumented;
        self.with_session(|session, store| {
            session.components.push(own);
            if instrumented {
                session.edit_before_component(store);
            }
            session.driver.begin_component(component);
            session.announce_core();
        });
        self.driver().begin_instantiation();
        let linker = Linker::new(&self.factory.engine);
        let driven = drive(
            &self.shared,
            linker.instantiate_async(&mut self.store, &compiled),
        );
        let ended = match driven {
            Driven::Done(Ok(instance)) => {
                self.components.push(Some(instance));
                ComponentOutcome::Returned(None)
            }
            Driven::Done(Err(error)) => self.ended(&error),
            Driven::Stopped => ComponentOutcome::Ended(self.stopped()),
            Driven::Panicked(message) => ComponentOutcome::Ended(self.panicked(message)),
        };
        // One that was not made has its number, too.
        let numbers = self.session().components.len();
        self.components.resize(numbers, None);
        self.driver().end_instantiation();
        self.with_session(|session, store| {
            session.announce_core();
            session.bind_core(store);
        });
        let invoked = self.finish_component(None, ended);
        self.step_late_modules();
        Ok(invoked)
    }

    /// Calls an exported function of a component in both, in lockstep, and compares.
    ///
    /// # Errors
    ///
    /// When there is no such function.
    pub fn invoke_component(
        &mut self,
        number: u32,
        export: &str,
        args: &[Val],
    ) -> Result<Invoked, SubjectError> {
        let missing = || SubjectError::new(format!("no exported function `{export}`"));
        let components = &self.session().components;
        let component = components.get(number as usize);
        let component = component.cloned().ok_or_else(missing)?;
        let ty = component.export(export).ok_or_else(missing)?.ty.clone();
        let func = self.component_func(number, export).ok_or_else(missing)?;
        if !self
            .driver()
            .begin_component_call(number, export, args.to_vec())
        {
            return Err(missing());
        }
        let types = ty.param_types();
        let vals: Vec<_> = args
            .iter()
            .zip(types)
            .map(|(value, ty)| to_engine(value, ty))
            .collect();
        let mut results = vec![wasmtime::component::Val::Bool(false); ty.result_types().len()];
        let driven = drive(
            &self.shared,
            func.call_async(&mut self.store, &vals, &mut results),
        );
        let ended = match driven {
            Driven::Done(Ok(())) => {
                let result = results.first().zip(ty.result.as_ref());
                let seen = result.map(|(value, ty)| {
                    of_engine(value, ty).ok_or_else(|| {
                        let message = format!("a result of another type: {value:?}");
                        SubjectError::new(message)
                    })
                });
                let mut seen = seen.transpose()?;
                if let Some(value) = &mut seen {
                    self.tamper().component_value(value);
                }
                ComponentOutcome::Returned(seen)
            }
            Driven::Done(Err(error)) => self.ended(&error),
            Driven::Stopped => ComponentOutcome::Ended(self.stopped()),
            Driven::Panicked(message) => ComponentOutcome::Ended(self.panicked(message)),
        };
        Ok(self.finish_component(Some(export), ended))
    }

    fn compile_component(&mut self, bytes: &Arc<[u8]>) -> Result<EngineComponent, SubjectError> {
        let _phase = phases::enter(Phase::Subject);
        let _preparing = progress::preparing(bytes.len());
        let engine = &self.factory.engine;
        match panics::guarded(|| EngineComponent::new(engine, bytes)) {
            Ok(Ok(component)) => Ok(component),
            Ok(Err(error)) => Err(SubjectError::new(values::failed(&error))),
            Err(panic) => Err(SubjectError::new(format!("the engine panicked: {panic}"))),
        }
    }

    fn component_func(&mut self, number: u32, export: &str) -> Option<wasmtime::component::Func> {
        let instance: ComponentInstance = (*self.components.get(number as usize)?)?;
        let Some((outer, inner)) = export.split_once('#') else {
            return instance.get_func(&mut self.store, export);
        };
        let outer = instance.get_export_index(&mut self.store, None, outer)?;
        let inner = instance.get_export_index(&mut self.store, Some(&outer), inner)?;
        instance.get_func(&mut self.store, inner)
    }

    fn ended(&mut self, error: &wasmtime::Error) -> ComponentOutcome {
        let mut scope = wasmtime::RootScope::new(&mut self.store);
        ComponentOutcome::Ended(outcome(&mut scope, error))
    }

    fn finish_component(&mut self, export: Option<&str>, ended: ComponentOutcome) -> Invoked {
        let mut outcome = ended.plain();
        self.tamper().outcome(&mut outcome);
        let ended = match (ended, &outcome) {
            (ended @ ComponentOutcome::Returned(_), Outcome::Returned(_)) => ended,
            (_, outcome) => ComponentOutcome::Ended(outcome.clone()),
        };
        let tainted = self.driver().is_tainted();
        let verdict = self.driver().finish_component(export, &ended);
        if verdict == Verdict::Exhausted {
            self.taint_entities();
        }
        self.with_session(|session, store| {
            // Where no event came, the oracle has made the last of them only now.
            session.announce_core();
            session.bind_core(store);
            session.edit_known(store);
        });
        self.compare_entities();
        Invoked {
            verdict,
            outcome,
            tainted,
        }
    }

    /// Modules that came while single-step was on have their events from now on.
    fn step_late_modules(&mut self) {
        if self.execution != Execution::Instrumented || !Cause::LateModule.is_of(VERSION) {
            return;
        }
        self.with_session(|session, store| {
            if session.driver.following.breakpoints.is_single_step() {
                session.edit_all(store, &[vec![Edit::SingleStep(true)]]);
            }
        });
    }
}

impl<T: Layer> Session<T> {
    /// Announces the core instances that the oracle has made since.
    pub(super) fn announce_core(&mut self) {
        let number = self.driver.following.component_number();
        let current = number.and_then(|number| self.components.get(number as usize));
        if let Some(component) = current {
            self.names.announce_core(&self.driver, component);
        }
    }

    /// Whether the innermost frame is of an adapter. A core instance that is not known yet is taken for the one in
    /// which the oracle is in that frame.
    #[cold]
    pub(super) fn is_of_adapter(&mut self, store: &mut impl AsContextMut<Data = State<T>>) -> bool {
        let innermost = stack(store.as_context_mut(), 1, |_, _| true).pop();
        let Some((handle, module)) = innermost else {
            return false;
        };
        let is_known = self.names.address(handle).is_some();
        if !is_known && self.names.is_adapter(handle, Some(&module)) {
            return true;
        }
        if !is_known || self.names.lacks_handles() {
            self.bind_stack(store);
        }
        false
    }

    fn bind_stack(&mut self, store: &mut impl AsContextMut<Data = State<T>>) {
        let expected = self.driver.next_instances();
        self.announce_core();
        let names = &mut self.names;
        let own = |handle, module: &Module| !names.is_adapter(handle, Some(module));
        let shown = stack(store.as_context_mut(), expected.len(), own);
        for ((handle, module), expected) in shown.into_iter().zip(expected) {
            if self.names.address(handle).is_none()
                && let Some(addr) = self.names.adopt(handle, &module, Some(expected))
            {
                self.bind_instance(store, addr, handle);
            }
        }
    }

    fn bind_instance(
        &mut self,
        store: &mut impl AsContextMut,
        addr: InstanceAddr,
        handle: Instance,
    ) {
        let oracle = self.driver.following.machine.store.instance(addr);
        self.names.bind(&mut *store, addr, oracle, handle);
        if let Some(number) = self.driver.following.breakpoints.module_of(addr) {
            let (module, base) = (handle.module(&*store).clone(), self.names.base(addr));
            self.debugger.learn(number, &module, &oracle.module, base);
        }
        self.driver.made();
    }

    /// Gives the core instances their handles, where the store lists them: in the order in which the component
    /// instantiates them.
    fn bind_core(&mut self, store: &mut StoreContextMut<'_, State<T>>) {
        let listed = dialect::all_instances(store.as_context_mut());
        for (handle, _) in listed.into_iter().flatten() {
            let module = handle.module(&*store).clone();
            if self.names.is_adapter(handle, Some(&module)) || self.names.address(handle).is_some()
            {
                continue;
            }
            let expected = self.names.unbound_of(&module);
            self.names.adopt(handle, &module, expected);
        }
        for addr in self.names.with_handles() {
            if !self.names.is_made(addr)
                && let Some(handle) = self.names.instance_handle(addr)
            {
                self.bind_instance(store, addr, handle);
            }
        }
    }
}
