//! What a case's modules can import: registered instances and the official `spectest` module, or
//! host entities made to measure.

use super::Status;
use super::patterns::argument;
use super::value::{Host, Stub, StubCall};
use crate::hosting::{Behaviour, HostFunction, ScriptedCall, initial_value};
use crate::subject::SubjectError;
use crate::subject::adapter::{Subject, Wanted};
use crate::wasi;
use lockstep_oracles::module::{ExternType, FuncType, Import, Module};
use lockstep_oracles::store::Extern;
use lockstep_oracles::value::{Ref, Value};
use lockstep_oracles::{GlobalType, MemoryType, RefType, TableType, ValType, WasmFeatures};
use lockstep_spec_tests::script::Arg;
use std::collections::HashMap;
use std::sync::Arc;

/// How imports that no registered instance provides are satisfied.
#[derive(Clone, Debug, Default)]
pub struct ImportSettings {
    /// Whether such an import is made to measure; otherwise the official `spectest` module is there,
    /// and what is not provided does not link.
    pub synthesise: bool,
    /// What is said of entities made to measure.
    pub host: Host,
}

impl ImportSettings {
    /// The function of WASI that an import is, where the host serves programs for WASI.
    fn wasi(&self, import: &Import, ty: &FuncType) -> Option<wasi::Function> {
        self.host.wasi.as_ref()?;
        wasi::Function::imported(&import.module, &import.name, ty)
    }
}

/// A call as the host makes it.
fn scripted(call: &StubCall) -> ScriptedCall {
    let values = |args: &Vec<Arg>| args.iter().map(|&arg| argument(arg)).collect();
    ScriptedCall {
        writes: call.writes.clone(),
        returns: call.returns.as_ref().map(values),
    }
}

/// What an instance exports, by name; or, where there is no instance, what comes of a module that imports from it.
type Exports = Result<HashMap<String, Extern>, Status>;

/// Exports by module name and name.
#[derive(Default)]
pub(super) struct Registry {
    exports: HashMap<String, Exports>,
    /// The same of instances that were only named.
    named: HashMap<String, Exports>,
}

/// An import that nothing provides.
#[derive(Debug, PartialEq)]
pub(super) enum Missing {
    /// There is nothing of that name.
    Unknown,
    /// What it is of cannot be made: what comes of the module that imports it.
    Unmade(Status),
}

impl Missing {
    /// The host can make no value of its type.
    fn impossible(import: &Import) -> Missing {
        let Import {
            module, name, ty, ..
        } = import;
        Missing::Unmade(Status::Unsupported(format!(
            "the host can make no value for import {module}.{name}: {ty:?}"
        )))
    }

    /// The instance that it is of was not made.
    fn unmade(import: &Import, why: &Status) -> Missing {
        Missing::Unmade(match why {
            Status::Unsupported(_) => Status::Unsupported(format!(
                "it imports from `{}`, whose module is unsupported",
                import.module
            )),
            _ => why.clone(),
        })
    }
}

impl Registry {
    /// Registers an instance's exports under a module name; or that there is no instance.
    pub(super) fn register(&mut self, name: &str, exports: Exports) {
        self.exports.insert(name.to_owned(), exports);
    }

    /// Has an instance's exports found under its name in the script, where nothing is registered under
    /// that: scripts in the dialect of Wasmtime's own tests import so.
    pub(super) fn name(&mut self, name: &str, exports: Exports) {
        self.named.insert(name.to_owned(), exports);
    }

    fn get(&self, import: &Import) -> Result<Extern, Missing> {
        let module = &import.module;
        let exports = self.exports.get(module).or_else(|| self.named.get(module));
        match exports {
            Some(Ok(exports)) => exports.get(&import.name).copied().ok_or(Missing::Unknown),
            Some(Err(why)) => Err(Missing::unmade(import, why)),
            None => Err(Missing::Unknown),
        }
    }

    /// Provides what the dialect of Wasmtime's own tests imports: `gc`, which may collect, and does not.
    pub(super) fn add_dialect<S: Subject>(&mut self, subject: &mut S) {
        let function = HostFunction {
            ty: FuncType {
                params: [].into(),
                results: [].into(),
            },
            behaviour: Behaviour::Silent,
        };
        let gc = Extern::Func(subject.add_host_func(function, None));
        self.register("wasmtime", Ok(HashMap::from([("gc".to_owned(), gc)])));
    }

