//! A user's module or component as a script: which exports are called, with which arguments, under which host.
//!
//! It reads and judges what the user gave; it never runs anything.

pub mod boundary;
pub(crate) mod component;
mod error;
pub mod load;
pub mod program;
pub mod syntax;

pub use error::InputError;
pub use load::{UserComponent, UserFile, UserModule};
pub use program::ProgramWishes;

use crate::case::{self, CaseOptions, Cuts, Host, ImportSettings, Stub};
use crate::report::{counted, grouped};
use crate::schedule::Schedule;
use crate::subject::Settings;
use crate::subject::limits::{MEMORY_LIMIT, TABLE_LIMIT};
use crate::wasi::interface::{MODULE, START};
use crate::wasi::{Function, World};
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::address::FuncIndex;
use lockstep_oracles::module::{Export, ExternKind, ExternType, FuncType, Module};
use lockstep_spec_tests::script::{Action, Arg, Command, CommandKind, ModuleSource, Script};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use syntax::Invocation;

/// Features that a user's module may use.
pub const FEATURES: WasmFeatures = WasmFeatures::WASM3
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES);

/// Pages that an imported memory may have at first.
const PAGES_LIMIT: u64 = MEMORY_LIMIT as u64 / 65536;

/// What the user asks for, as written.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Invocations; if there is none, every export that can be called is.
    pub invoke: Vec<String>,
    /// Behaviours of imported functions, `module.name=behaviour`.
    pub imports: Vec<String>,
    /// What a program for WASI finds.
    pub program: ProgramWishes,
    /// Settings of the executions.
    pub settings: Settings,
}

/// An import and how it is satisfied.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ImportNote {
    /// `module.name`
    pub name: String,
    /// Its type, for people.
    pub ty: String,
    /// What stands for it.
    pub satisfied_by: String,
}

/// An export that is not called, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Skipped {
    /// The export.
    pub export: String,
    /// The reason.
    pub reason: String,
}

/// A module made ready to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The module and its invocations.
    pub script: Script,
    /// How the case is run.
    pub options: CaseOptions,
    /// Whether the invocations were chosen here; they are then independent of each other.
    pub automatic: bool,
    /// The imports.
    pub imports: Vec<ImportNote>,
    /// Exports that are not called.
    pub skipped: Vec<Skipped>,
    /// Functions that the module defines and does not export.
    pub unexported: usize,
}

impl Plan {
    /// How many calls there are.
    pub fn calls(&self) -> usize {
        self.script.commands.len().saturating_sub(1)
    }

    /// Leaves out the other calls: the module is instantiated, and these are made.
    pub fn keep(&mut self, part: Range<usize>) {
        let mut place = 0..;
        let mut is_kept = || {
            place
                .next()
                .is_none_or(|at| at == 0 || part.contains(&(at - 1)))
        };
        self.script.commands.retain(|_| is_kept());
    }

    /// A call, as reports write it.
    pub fn call(&self, index: usize) -> Option<String> {
        self.script.commands.get(index + 1).map(case::describe)
    }
}

/// Makes a plan for a module or a component.
///
/// # Errors
///
/// Whatever the user asks for that it does not have, or cannot be given.
pub fn plan_file(user: &UserFile, wishes: &Wishes) -> Result<Plan, InputError> {
    match user {
        UserFile::Module(module) => plan(module, wishes),
        UserFile::Component(component) => component::plan(component, wishes),
    }
}

/// Makes a plan for a module.
///
/// # Errors
///
/// Whatever the user asks for that the module does not have, or cannot be given.
pub fn plan(user: &UserModule, wishes: &Wishes) -> Result<Plan, InputError> {
    let module = &user.module;
    let behaviours = behaviours(user, &wishes.imports)?;
    imports_can_be_made(user)?;
    let world = world(user, wishes)?;
    let command = wishes.invoke.is_empty() && program::is_command(user);
    let automatic = wishes.invoke.is_empty() && !command;
    let (actions, skipped) = if command {
        (vec![invoke(START, Vec::new())], Vec::new())
    } else if automatic {
        automatic_invocations(module)
    } else {
        (explicit_invocations(user, &wishes.invoke)?, Vec::new())
    };
    let define = CommandKind::Module {
        name: None,
        module: ModuleSource::Binary(user.bytes.clone()),
    };
    let commands = std::iter::once(define).chain(actions.into_iter().map(CommandKind::Action));
    Ok(Plan {
        script: Script {
            name: user.name.clone(),
            features: FEATURES,
            // There is no text to have lines.
            commands: commands.map(|kind| Command { line: 0, kind }).collect(),
        },
        imports: import_notes(module, &behaviours, world.is_some()),
        options: CaseOptions {
            settings: wishes.settings,
            imports: ImportSettings {
                synthesise: true,
                host: Host {
                    functions: behaviours,
                    wasi: world,
                    ..Host::default()
                },
            },
            actions_may_trap: true,
            script_may_err: true,
            schedule: Schedule::default(),
            checks: Vec::new(),
            cuts: Cuts::default(),
        },
        automatic,
        skipped,
        unexported: unexported(module),
    })
}

