//! An engine and what it has compiled: what the stores of one execution share.

use super::config;
use super::values::failed;
use lockstep_core::configuration::{Allocation, Artifact, Configuration};
use lockstep_core::divergence::Execution;
use lockstep_core::outcome::Outcome;
use lockstep_core::panics;
use lockstep_core::phases::{self, Phase};
use lockstep_core::progress;
use lockstep_core::subject::twin::twin;
use lockstep_core::subject::{Settings, SubjectError};
use lockstep_core::whole_file::Temporary;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::module::Module as OracleModule;
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime::{Engine, Module};

/// An engine with the modules that it has compiled, each once.
pub struct Factory {
    pub(super) engine: Engine,
    pub(super) execution: Execution,
    pub(super) configuration: Configuration,
    features: WasmFeatures,
    twin: bool,
    modules: Mutex<HashMap<Arc<[u8]>, Module>>,
}

impl Factory {
    /// An engine for one execution.
    ///
    /// # Errors
    ///
    /// When the engine refuses the configuration; the message is its own.
    pub fn new(execution: Execution, settings: &Settings) -> Result<Arc<Factory>, SubjectError> {
        let _phase = phases::enter(Phase::Subject);
        let engine = config::engine(execution, settings.supported(), &settings.configuration)
            .map_err(|error| SubjectError::new(failed(&error)))?;
        Ok(Arc::new(Factory {
            engine,
            execution,
            configuration: settings.configuration,
            features: settings.supported(),
            twin: settings.twin,
            modules: Mutex::default(),
        }))
    }

    /// Compiles a binary as it is.
    pub(super) fn compile(&self, bytes: &[u8]) -> Result<Module, Outcome> {
        outcome_of_compiling(bytes.len(), || Module::new(&self.engine, bytes))
    }

    /// The module that this execution runs for a valid binary; the same for the same binary.
    pub(super) fn module(
        &self,
        bytes: &Arc<[u8]>,
        oracle: &OracleModule,
    ) -> Result<Module, Outcome> {
        let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = modules.get(bytes) {
            return Ok(module.clone());
        }
        let module = outcome_of_compiling(bytes.len(), || {
            let made = match self.execution {
                Execution::Uninstrumented if self.twin => {
                    let twin = twin(bytes, oracle).map_err(wasmtime::Error::new)?;
                    Module::new(&self.engine, &twin)?
                }
                _ => Module::new(&self.engine, bytes)?,
            };
            match self.configuration.artifact {
                Artifact::Compiled => Ok(made),
                Artifact::Serialized => self.through_bytes(&made),
                Artifact::File => self.through_file(&made),
            }
        })
        .map_err(|outcome| self.unless_too_large(bytes, outcome))?;
        modules.insert(bytes.clone(), module.clone());
        Ok(module)
    }

    /// A valid module that only the pool refuses is larger than the pool that we asked for: a limit of our
    /// own, not the engine's verdict on the module.
    fn unless_too_large(&self, bytes: &[u8], outcome: Outcome) -> Outcome {
        let (Allocation::Pooling, Outcome::Failed(message)) =
            (self.configuration.allocation, &outcome)
        else {
            return outcome;
        };
        let configuration = Configuration {
            allocation: Allocation::OnDemand,
            ..self.configuration
        };
        let unpooled = config::engine(self.execution, self.features, &configuration);
        let compiles = |engine: &Engine| Module::new(engine, bytes).is_ok();
        match unpooled.is_ok_and(|engine| compiles(&engine)) {
            true => Outcome::LimitReached(message.clone()),
            false => outcome,
        }
    }

    /// The module, serialized and deserialized.
    #[allow(unsafe_code)]
    fn through_bytes(&self, module: &Module) -> wasmtime::Result<Module> {
        let bytes = module.serialize()?;
        // SAFETY: the bytes come from `Module::serialize` of this engine and were not changed.
        unsafe { Module::deserialize(&self.engine, &bytes) }
    }

    /// The module, serialized into a file, of which its code is then mapped.
    #[allow(unsafe_code)]
    fn through_file(&self, module: &Module) -> wasmtime::Result<Module> {
        let mut file = Temporary::private()?;
        file.write_all(&module.serialize()?)?;
        // SAFETY: the file's bytes come from `Module::serialize` of this engine, nobody else may write to it,
        // and what is mapped stays when its name goes.
        unsafe { Module::deserialize_file(&self.engine, file.path()) }
    }
}

fn outcome_of_compiling(
    bytes: usize,
    compile: impl FnOnce() -> wasmtime::Result<Module>,
) -> Result<Module, Outcome> {
    let _phase = phases::enter(Phase::Subject);
    let _preparing = progress::preparing(bytes);
    match panics::guarded(compile) {
        Ok(Ok(module)) => Ok(module),
        Ok(Err(error)) => Err(Outcome::Failed(failed(&error))),
        Err(panic) => Err(Outcome::Panicked(panic.to_string())),
    }
}
