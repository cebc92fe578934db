//! Instantiation in the engine and the oracle: compiled, linked, its start function in lockstep.

use super::VERSION;
use super::execute::{Driven, Subject, drive, outcome};
use super::session::Session;
use lockstep_core::causes::slots::{FunctionLayout, layouts};
use lockstep_core::causes::{Causes, pulley_registers};
use lockstep_core::configuration::{Fuel, Inlining, Target};
use lockstep_core::divergence::Execution;
use lockstep_core::fault::{Layer, Tamper as _};
use lockstep_core::lockstep::driver::{Expected, Verdict};
use lockstep_core::lockstep::program::ModuleFacts;
use lockstep_core::outcome::{Outcome, SeenTrap};
use lockstep_core::rules::RuleId;
use lockstep_core::subject::answer::{ExpectedInstance, Instantiated};
use lockstep_oracles::address::{FuncAddr, InstanceAddr};
use lockstep_oracles::machine::InstantiateError;
use lockstep_oracles::module::Module as OracleModule;
use lockstep_oracles::store::Extern;
use std::sync::Arc;
use wasmtime::{Instance, Module, RootScope};

/// The engine's heap cannot hold an object of the module's.
const OUT_OF_MEMORY: Outcome = Outcome::Trapped(SeenTrap::OutOfMemory);

/// The fuel is used up that the engine was given.
const OUT_OF_FUEL: Outcome = Outcome::Trapped(SeenTrap::OutOfFuel);

impl<T: Layer> Subject<T> {
    /// Whether the engine compiles the module.
    ///
    /// # Errors
    ///
    /// The engine's message, or that it panicked.
    pub fn compiles(&mut self, bytes: &[u8]) -> Result<(), Outcome> {
        let mut compiles = self.factory.compile(bytes).map(drop);
        self.tamper().compiles(&mut compiles);
        compiles
    }

    /// Instantiates a valid module in both, its start function in lockstep, and compares.
    pub fn instantiate(
        &mut self,
        bytes: &Arc<[u8]>,
        oracle: &Arc<OracleModule>,
        imports: &[Extern],
    ) -> Instantiated {
        let module = match self.factory.module(bytes, oracle) {
            Ok(module) => module,
            Err(outcome) => return self.refused(bytes, outcome),
        };
        let made = self.driver().following.machine.instantiate(oracle, imports);
        let instance = self.announce(bytes, oracle, &module);
        let mut expected = match made {
            Ok(_) => ExpectedInstance::Instance,
            Err(InstantiateError::Link { message, .. }) => ExpectedInstance::Unlinkable(message),
            Err(InstantiateError::Trap(trap)) => ExpectedInstance::Trapped(trap),
            Err(InstantiateError::Limit(message)) => ExpectedInstance::Limit(message),
        };
        let mut started = None;
        if let (ExpectedInstance::Instance, Some(addr)) = (&expected, instance)
            && let Some(start) = oracle.start()
        {
            let func = self.driver().following.machine.store.instance(addr).funcs[start.index()];
            started = self.driver().begin(func, &[]).is_ok().then_some(func);
        }
        for memory in oracle.memories() {
            self.limit_heap_beside(memory);
        }
        self.driver().set_making(instance);
        self.driver().begin_instantiation();
        let (mut outcome, handle) = self.instantiate_subject(&module, imports, &expected, started);
        self.driver().end_instantiation();
        self.tamper().instantiation(&mut outcome);
        if started.is_some() {
            expected = self.finish_start(&outcome);
        } else if expected == ExpectedInstance::Instance && self.is_exhausted(&outcome) {
            expected = ExpectedInstance::Exhausted;
        } else {
            self.check_instantiation(&expected, &outcome);
        }
        if let (Some(addr), Some(handle)) = (instance, handle) {
            self.bind(addr, handle);
            self.driver().made();
        }
        if expected == ExpectedInstance::Exhausted {
            // Only now what the instance has can be looked at.
            self.taint_entities();
        }
        self.driver().set_making(None);
        self.compare_entities();
        self.speak();
        Instantiated {
            instance,
            expected,
            outcome,
        }
    }