    /// Provides the official interpreter's `spectest` module.
    pub(super) fn add_spectest<S: Subject>(
        &mut self,
        subject: &mut S,
        features: WasmFeatures,
    ) -> Result<(), SubjectError> {
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
                Extern::Func(subject.add_host_func(function, None)),
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
                Extern::Global(subject.add_global(ty, value, None)?),
            );
        }
        let table = TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            initial: 10,
            maximum: Some(20),
            shared: false,
        };
        let made = subject.add_table(table, Ref::Null, None)?;
        exports.insert("table".to_owned(), Extern::Table(made));
        // Where there are 64-bit tables, the suite's module has one.
        let table64 = TableType {
            table64: true,
            ..table
        };
        if features.contains(WasmFeatures::MEMORY64) {
            let made = subject.add_table(table64, Ref::Null, None)?;
            exports.insert("table64".to_owned(), Extern::Table(made));
        }
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
        if features.contains(WasmFeatures::THREADS) {
            let shared = MemoryType {
                shared: true,
                ..memory
            };
            let made = subject.add_memory(shared)?;
            exports.insert("shared_memory".to_owned(), Extern::Memory(made));
        }
        self.register("spectest", Ok(exports));
        Ok(())
    }

    /// Resolves a module's imports: from the registry, or made to measure.
    pub(super) fn resolve<S: Subject>(
        &self,
        subject: &mut S,
        (bytes, module): (&Arc<[u8]>, &Arc<Module>),
        settings: &ImportSettings,
        seed: u64,
    ) -> Result<Result<Vec<Extern>, Missing>, SubjectError> {
        let mut resolved = Vec::new();
        for (position, import) in module.imports().iter().enumerate() {
            let found = match self.get(import) {
                Ok(found) => found,
                Err(_) if settings.synthesise => {
                    let wanted = Wanted {
                        bytes,
                        module,
                        import: position,
                    };
                    match Registry::synthesise(subject, wanted, settings, seed)? {
                        Some(made) => made,
                        None => return Ok(Err(Missing::impossible(import))),
                    }
                }
                Err(missing) => return Ok(Err(missing)),
            };
            resolved.push(found);
        }
        Ok(Ok(resolved))
    }

    fn synthesise<S: Subject>(
        subject: &mut S,
        wanted: Wanted<'_>,
        settings: &ImportSettings,
        seed: u64,
    ) -> Result<Option<Extern>, SubjectError> {
        let import = &wanted.module.imports()[wanted.import];
        let key = format!("{}.{}", import.module, import.name);
        let store = &mut subject.driver().following.machine.store;
        let ty = store.import_type(wanted.module, import);
        let made = match &ty {
            ExternType::Func(ty) => {
                let behaviour = match settings.host.functions.get(&key) {
                    None => match settings.wasi(import, ty) {
                        Some(function) => Behaviour::Wasi(function),
                        None => Behaviour::Seeded,
                    },
                    Some(Stub::Seeded) => Behaviour::Seeded,
                    Some(Stub::Constant(values)) => {
                        Behaviour::Constant(values.iter().map(|&v| argument(v)).collect())
                    }
                    Some(Stub::Fail) => Behaviour::Fail,
                    Some(Stub::Trap) => Behaviour::Trap { wrapped: false },
                    Some(Stub::WrappedTrap) => Behaviour::Trap { wrapped: true },
                    Some(Stub::Call(export)) => Behaviour::CallExport(export.clone()),
                    Some(Stub::Through(export)) => Behaviour::CallThrough(export.clone()),
                    Some(Stub::Relay(export)) => Behaviour::CallRelay(export.clone()),
                    Some(Stub::Throw(tag)) => Behaviour::Throw(tag.clone()),
                    Some(Stub::Calls(calls)) => {
                        Behaviour::Scripted(calls.iter().map(scripted).collect())
                    }
                };
                let function = HostFunction {
                    ty: ty.clone(),
                    behaviour,
                };
                Extern::Func(subject.add_host_func(function, Some(wanted)))
            }
            ExternType::Table(ty) => {
                let mut ty = *ty;
                if let Some(said) = settings.host.tables.get(&key) {
                    (ty.initial, ty.maximum) = (said.elements, said.maximum);
                }
                let types = subject.driver().following.machine.store.types();
                let element = ValType::Ref(ty.element_type);
                let fill = if ty.element_type.is_nullable() {
                    Ref::Null
                } else {
                    match initial_value(seed, &import.name, element, types) {
                        Some(Value::Ref(fill, _)) => fill,
                        _ => return Ok(None),
                    }
                };
                Extern::Table(subject.add_table(ty, fill, Some(wanted))?)
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
                let said = said.map(|&value| argument(value));
                let types = subject.driver().following.machine.store.types();
                let made = || initial_value(seed, &import.name, ty.content_type, types);
                let Some(value) = said.or_else(made) else {
                    return Ok(None);
                };
                Extern::Global(subject.add_global(*ty, value, Some(wanted))?)
            }
            ExternType::Tag(_) => Extern::Tag(subject.add_tag(wanted)?),
        };
        // Not registered: a module may import one name several times, with different types.
        Ok(Some(made))
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::address::FuncAddr;

    fn import(module: &str, name: &str) -> Import {
        let text = format!(r#"(module (import "{module}" "{name}" (func)))"#);
        let wasm = wat::parse_str(text).unwrap();
        let module = Module::new(&wasm, WasmFeatures::all()).unwrap();
        module.imports()[0].clone()
    }

    fn exports() -> Exports {
        Ok(HashMap::from([("f".to_owned(), Extern::Func(FuncAddr(3)))]))
    }

    #[test]
    fn what_is_registered_goes_before_what_is_named() {
        let mut registry = Registry::default();
        let unsupported = || Err(Status::Unsupported("why".to_owned()));
        assert_eq!(registry.get(&import("a", "f")), Err(Missing::Unknown));
        registry.name("a", exports());
        assert!(registry.get(&import("a", "f")).is_ok());
        assert_eq!(registry.get(&import("a", "g")), Err(Missing::Unknown));
        registry.register("a", unsupported());
        let missing = registry.get(&import("a", "f")).unwrap_err();
        let why = "it imports from `a`, whose module is unsupported";
        assert_eq!(
            missing,
            Missing::Unmade(Status::Unsupported(why.to_owned()))
        );
        registry.register("a", exports());
        registry.name("a", unsupported());
        assert!(registry.get(&import("a", "f")).is_ok());
    }

    #[test]
    fn who_imports_from_what_was_not_run_is_not_run_either() {
        let mut registry = Registry::default();
        let not_run = Status::NotRun("why".to_owned());
        registry.register("a", Err(not_run.clone()));
        let missing = registry.get(&import("a", "f"));
        assert_eq!(missing, Err(Missing::Unmade(not_run)));
    }
}
