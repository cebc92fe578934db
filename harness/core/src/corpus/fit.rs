//! Whether a case's steps and stubs fit its modules: what a person mistypes is told, not run.

use super::components;
use super::place::Key;
use super::values::type_name;
use crate::case::{
    Case, CaseModule, Check, HostMemory, HostTable, Step, StepAction, Stub, StubCall,
};
use crate::check::boundary::null_of;
use crate::check::{FEATURES, InputError};
use crate::hosting::WriteAt;
use crate::report::{counted, grouped};
use crate::wasi::interface::MODULE;
use lockstep_oracles::ValType;
use lockstep_oracles::address::FuncIndex;
use lockstep_oracles::module::{ExternKind, ExternType, FuncType, Module};
use lockstep_spec_tests::script::{Arg, NullOf};
use std::sync::Arc;

/// Why a case does not fit together.
#[derive(Debug, thiserror::Error)]
pub enum Misfit {
    /// A module is not valid.
    #[error("{source}")]
    Module {
        /// Which, from 1.
        number: usize,
        /// What is wrong.
        source: InputError,
    },
    /// Core modules and components are in one case.
    #[error("module {number} is a core module: a case has either core modules or components")]
    Mixed {
        /// The first of them, from 1.
        number: usize,
    },
    /// Two modules have one name: what imports from it would be open.
    #[error("module {number} has the name `{name}`, as another before it")]
    Name {
        /// The second one, from 1.
        number: usize,
        /// Its name.
        name: String,
    },
    /// A step asks for what its module does not have.
    #[error("step {number}: {message}")]
    Step {
        /// Which, from 1.
        number: usize,
        /// What is wrong.
        message: String,
    },
    /// A program for WASI is described, and no module is one.
    #[error("wasi: no module imports a function of {MODULE}")]
    Wasi,
    /// A memory is expected to hold something, and is not there.
    #[error("expect-memory {number}: {message}")]
    Memory {
        /// Which, from 1.
        number: usize,
        /// What is wrong.
        message: String,
    },
    /// The host is told of an entity that no module imports, or of another type, or that cannot be made.
    #[error("host: {message}")]
    Host {
        /// The table of `[host]`.
        table: &'static str,
        /// The entity.
        name: String,
        /// What is wrong.
        message: String,
    },
}

impl Misfit {
    /// Where in a case file that is said.
    pub(super) fn at(&self) -> Vec<Key> {
        match self {
            Misfit::Module { number, .. }
            | Misfit::Mixed { number }
            | Misfit::Name { number, .. } => {
                vec!["module".into(), (number - 1).into()]
            }
            Misfit::Step { number, .. } => vec!["step".into(), (number - 1).into()],
            Misfit::Wasi => vec!["wasi".into()],
            Misfit::Memory { number, .. } => vec!["expect-memory".into(), (number - 1).into()],
            Misfit::Host { table, name, .. } => {
                vec!["host".into(), (*table).into(), name.as_str().into()]
            }
        }
    }
}

/// Checks that modules are valid, that steps name exports of theirs with arguments of the right
/// types, and that stubs are those of imports.
///
/// # Errors
///
/// The first thing that does not fit.
pub fn check(case: &Case) -> Result<(), Misfit> {
    if case.is_of_components() {
        return components::check(case);
    }
    let modules = modules(case)?;
    for (step, number) in case.steps.iter().zip(1..) {
        fits(step, &modules).map_err(|message| Misfit::Step { number, message })?;
    }
    let of_memory = |check: &&Check| matches!(check, Check::Memory { .. });
    for (check, number) in case.checks.iter().filter(of_memory).zip(1..) {
        expected(check, &modules).map_err(|message| Misfit::Memory { number, message })?;
    }
    host(case, &modules)
}

/// Whether a memory that is expected to hold something is there.
fn expected(check: &Check, modules: &[Arc<Module>]) -> Result<(), String> {
    let Check::Memory {
        module,
        memory,
        offset,
        content,
    } = check
    else {
        return Ok(());
    };
    let last = modules.len().saturating_sub(1);
    let position = module.map_or(last, |position| position as usize);
    let Some(module) = modules.get(position) else {
        return Err(format!("there is no module {position}"));
    };
    holds(module, memory, *offset, content.length())
}