    /// Whether the heap is full, or fuel is used up that the subject consumes, also to make an instance:
    /// where is its own.
    fn is_exhausted(&self, outcome: &Outcome) -> bool {
        let consumes = self.settings.configuration.fuel != Fuel::Off;
        *outcome == OUT_OF_MEMORY || (consumes && *outcome == OUT_OF_FUEL)
    }

    fn refused(&mut self, bytes: &[u8], outcome: Outcome) -> Instantiated {
        if let Outcome::LimitReached(message) = &outcome {
            return Instantiated {
                instance: None,
                expected: ExpectedInstance::Limit(message.clone()),
                outcome,
            };
        }
        self.driver().uncompiled(bytes, &outcome);
        Instantiated {
            instance: None,
            expected: ExpectedInstance::Lost,
            outcome,
        }
    }

    /// Tells names and driver of the oracle's new instance, if there is one.
    fn announce(
        &mut self,
        bytes: &Arc<[u8]>,
        oracle: &Arc<OracleModule>,
        module: &Module,
    ) -> Option<InstanceAddr> {
        let layouts: Arc<[FunctionLayout]> = match self.execution {
            Execution::Instrumented => {
                let inlined = self.settings.configuration.inlining == Inlining::On;
                layouts(Causes::of(VERSION), oracle, inlined).into()
            }
            Execution::Uninstrumented => Arc::new([]),
        };
        let features = self.settings.features;
        let keeps_changed = self.keeps_changed(module);
        let Session {
            driver,
            names,
            debugger,
            ..
        } = self.session();
        let number = debugger.number(module, oracle);
        driver
            .following
            .breakpoints
            .add_module(number, bytes, oracle);
        let addr = InstanceAddr(driver.known_instances() as u32);
        if addr.index() >= driver.following.machine.store.num_instances() {
            return None;
        }
        driver.following.breakpoints.add_instance(number);
        names.announce(
            driver.following.machine.store.instance(addr),
            module.clone(),
        );
        driver.add_instance(ModuleFacts {
            bytes: bytes.clone(),
            features,
            layouts,
            keeps_changed,
        });
        Some(addr)
    }

    /// Which functions of a compiled module keep values in integer registers that events change.
    fn keeps_changed(&self, module: &Module) -> Arc<[bool]> {
        let configuration = &self.settings.configuration;
        let changed = pulley_registers::changed_integers(VERSION, configuration.regalloc);
        let stepped = self.execution == Execution::Instrumented;
        if !stepped || configuration.target != Target::Pulley64 || changed == 0 {
            return Arc::new([]);
        }
        let text = module.text();
        let code = module.functions().map(|function| &text[function.offset..]);
        code.map(|code| pulley_registers::keeps_integers(code, changed))
            .collect()
    }

    fn instantiate_subject(
        &mut self,
        module: &Module,
        imports: &[Extern],
        expected: &ExpectedInstance,
        start: Option<FuncAddr>,
    ) -> (Outcome, Option<Instance>) {
        let Some(imports) = self.session().names.externs(imports) else {
            return (Outcome::Failed("an import has no handle".to_owned()), None);
        };
        if self.execution == Execution::Instrumented {
            let number = self.session().debugger.latest();
            if self.session().debugger.registers(number) {
                self.register(number);
            }
            self.with_session(|session, store| session.edit_before_instance(store, number));
            // What does not link the store never comes to know.
            if !matches!(expected, ExpectedInstance::Unlinkable(_)) {
                self.driver().following.breakpoints.come(number);
            }
        }
        if let Some(func) = start {
            self.silence_for(func);
        }
        let mut scope = RootScope::new(&mut self.store);
        let driven = drive(
            &self.shared,
            Instance::new_async(&mut scope, module, &imports),
        );
        let driven = match driven {
            Driven::Done(Err(error)) => Driven::Done(Err(outcome(&mut scope, &error))),
            Driven::Done(Ok(instance)) => Driven::Done(Ok(instance)),
            Driven::Stopped => Driven::Stopped,
            Driven::Panicked(message) => Driven::Panicked(message),
        };
        drop(scope);
        let refused = std::mem::take(&mut self.store.data_mut().limiter().refused);
        match driven {
            Driven::Done(Ok(instance)) => (Outcome::Returned(Vec::new()), Some(instance)),
            Driven::Done(Err(outcome)) => {
                let outcome = match outcome {
                    Outcome::Failed(message) if refused => Outcome::LimitReached(message),
                    Outcome::Failed(message) if !matches!(expected, ExpectedInstance::Instance) => {
                        Outcome::Unlinkable(message)
                    }
                    outcome => outcome,
                };
                (outcome, None)
            }
            Driven::Stopped => (self.stopped(), None),
            Driven::Panicked(message) => (self.panicked(message), None),
        }
    }