/// What a program for WASI finds; none where the module is none.
fn world(user: &UserModule, wishes: &Wishes) -> Result<Option<World>, InputError> {
    if program::uses_wasi(user) {
        return wishes.program.world(user).map(Some);
    }
    match wishes.program.is_empty() {
        true => Ok(None),
        false => Err(InputError::Program {
            file: user.name.clone(),
            message: format!(
                "it imports nothing of {MODULE}: arguments, variables, input and directories would reach nobody"
            ),
        }),
    }
}

fn explicit_invocations(user: &UserModule, texts: &[String]) -> Result<Vec<Action>, InputError> {
    texts
        .iter()
        .map(|text| {
            let invocation = Invocation::parse(text)?;
            let ty = exported_function(user, invocation.name)?;
            let args = invocation.arguments(ty)?;
            Ok(invoke(invocation.name, args))
        })
        .collect()
}

/// Calls of every export that can be called, and the exports that cannot.
fn automatic_invocations(module: &Module) -> (Vec<Action>, Vec<Skipped>) {
    let mut actions = Vec::new();
    let mut skipped = Vec::new();
    for export in module.exports() {
        match callable(module, export) {
            Ok(ty) => {
                let rows = boundary::argument_lists(&ty.params);
                actions.extend(rows.into_iter().map(|args| invoke(&export.name, args)));
            }
            Err(reason) => skipped.push(Skipped {
                export: export.name.clone(),
                reason,
            }),
        }
    }
    (actions, skipped)
}

/// The type of an export that can be called with made arguments; otherwise why it cannot.
fn callable<'m>(module: &'m Module, export: &Export) -> Result<&'m FuncType, String> {
    if export.kind != ExternKind::Func {
        return Err(format!("{}, not a function", kind_name(export.kind)));
    }
    let ty = module.func_type(FuncIndex(export.index));
    match ty.params.iter().find(|ty| !boundary::can_make(**ty)) {
        Some(param) => Err(format!("no argument of type {param} can be made")),
        None => Ok(ty),
    }
}

fn invoke(export: &str, args: Vec<Arg>) -> Action {
    Action::Invoke {
        instance: None,
        export: export.to_owned(),
        args,
    }
}

fn exported_function<'u>(user: &'u UserModule, name: &str) -> Result<&'u FuncType, InputError> {
    let module = &user.module;
    let Some(export) = module.export(name) else {
        return Err(InputError::UnknownExport {
            file: user.name.clone(),
            name: name.to_owned(),
            known: known_functions(module),
        });
    };
    if export.kind != ExternKind::Func {
        return Err(InputError::NotAFunction {
            file: user.name.clone(),
            name: name.to_owned(),
            kind: kind_name(export.kind),
        });
    }
    Ok(module.func_type(FuncIndex(export.index)))
}

/// The exported functions, for a message.
fn known_functions(module: &Module) -> String {
    const SHOWN: usize = 8;
    let functions = module
        .exports()
        .iter()
        .filter(|export| export.kind == ExternKind::Func);
    let names: Vec<String> = functions
        .map(|export| format!("`{}`", export.name))
        .collect();
    match names.len() {
        0 => "none".to_owned(),
        n if n <= SHOWN => names.join(", "),
        n => format!("{} and {} more", names[..SHOWN].join(", "), n - SHOWN),
    }
}

fn kind_name(kind: ExternKind) -> &'static str {
    match kind {
        ExternKind::Func => "a function",
        ExternKind::Table => "a table",
        ExternKind::Memory => "a memory",
        ExternKind::Global => "a global",
        ExternKind::Tag => "a tag",
    }
}