/// Whether a module exports a memory that can ever have so many bytes there.
fn holds(module: &Module, memory: &str, offset: u64, length: u64) -> Result<(), String> {
    let index = export_of(module, memory, ExternKind::Memory, "memory")?;
    let Some(ty) = module.memories().get(index as usize) else {
        return Err(format!("there is no memory {index}"));
    };
    // It may have grown by then, but not beyond this.
    let page = ty.page_size_log2.unwrap_or(16);
    let size = ty.maximum.map(|maximum| u128::from(maximum) << page);
    let end = u128::from(offset) + u128::from(length);
    match size.filter(|&size| end > size) {
        None => Ok(()),
        Some(size) => Err(format!(
            "{} at offset {offset} would be beyond the memory `{memory}`, which never has more than {}",
            counted(length, "byte"),
            whole(size)
        )),
    }
}

/// The bytes of a memory, for people. One that could have more than an address can name is as large as that.
fn whole(size: u128) -> String {
    grouped(u64::try_from(size).unwrap_or(u64::MAX))
}

/// Whether the host can be made as the case says; a reduction keeps to that.
pub(crate) fn host_fits(case: &Case) -> bool {
    case.is_of_components() || modules(case).is_ok_and(|modules| host(case, &modules).is_ok())
}

fn modules(case: &Case) -> Result<Vec<Arc<Module>>, Misfit> {
    each(case, |number, module| {
        Module::new(&module.wasm, FEATURES).map_err(|error| Misfit::Module {
            number,
            source: InputError::Module {
                file: format!("module `{}`", module.name),
                from_text: false,
                error,
            },
        })
    })
}

/// What is made of each module, given its number from 1; no two have one name.
pub(super) fn each<M>(
    case: &Case,
    make: impl Fn(usize, &CaseModule) -> Result<M, Misfit>,
) -> Result<Vec<M>, Misfit> {
    let numbered = case.modules.iter().zip(1..);
    numbered
        .map(|(module, number)| {
            let earlier = &case.modules[..number - 1];
            if earlier.iter().any(|earlier| earlier.name == module.name) {
                let name = module.name.clone();
                return Err(Misfit::Name { number, name });
            }
            make(number, module)
        })
        .collect()
}

/// The module that a step is taken with: the last, if it names none.
pub(super) fn of_step<'a, M>(step: &Step, modules: &'a [M]) -> Result<&'a M, String> {
    let last = modules.len().saturating_sub(1);
    let position = step.module.map_or(last, |position| position as usize);
    let found = modules.get(position);
    found.ok_or_else(|| format!("there is no module {position}"))
}