    fn finish_start(&mut self, outcome: &Outcome) -> ExpectedInstance {
        match self.finish(outcome.clone()) {
            Verdict::Ended(Expected::Returned(_)) => ExpectedInstance::Instance,
            Verdict::Ended(Expected::Trapped(trap)) => ExpectedInstance::Trapped(trap),
            Verdict::Ended(Expected::HostFailed(_)) => ExpectedInstance::HostFailed,
            Verdict::Ended(Expected::Thrown(_)) => ExpectedInstance::Thrown,
            Verdict::Exhausted => ExpectedInstance::Exhausted,
            Verdict::Dropped | Verdict::Lost => ExpectedInstance::Lost,
        }
    }

    /// Instantiation without a start function: the same in both, or a divergence.
    fn check_instantiation(&mut self, expected: &ExpectedInstance, outcome: &Outcome) {
        if !self.is_alive() {
            // The harness stopped the subject, and has said why.
            return;
        }
        let (agrees, wanted) = match expected {
            ExpectedInstance::Instance => (
                *outcome == Outcome::Returned(Vec::new()),
                "instantiated".to_owned(),
            ),
            ExpectedInstance::Unlinkable(message) => {
                let agrees = matches!(outcome, Outcome::Unlinkable(_));
                (agrees, format!("does not link: {message}"))
            }
            ExpectedInstance::Trapped(trap) => {
                let agrees = matches!(outcome, Outcome::Trapped(seen) if seen.is(*trap));
                self.driver().check_segment_trap(*trap);
                (agrees, format!("trapped: {trap}"))
            }
            ExpectedInstance::Limit(_) if *outcome == Outcome::Returned(Vec::new()) => {
                // The limit is the oracle's own: it has no such instance.
                self.driver().lost_instance();
                return;
            }
            ExpectedInstance::Limit(message) => (
                matches!(outcome, Outcome::LimitReached(_)) || *outcome == OUT_OF_MEMORY,
                format!("limit: {message}"),
            ),
            ExpectedInstance::HostFailed
            | ExpectedInstance::Thrown
            | ExpectedInstance::Exhausted
            | ExpectedInstance::Lost => {
                return;
            }
        };
        if !agrees {
            let rule = match outcome {
                Outcome::Panicked(_) => RuleId::Panic,
                _ => RuleId::Instantiate,
            };
            self.driver().report_end(rule, wanted, outcome.describe());
        }
    }

    fn bind(&mut self, addr: InstanceAddr, handle: Instance) {
        let mut lent = self.store.data_mut().lend();
        if let Some(Session { driver, names, .. }) = lent.get() {
            let oracle = driver.following.machine.store.instance(addr);
            names.bind(&mut self.store, addr, oracle, handle);
        }
        self.store.data_mut().give_back(lent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factory::Factory;
    use lockstep_core::causes::Cause;
    use lockstep_core::fault::Honest;
    use lockstep_core::lockstep::driver::Ended;
    use lockstep_core::schedule::Schedule;
    use lockstep_core::subject::Settings;

    /// Given an execution that was ended, its outcome says nothing of the instantiation.
    #[test]
    fn an_execution_that_was_ended_is_not_judged() {
        for (ended, rules) in [
            (None, &[RuleId::Instantiate][..]),
            (Some(Ended::Known(Cause::CollectSlot)), &[]),
        ] {
            let settings = Settings::default();
            let factory = Factory::new(Execution::Instrumented, &settings).unwrap();
            let idle = Schedule::idle();
            let mut subject = Subject::new(factory, settings, &idle, Box::new(Honest)).unwrap();
            subject.driver().ended = ended;
            subject.check_instantiation(&ExpectedInstance::Instance, &Outcome::Stopped);
            let found = &subject.driver().recorder.findings.unexplained;
            assert!(found.iter().map(|found| &found.rule).eq(rules));
        }
    }
}
