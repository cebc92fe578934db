//! Whether a case's steps and stubs fit its modules: what a person mistypes is told, not run.

use super::values::type_name;
use crate::case::{Case, Step, StepAction, Stub};
use crate::check::boundary::null_of;
use crate::check::{FEATURES, InputError};
use lockstep_oracles::ValType;
use lockstep_oracles::address::FuncIndex;
use lockstep_oracles::module::{ExternKind, ExternType, Module};
use lockstep_spec_tests::script::{Arg, NullOf};
use std::sync::Arc;

/// Why a case does not fit together.
#[derive(Debug, thiserror::Error)]
pub enum Misfit {
    /// A module is not valid.
    #[error(transparent)]
    Module(#[from] InputError),
    /// A step asks for what its module does not have.
    #[error("step {number}: {message}")]
    Step {
        /// Which, from 1.
        number: usize,
        /// What is wrong.
        message: String,
    },
    /// The host is told of an entity that no module imports, or of another type.
    #[error("host: {0}")]
    Host(String),
}

/// Checks that modules are valid, that steps name exports of theirs with arguments of the right
/// types, and that stubs are those of imports.
///
/// # Errors
///
/// The first thing that does not fit.
pub fn check(case: &Case) -> Result<(), Misfit> {
    let modules = modules(case)?;
    for (step, number) in case.steps.iter().zip(1..) {
        fits(step, &modules).map_err(|message| Misfit::Step { number, message })?;
    }
    host(case, &modules).map_err(Misfit::Host)
}

fn modules(case: &Case) -> Result<Vec<Arc<Module>>, InputError> {
    let named = case.modules.iter();
    named
        .map(|module| {
            Module::new(&module.wasm, FEATURES).map_err(|error| InputError::Module {
                file: format!("module `{}`", module.name),
                from_text: false,
                error,
            })
        })
        .collect()
}

fn fits(step: &Step, modules: &[Arc<Module>]) -> Result<(), String> {
    let last = modules.len().saturating_sub(1);
    let position = step.module.map_or(last, |position| position as usize);
    let Some(module) = modules.get(position) else {
        return Err(format!("there is no module {position}"));
    };
    match &step.action {
        StepAction::Call { export, args, .. } => {
            let func = export_of(module, export, ExternKind::Func, "function")?;
            let ty = module.func_type(FuncIndex(func));
            values(module, args, &ty.params)
                .map_err(|message| format!("the arguments of `{export}` are {message}"))
        }
        StepAction::Write { memory, .. } => {
            export_of(module, memory, ExternKind::Memory, "memory").map(drop)
        }
        StepAction::Set { global, value } => {
            let index = export_of(module, global, ExternKind::Global, "global")?;
            let Some(ty) = module.globals().get(index as usize) else {
                return Err(format!("there is no global {index}"));
            };
            if !ty.mutable {
                return Err(format!(
                    "the global `{global}` cannot be set: it is not mutable"
                ));
            }
            values(module, &[*value], &[ty.content_type])
                .map_err(|message| format!("the value of `{global}` is {message}"))
        }
    }
}

/// The index of an export of this kind.
fn export_of(module: &Module, name: &str, kind: ExternKind, word: &str) -> Result<u32, String> {
    let of_kind = || module.exports().iter().filter(|export| export.kind == kind);
    match of_kind().find(|export| export.name == name) {
        Some(export) => Ok(export.index),
        None => {
            let known: Vec<String> = of_kind()
                .map(|export| format!("`{}`", export.name))
                .collect();
            let known = match known.is_empty() {
                true => "none".to_owned(),
                false => known.join(", "),
            };
            Err(format!(
                "no {word} `{name}` is exported; exported of that kind: {known}"
            ))
        }
    }
}

/// Whether values are of these types of a module; otherwise what they are and should be.
fn values(module: &Module, args: &[Arg], types: &[ValType]) -> Result<(), String> {
    let mut pairs = args.iter().zip(types);
    if args.len() == types.len() && pairs.all(|(&arg, &ty)| is_of(module, arg, ty)) {
        return Ok(());
    }
    let given: Vec<String> = args.iter().map(|&arg| type_name(arg)).collect();
    let wanted: Vec<String> = types.iter().map(ValType::to_string).collect();
    Err(format!(
        "({}), not ({})",
        given.join(", "),
        wanted.join(", ")
    ))
}

/// Whether a value is of this type. A null is one of every nullable type of its hierarchy.
fn is_of(module: &Module, arg: Arg, ty: ValType) -> bool {
    match (arg, ty) {
        (Arg::I32(_), ValType::I32)
        | (Arg::I64(_), ValType::I64)
        | (Arg::F32(_), ValType::F32)
        | (Arg::F64(_), ValType::F64)
        | (Arg::V128(_), ValType::V128) => true,
        (Arg::RefNull(null), ValType::Ref(ty)) => {
            ty.is_nullable() && bottom(null) == bottom(null_of(module, ty))
        }
        (Arg::RefExtern(_), ValType::Ref(ty)) => null_of(module, ty) == NullOf::Extern,
        (Arg::RefHost(_), ValType::Ref(ty)) => null_of(module, ty) == NullOf::Any,
        _ => false,
    }
}

/// The lowest type of a null's hierarchy.
fn bottom(null: NullOf) -> NullOf {
    match null {
        NullOf::Func | NullOf::NoFunc => NullOf::NoFunc,
        NullOf::Extern | NullOf::NoExtern => NullOf::NoExtern,
        NullOf::Any | NullOf::None => NullOf::None,
        NullOf::Exn | NullOf::NoExn => NullOf::NoExn,
    }
}

fn host(case: &Case, modules: &[Arc<Module>]) -> Result<(), String> {
    let host = &case.host;
    for (name, stub) in &host.functions {
        let mut imported = types(modules, name).filter_map(|(module, ty)| match ty {
            ExternType::Func(ty) => Some((module, ty)),
            _ => None,
        });
        let Some((module, ty)) = imported.next() else {
            return Err(format!("no module imports a function `{name}`"));
        };
        if let Stub::Constant(constants) = stub {
            values(module, constants, &ty.results)
                .map_err(|message| format!("the results of `{name}` are {message}"))?;
        }
    }
    let memory: fn(&ExternType) -> bool = |ty| matches!(ty, ExternType::Memory(_));
    let table: fn(&ExternType) -> bool = |ty| matches!(ty, ExternType::Table(_));
    let global: fn(&ExternType) -> bool = |ty| matches!(ty, ExternType::Global(_));
    let memories = host.memories.keys().map(|name| (name, "memory", memory));
    let tables = host.tables.keys().map(|name| (name, "table", table));
    let globals = host.globals.keys().map(|name| (name, "global", global));
    for (name, word, kind) in memories.chain(tables).chain(globals) {
        if !types(modules, name).any(|(_, ty)| kind(ty)) {
            return Err(format!("no module imports a {word} `{name}`"));
        }
    }
    for (name, value) in &host.globals {
        for (module, ty) in types(modules, name) {
            if let ExternType::Global(ty) = ty {
                values(module, &[*value], &[ty.content_type])
                    .map_err(|message| format!("the value of `{name}` is {message}"))?;
            }
        }
    }
    Ok(())
}

/// The types of imports of this name, each with the module that imports it.
fn types<'m>(
    modules: &'m [Arc<Module>],
    name: &'m str,
) -> impl Iterator<Item = (&'m Module, &'m ExternType)> {
    let imports = modules
        .iter()
        .flat_map(|module| module.imports().iter().map(move |import| (module, import)));
    imports
        .filter(move |(_, import)| format!("{}.{}", import.module, import.name) == name)
        .map(|(module, import)| (&**module, &import.ty))
}