fn behaviours(user: &UserModule, texts: &[String]) -> Result<BTreeMap<String, Stub>, InputError> {
    let module = &user.module;
    let mut behaviours = BTreeMap::new();
    for text in texts {
        let (name, behaviour) = syntax::import_behaviour(text)?;
        let known = module.imports().iter().any(|import| {
            matches!(import.ty, ExternType::Func(_))
                && name == format!("{}.{}", import.module, import.name)
        });
        if !known {
            return Err(InputError::UnknownImport {
                file: user.name.clone(),
                name,
            });
        }
        if let Stub::Call(export) | Stub::Through(export) | Stub::Relay(export) = &behaviour {
            exported_function(user, export)?;
        }
        behaviours.insert(name, behaviour);
    }
    Ok(behaviours)
}

/// Refuses imports that no host entity of the harness can satisfy.
fn imports_can_be_made(user: &UserModule) -> Result<(), InputError> {
    let imports = user.module.imports();
    for import in imports {
        let reason = match &import.ty {
            ExternType::Memory(ty) if ty.initial > PAGES_LIMIT => {
                format!(
                    "a memory of {} is larger than the limit of {}",
                    counted(ty.initial, "page"),
                    grouped(PAGES_LIMIT)
                )
            }
            ExternType::Table(ty) if ty.initial > TABLE_LIMIT as u64 => {
                format!(
                    "a table of {} is larger than the limit of {}",
                    counted(ty.initial, "element"),
                    grouped(TABLE_LIMIT as u64)
                )
            }
            _ => continue,
        };
        return Err(InputError::Import {
            file: user.name.clone(),
            name: format!("{}.{}", import.module, import.name),
            reason,
        });
    }
    Ok(())
}

fn import_notes(
    module: &Module,
    behaviours: &BTreeMap<String, Stub>,
    serves: bool,
) -> Vec<ImportNote> {
    let imports = module.imports().iter();
    imports
        .map(|import| {
            let name = format!("{}.{}", import.module, import.name);
            let (ty, made) = match &import.ty {
                ExternType::Func(ty)
                    if serves && Function::imported(&import.module, &import.name, ty).is_some() =>
                {
                    (format!("func {ty}"), program::SERVED)
                }
                ExternType::Func(ty) => (format!("func {ty}"), "a seeded host function"),
                ExternType::Table(_) => ("table".to_owned(), "a table of nulls"),
                ExternType::Memory(_) => ("memory".to_owned(), "a memory of zeros"),
                ExternType::Global(ty) => (
                    format!("global {}", ty.content_type),
                    "a global with a seeded value",
                ),
                ExternType::Tag(ty) => (format!("tag {ty}"), "a tag of the host's"),
            };
            let satisfied_by = match behaviours.get(&name) {
                Some(Stub::Fail) => "a host function that fails".to_owned(),
                Some(Stub::Trap) => "a host function that traps".to_owned(),
                Some(Stub::WrappedTrap) => {
                    "a host function that fails with a wrapped trap".to_owned()
                }
                Some(Stub::Call(export)) => {
                    format!("a host function that calls `{export}`")
                }
                Some(Stub::Through(export)) => {
                    format!("a host function that calls `{export}` and lets its exceptions through")
                }
                Some(Stub::Relay(export)) => {
                    format!("a host function that calls `{export}` and passes its errors on")
                }
                Some(Stub::Throw(tag)) => {
                    format!("a host function that throws an exception of tag `{tag}`")
                }
                Some(Stub::Constant(values)) => {
                    format!("a host function that returns {} fixed values", values.len())
                }
                Some(Stub::Calls(calls)) => {
                    format!("a host function that does what {} calls say", calls.len())
                }
                Some(Stub::Seeded) => "a seeded host function".to_owned(),
                None => made.to_owned(),
            };
            ImportNote {
                name,
                ty,
                satisfied_by,
            }
        })
        .collect()
}

fn unexported(module: &Module) -> usize {
    let exports = module.exports().iter();
    let exported: BTreeSet<u32> = exports
        .filter(|export| export.kind == ExternKind::Func)
        .map(|export| export.index)
        .collect();
    let defined = module.num_imported_funcs()..module.num_funcs();
    defined.filter(|index| !exported.contains(index)).count()
}

#[cfg(test)]
mod tests;