fn fits(step: &Step, modules: &[Arc<Module>]) -> Result<(), String> {
    let module = of_step(step, modules)?;
    match &step.action {
        StepAction::Invoke { .. } => Err("`invoke` is a call of a component".to_owned()),
        StepAction::Call { export, args, .. } => {
            let func = export_of(module, export, ExternKind::Func, "function")?;
            let ty = module.func_type(FuncIndex(func));
            values(module, args, &ty.params)
                .map_err(|message| format!("the arguments of `{export}` are {message}"))
        }
        StepAction::Write {
            memory,
            offset,
            bytes,
        } => holds(module, memory, *offset, bytes.len() as u64),
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

fn host(case: &Case, modules: &[Arc<Module>]) -> Result<(), Misfit> {
    let host = &case.host;
    fn of<'n>(table: &'static str, name: &'n str) -> impl Fn(String) -> Misfit + use<'n> {
        move |message| Misfit::Host {
            table,
            name: name.to_owned(),
            message,
        }
    }
    let of_wasi = |module: &Arc<Module>| {
        let mut imports = module.imports().iter();
        imports.any(|import| import.module == MODULE)
    };
    if host.wasi.is_some() && !modules.iter().any(of_wasi) {
        return Err(Misfit::Wasi);
    }
    for (name, stub) in &host.functions {
        function(name, stub, modules).map_err(of("functions", name))?;
    }
    for (name, memory) in &host.memories {
        memory_fits(name, memory, modules).map_err(of("memories", name))?;
    }
    for (name, table) in &host.tables {
        table_fits(name, table, modules).map_err(of("tables", name))?;
    }
    for (name, value) in &host.globals {
        global_fits(name, *value, modules).map_err(of("globals", name))?;
    }
    Ok(())
}

fn function(name: &str, stub: &Stub, modules: &[Arc<Module>]) -> Result<(), String> {
    let mut imported = types(modules, name).filter_map(|(module, ty)| match ty {
        ExternType::Func(ty) => Some((module, ty)),
        _ => None,
    });
    let Some((module, ty)) = imported.next() else {
        return Err(format!("no module imports a function `{name}`"));
    };
    let exported = |wanted: &str, kind: ExternKind, word: &str| {
        let mut exports = modules.iter().flat_map(|module| module.exports());
        match exports.any(|export| export.kind == kind && export.name == wanted) {
            true => Ok(()),
            false => Err(format!(
                "`{name}` needs the {word} `{wanted}`, which no module exports"
            )),
        }
    };
    match stub {
        Stub::Seeded | Stub::Fail | Stub::Trap | Stub::WrappedTrap => Ok(()),
        Stub::Constant(constants) => values(module, constants, &ty.results)
            .map_err(|message| format!("the results of `{name}` are {message}")),
        Stub::Call(export) | Stub::Through(export) | Stub::Relay(export) => {
            exported(export, ExternKind::Func, "function")
        }
        Stub::Throw(tag) => exported(tag, ExternKind::Tag, "tag"),
        Stub::Calls(calls) => calls
            .iter()
            .try_for_each(|call| call_fits(name, call, module, ty)),
    }
}

/// Whether what a function does in one call fits its type and the module that imports it.
fn call_fits(name: &str, call: &StubCall, module: &Module, ty: &FuncType) -> Result<(), String> {
    if let Some(returns) = &call.returns {
        values(module, returns, &ty.results)
            .map_err(|message| format!("the results of `{name}` are {message}"))?;
    }
    for write in &call.writes {
        let length = write.bytes.len() as u64;
        match write.at {
            WriteAt::Offset(offset) => holds(module, &write.memory, offset, length),
            WriteAt::Argument(index) => match ty.params.get(index as usize) {
                Some(ValType::I32 | ValType::I64) => holds(module, &write.memory, 0, length),
                _ => Err(format!(
                    "argument {index} is no number that could be an address"
                )),
            },
        }
        .map_err(|message| format!("`{name}` writes: {message}"))?;
    }
    Ok(())
}

fn memory_fits(name: &str, memory: &HostMemory, modules: &[Arc<Module>]) -> Result<(), String> {
    let mut imported = types(modules, name).filter_map(|(_, ty)| match ty {
        ExternType::Memory(ty) => Some(ty),
        _ => None,
    });
    let Some(ty) = imported.next() else {
        return Err(format!("no module imports a memory `{name}`"));
    };
    let said = (memory.pages, memory.maximum);
    limits(name, "pages", said, (ty.initial, ty.maximum))?;
    let size = u128::from(memory.pages) << ty.page_size_log2.unwrap_or(16);
    for (&offset, bytes) in &memory.data {
        if u128::from(offset) + bytes.len() as u128 > size {
            return Err(format!(
                "the memory `{name}` has {} bytes, too few for its data: {} at offset {offset}",
                whole(size),
                bytes.len()
            ));
        }
    }
    Ok(())
}

fn table_fits(name: &str, table: &HostTable, modules: &[Arc<Module>]) -> Result<(), String> {
    let mut imported = types(modules, name).filter_map(|(_, ty)| match ty {
        ExternType::Table(ty) => Some(ty),
        _ => None,
    });
    let Some(ty) = imported.next() else {
        return Err(format!("no module imports a table `{name}`"));
    };
    let said = (table.elements, table.maximum);
    limits(name, "elements", said, (ty.initial, ty.maximum))
}

/// Whether what the host makes is as large as its import asks for, and may grow no further than that
/// allows.
fn limits(
    name: &str,
    unit: &str,
    (initial, maximum): (u64, Option<u64>),
    (wanted, at_most): (u64, Option<u64>),
) -> Result<(), String> {
    if let Some(maximum) = maximum.filter(|&maximum| maximum < initial) {
        return Err(format!(
            "the maximum of `{name}`, {} {unit}, is below the {} that it has at first",
            grouped(maximum),
            grouped(initial)
        ));
    }
    if initial < wanted {
        return Err(format!(
            "`{name}` has {} {unit}, and is imported with at least {}",
            grouped(initial),
            grouped(wanted)
        ));
    }
    match (maximum, at_most) {
        (_, None) => Ok(()),
        (Some(maximum), Some(at_most)) if maximum <= at_most => Ok(()),
        (maximum, Some(at_most)) => {
            let has = maximum.map_or("none".to_owned(), grouped);
            Err(format!(
                "`{name}` is imported with a maximum of {} {unit}, and has {has}",
                grouped(at_most)
            ))
        }
    }
}

fn global_fits(name: &str, value: Arg, modules: &[Arc<Module>]) -> Result<(), String> {
    let mut found = false;
    for (module, ty) in types(modules, name) {
        if let ExternType::Global(ty) = ty {
            found = true;
            values(module, &[value], &[ty.content_type])
                .map_err(|message| format!("the value of `{name}` is {message}"))?;
        }
    }
    match found {
        true => Ok(()),
        false => Err(format!("no module imports a global `{name}`")),
    }
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
