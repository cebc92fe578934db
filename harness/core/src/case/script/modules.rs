//! The modules of a script: their definitions, their instances, and what comes of commands that need one which
//! there is not.

use super::{Definition, Run, Step, Trouble, UNSUPPORTED, failed, not_met};
use crate::case::Status;
use crate::case::imports::Missing;
use crate::configuration::Allocation;
use crate::fault::Layer;
use crate::outcome::Outcome;
use crate::progress;
use crate::subject::Settings;
use crate::subject::adapter::{Adapter, Subject as _};
use crate::subject::answer::{ExpectedInstance, Instantiated};
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::module::{Module, ModuleError, ModuleErrorKind};
use lockstep_oracles::store::Extern;
use lockstep_spec_tests::script::ModuleSource;
use std::collections::HashMap;
use std::sync::Arc;

/// What comes of a command whose instance there is not, for no reason that is known.
fn unmade() -> Status {
    Status::NotRun("its instance was not made".to_owned())
}

impl<A: Adapter, T: Layer> Run<'_, A, T> {
    pub(super) fn forget(&mut self, name: Option<&String>) {
        self.current = None;
        self.unmade.remove(&None);
        if let Some(name) = name {
            self.instances.remove(name);
            self.unmade.remove(&Some(name.clone()));
        }
    }

    pub(super) fn name(&mut self, name: Option<&String>, instance: InstanceAddr) {
        self.current = Some(instance);
        if let Some(name) = name {
            self.instances.insert(name.clone(), instance);
            if !self.options.imports.synthesise {
                let exports = self.exports(instance);
                self.registry.name(name, Ok(exports));
            }
        }
    }

    /// The instance of a name, or the current one.
    pub(super) fn find(&self, name: Option<&String>) -> Step<InstanceAddr> {
        Ok(self.found(name)?)
    }

    /// The same, or what comes of a command that needs it.
    pub(super) fn found(&self, name: Option<&String>) -> Result<InstanceAddr, Status> {
        let found = match name {
            Some(name) => self.instances.get(name).copied(),
            None => self.current,
        };
        found.ok_or_else(|| {
            let known = self.unmade.get(&name.cloned()).cloned();
            known.unwrap_or_else(unmade)
        })
    }

    pub(super) fn exports(&mut self, instance: InstanceAddr) -> HashMap<String, Extern> {
        let instance = self
            .subject
            .driver()
            .following
            .machine
            .store
            .instance(instance);
        let exports = instance.module.exports().iter();
        exports
            .filter_map(|export| Some((export.name.clone(), instance.export(&export.name)?)))
            .collect()
    }

    pub(super) fn define(&mut self, source: &ModuleSource) -> Step<Definition> {
        let bytes = match source {
            ModuleSource::Binary(bytes) => bytes.len(),
            _ => 0,
        };
        let _preparing = progress::preparing(bytes);
        match source {
            ModuleSource::BadText { error } => Err(self.mistake("a module", error)),
            ModuleSource::Binary(bytes) => match Module::new(bytes, self.script.features) {
                Ok(module) => {
                    self.require(bytes, &module)?;
                    Ok(Definition {
                        bytes: bytes.clone(),
                        module,
                    })
                }
                Err(error) => Err(self.rejected(bytes, &error)),
            },
        }
    }

    /// Why a module that the oracle rejects is no definition. A user's script may have one that is beyond
    /// the features of the run, or invalid, as the subject says too.
    fn rejected(&mut self, bytes: &Arc<[u8]>, error: &ModuleError) -> Trouble {
        if error.kind == ModuleErrorKind::Unsupported {
            let why = format!("the reference interpreter lacks it: {error}");
            return Status::Unsupported(why).into();
        }
        let subject = match self.options.script_may_err {
            true => self.subject.compiles(bytes),
            false => Ok(()),
        };
        if !matches!(subject, Err(Outcome::Failed(_))) {
            return failed(format!("the oracle rejects the module: {error}")).into();
        }
        match Module::new(bytes, WasmFeatures::all()) {
            Err(all) if all.kind != ModuleErrorKind::Unsupported => {
                not_met("a valid module", error)
            }
            _ => Status::Unsupported(format!("it is beyond the features of this run: {error}"))
                .into(),
        }
    }

    /// Refuses a module that needs a feature that the subject lacks: it is counted as unsupported.
    pub(super) fn require(&self, bytes: &Arc<[u8]>, module: &Module) -> Result<(), Status> {
        let settings = Settings {
            features: self.script.features,
            ..self.options.settings
        };
        let supported = settings.supported();
        let pooled = settings.configuration.allocation == Allocation::Pooling;
        if pooled && module.memories().iter().any(|memory| memory.shared) {
            let why = "the subject's pooling allocator has no shared memories";
            return Err(Status::Unsupported(why.to_owned()));
        }
        if supported == settings.features {
            return Ok(());
        }
        match Module::new(bytes, supported) {
            Ok(_) => Ok(()),
            Err(error) => Err(Status::Unsupported(format!(
                "the subject lacks a feature in this configuration: {error}"
            ))),
        }
    }

    /// Instantiates; an import that nothing provides is a link error without either side's doing.
    pub(super) fn instantiate(&mut self, definition: &Definition) -> Step<Option<Instantiated>> {
        let seed = self.options.settings.seed;
        let imports = self.registry.resolve(
            &mut self.subject,
            (&definition.bytes, &definition.module),
            &self.options.imports,
            seed,
        )?;
        let imports = match imports {
            Ok(imports) => imports,
            Err(Missing::Unknown) => return Ok(None),
            Err(Missing::Unmade(status)) => return Err(status.into()),
        };
        Ok(Some(self.subject.instantiate(
            &definition.bytes,
            &definition.module,
            &imports,
        )))
    }

    /// Remembers of the name why it has no instance, where it has none: what comes of commands that need it, and of
    /// modules that import from it.
    pub(super) fn remembered(
        &mut self,
        name: Option<&String>,
        made: Step<InstanceAddr>,
    ) -> Step<InstanceAddr> {
        let why = match &made {
            Ok(_) => return made,
            Err(Trouble::Status(Status::Passed)) => {
                Status::Void("its instance cannot be made: both sides agree".to_owned())
            }
            Err(Trouble::Status(Status::Unsupported(_))) => {
                Status::Unsupported(UNSUPPORTED.to_owned())
            }
            Err(_) => unmade(),
        };
        if let Some(name) = name
            && !self.options.imports.synthesise
        {
            self.registry.name(name, Err(why.clone()));
        }
        self.unmade.insert(None, why.clone());
        self.unmade.insert(name.cloned(), why);
        made
    }

    pub(super) fn instance(&mut self, definition: &Definition) -> Step<InstanceAddr> {
        let Some(made) = self.instantiate(definition)? else {
            return Err(self.mistake("its imports", "one that nothing provides"));
        };
        self.outcome = Some(made.outcome.describe());
        match (made.expected, made.instance) {
            (ExpectedInstance::Instance, Some(instance)) => match made.outcome {
                Outcome::Returned(_) => Ok(instance),
                outcome => Err(failed(outcome.describe()).into()),
            },
            (ExpectedInstance::Exhausted, _) => Err(Status::Exhausted.into()),
            (ExpectedInstance::Limit(message), _) => Err(Status::Inconclusive(message).into()),
            // A user's module may well trap in a segment or in its start function; both sides agree
            // on that here, and what would need the instance is void.
            (
                ExpectedInstance::Trapped(_)
                | ExpectedInstance::HostFailed
                | ExpectedInstance::Thrown,
                _,
            ) if self.options.actions_may_trap => Err(Status::Passed.into()),
            (_, _) => Err(self.mistake("an instance", made.outcome.describe())),
        }
    }
}
