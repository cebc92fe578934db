//! What a case's modules can import: registered instances and the official `spectest` module, or
//! host entities made to measure.

use super::patterns::argument;
use super::value::{Host, Stub};
use crate::hosting::{Behaviour, HostFunction, seeded_results};
use crate::subject::SubjectError;
use crate::subject::adapter::Subject;
use lockstep_oracles::module::{ExternType, FuncType, Import, Module};
use lockstep_oracles::store::Extern;
use lockstep_oracles::value::Value;
use lockstep_oracles::{GlobalType, MemoryType, RefType, TableType, ValType};
use std::collections::HashMap;

/// How imports that no registered instance provides are satisfied.
#[derive(Clone, Debug, Default)]
pub struct ImportSettings {
    /// Whether such an import is made to measure; otherwise the official `spectest` module is there,
    /// and what is not provided does not link.
    pub synthesise: bool,
    /// What is said of entities made to measure.
    pub host: Host,
}

/// Exports by module name and name.
#[derive(Default)]
pub(super) struct Registry {
    exports: HashMap<String, HashMap<String, Extern>>,
}

/// An import that nothing provides.
#[derive(Debug)]
pub(super) struct Missing {
    pub(super) message: String,
}

impl Registry {
    /// Registers an instance's exports under a module name.
    pub(super) fn register(&mut self, name: &str, exports: HashMap<String, Extern>) {
        self.exports.insert(name.to_owned(), exports);
    }

    fn get(&self, import: &Import) -> Option<Extern> {
        self.exports.get(&import.module)?.get(&import.name).copied()
    }

    /// Provides the official interpreter's `spectest` module.
    pub(super) fn add_spectest<S: Subject>(&mut self, subject: &mut S) -> Result<(), SubjectError> {
        let mut exports = HashMap::new();
        for (name, params) in PRINTS {
            let ty = FuncType {
                params: (*params).into(),
                results: [].into(),
            };
            let function = HostFunction {
                ty,
                behaviour: Behaviour::Silent,
            };
            exports.insert(
                (*name).to_owned(),
                Extern::Func(subject.add_host_func(function)),
            );
        }
        for (name, value) in spectest_globals() {
            let ty = GlobalType {
                content_type: value.ty(),
                mutable: false,
                shared: false,
            };
            exports.insert(
                name.to_owned(),
                Extern::Global(subject.add_global(ty, value)?),
            );
        }
        let table = TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            initial: 10,
            maximum: Some(20),
            shared: false,
        };
        exports.insert("table".to_owned(), Extern::Table(subject.add_table(table)?));
        let memory = MemoryType {
            memory64: false,
            shared: false,
            initial: 1,
            maximum: Some(2),
            page_size_log2: None,
        };
        exports.insert(
            "memory".to_owned(),
            Extern::Memory(subject.add_memory(memory)?),
        );
        self.register("spectest", exports);
        Ok(())
    }

    /// Resolves a module's imports: from the registry, or made to measure.
    pub(super) fn resolve<S: Subject>(
        &self,
        subject: &mut S,
        module: &Module,
        settings: &ImportSettings,
        seed: u64,
    ) -> Result<Result<Vec<Extern>, Missing>, SubjectError> {
        let mut resolved = Vec::new();
        for import in module.imports() {
            let found = match self.get(import) {
                Some(found) => found,
                None if settings.synthesise => {
                    Registry::synthesise(subject, import, settings, seed)?
                }
                None => {
                    let message = format!("unknown import {}.{}", import.module, import.name);
                    return Ok(Err(Missing { message }));
                }
            };
            resolved.push(found);
        }
        Ok(Ok(resolved))
    }

    fn synthesise<S: Subject>(
        subject: &mut S,
        import: &Import,
        settings: &ImportSettings,
        seed: u64,
    ) -> Result<Extern, SubjectError> {
        let key = format!("{}.{}", import.module, import.name);
        let made = match &import.ty {
            ExternType::Func(ty) => {
                let behaviour = match settings.host.functions.get(&key) {
                    None | Some(Stub::Seeded) => Behaviour::Seeded,
                    Some(Stub::Constant(values)) => {
                        Behaviour::Constant(values.iter().filter_map(|&v| argument(v)).collect())
                    }
                    Some(Stub::Fail) => Behaviour::Fail,
                    Some(Stub::Call(export)) => Behaviour::CallExport(export.clone()),
                };
                let function = HostFunction {
                    ty: ty.clone(),
                    behaviour,
                };
                Extern::Func(subject.add_host_func(function))
            }
            ExternType::Table(ty) => {
                let mut ty = *ty;
                if let Some(said) = settings.host.tables.get(&key) {
                    (ty.initial, ty.maximum) = (said.elements, said.maximum);
                }
                Extern::Table(subject.add_table(ty)?)
            }
            ExternType::Memory(ty) => {
                let mut ty = *ty;
                let said = settings.host.memories.get(&key);
                if let Some(said) = said {
                    (ty.initial, ty.maximum) = (said.pages, said.maximum);
                }
                let memory = subject.add_memory(ty)?;
                for (&offset, bytes) in said.into_iter().flat_map(|said| &said.data) {
                    subject.write_memory(memory, offset, bytes)?;
                }
                Extern::Memory(memory)
            }
            ExternType::Global(ty) => {
                let said = settings.host.globals.get(&key);
                let said = said.and_then(|&value| argument(value));
                let value =
                    said.unwrap_or_else(|| global_value(ty.content_type, seed, &import.name));
                Extern::Global(subject.add_global(*ty, value)?)
            }
            ExternType::Tag(_) => {
                return Err(SubjectError::new(format!(
                    "{key}: a tag cannot be provided"
                )));
            }
        };
        // Not registered: a module may import one name several times, with different types.
        Ok(made)
    }
}

/// A global made to measure: a function of seed, name and type.
fn global_value(ty: ValType, seed: u64, name: &str) -> Value {
    let call = name.bytes().fold(0u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    let ty = FuncType {
        params: [].into(),
        results: [ty].into(),
    };
    seeded_results(seed, call, &ty)[0]
}

const PRINTS: &[(&str, &[ValType])] = &[
    ("print", &[]),
    ("print_i32", &[ValType::I32]),
    ("print_i64", &[ValType::I64]),
    ("print_f32", &[ValType::F32]),
    ("print_f64", &[ValType::F64]),
    ("print_i32_f32", &[ValType::I32, ValType::F32]),
    ("print_f64_f64", &[ValType::F64, ValType::F64]),
];

fn spectest_globals() -> [(&'static str, Value); 4] {
    [
        ("global_i32", Value::I32(666)),
        ("global_i64", Value::I64(666)),
        ("global_f32", Value::F32(666.6f32.to_bits())),
        ("global_f64", Value::F64(666.6f64.to_bits())),
    ]
}
