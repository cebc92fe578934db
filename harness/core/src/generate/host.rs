//! Draws how the host behaves: what imported functions do, and what imported entities hold.

use super::link;
use super::steps::{argument, can_make};
use super::weights::{Row, below, between, chance, one_of, pick};
use crate::case::{Host, HostMemory, HostTable, Stub};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::address::FuncIndex;
use lockstep_oracles::module::{Export, ExternKind, ExternType, FuncType, Import, Module};
use lockstep_oracles::{MemoryType, TableType, ValType};
use lockstep_spec_tests::script::Arg;
use std::collections::BTreeMap;

/// Pages or elements that an imported memory or table has beyond what its import asks for, at most.
const EXTRA: u32 = 2;

/// What a host function does.
#[derive(Clone, Copy)]
pub(super) enum Manner {
    Seeded,
    Constant,
    Call,
    Relay,
    Fail,
    Trap,
    WrappedTrap,
    Throw,
}

/// What host functions do in most modules.
pub(super) const MANNERS: &[Row<Manner>] = &[
    manner("seeded", 10, Manner::Seeded),
    manner("call", 8, Manner::Call),
    manner("relay", 3, Manner::Relay),
    manner("constant", 3, Manner::Constant),
    manner("fail", 2, Manner::Fail),
    manner("trap", 2, Manner::Trap),
    manner("wrapped trap", 2, Manner::WrappedTrap),
    manner("throw", 3, Manner::Throw),
];

/// The same where modules count calls of the host: most call back.
pub(super) const CALLING: &[Row<Manner>] = &[
    manner("call", 10, Manner::Call),
    manner("relay", 8, Manner::Relay),
    manner("seeded", 3, Manner::Seeded),
    manner("constant", 1, Manner::Constant),
    manner("fail", 2, Manner::Fail),
    manner("trap", 1, Manner::Trap),
    manner("wrapped trap", 1, Manner::WrappedTrap),
    manner("throw", 3, Manner::Throw),
];

/// The same where modules keep objects, and the engine collects by itself: the host throws nothing, as an exception of
/// its own is not counted, and a later collection goes wrong (`THROWN-ROOT`).
pub(super) const KEEPING: &[Row<Manner>] = &[
    manner("seeded", 10, Manner::Seeded),
    manner("call", 8, Manner::Call),
    manner("constant", 3, Manner::Constant),
    manner("fail", 2, Manner::Fail),
    manner("trap", 2, Manner::Trap),
    manner("wrapped trap", 2, Manner::WrappedTrap),
];

const fn manner(name: &'static str, weight: u32, what: Manner) -> Row<Manner> {
    Row { name, weight, what }
}

/// Draws the host of a module.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn host(
    u: &mut Unstructured<'_>,
    module: &Module,
    manners: &'static [Row<Manner>],
) -> Result<Host> {
    let mut host = Host {
        seed: u.arbitrary::<u32>()?.into(),
        ..Host::default()
    };
    for import in module.imports() {
        let key = format!("{}.{}", import.module, import.name);
        match &import.ty {
            ExternType::Func(ty) => {
                if let Some(stub) = stub(u, module, ty, manners)? {
                    host.functions.insert(key, stub);
                }
            }
            ExternType::Memory(ty) if once(module, import) && chance(u, 1, 2)? => {
                host.memories.insert(key, memory(u, ty)?);
            }
            ExternType::Table(ty) if once(module, import) && chance(u, 1, 4)? => {
                host.tables.insert(key, table(u, ty)?);
            }
            ExternType::Global(ty)
                if once(module, import) && can_make(ty.content_type) && chance(u, 1, 2)? =>
            {
                host.globals
                    .insert(key, argument(u, module, ty.content_type)?);
            }
            _ => {}
        }
    }
    Ok(host)
}

/// Draws what the host function does that a provider looks at.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn add_sight(
    u: &mut Unstructured<'_>,
    host: &mut Host,
    main: &Module,
    manners: &'static [Row<Manner>],
) -> Result<()> {
    let ty = FuncType {
        params: [].into(),
        results: [ValType::I32].into(),
    };
    if let Some(stub) = stub(u, main, &ty, manners)? {
        host.functions
            .insert(format!("{}.{}", link::SEEN_IN, link::SEEN), stub);
    }
    Ok(())
}

/// Whether no other import has the name: what is said of one would be said of both.
fn once(module: &Module, import: &Import) -> bool {
    let same = |other: &&Import| other.module == import.module && other.name == import.name;
    module.imports().iter().filter(same).count() == 1
}

fn stub(
    u: &mut Unstructured<'_>,
    module: &Module,
    ty: &FuncType,
    manners: &'static [Row<Manner>],
) -> Result<Option<Stub>> {
    let manner = pick(u, manners)?.what;
    Ok(match manner {
        Manner::Seeded => None,
        Manner::Fail => Some(Stub::Fail),
        Manner::Trap => Some(Stub::Trap),
        Manner::WrappedTrap => Some(Stub::WrappedTrap),
        Manner::Constant => {
            let results = ty.results.iter();
            let values: Result<Vec<Arg>> = results.map(|&ty| argument(u, module, ty)).collect();
            Some(Stub::Constant(values?))
        }
        Manner::Throw => {
            let tags: Vec<&str> = tags(module).collect();
            one_of(u, &tags)?.map(|&name| Stub::Throw(name.to_owned()))
        }
        Manner::Call | Manner::Relay => {
            let functions: Vec<&str> = module
                .exports()
                .iter()
                .filter(|export| takes_nulls(module, export))
                .map(|export| export.name.as_str())
                .collect();
            one_of(u, &functions)?.map(|&name| match manner {
                Manner::Relay => Stub::Relay(name.to_owned()),
                _ => Stub::Call(name.to_owned()),
            })
        }
    })
}

/// The tags that the host finds by a name: those that the module exports, and those that another exports to it.
fn tags(module: &Module) -> impl Iterator<Item = &str> {
    let exported = module.exports().iter();
    let exported = exported.filter(|export| export.kind == ExternKind::Tag);
    let imported = module.imports().iter();
    let imported = imported.filter(|import| matches!(import.ty, ExternType::Tag(_)));
    exported
        .map(|export| export.name.as_str())
        .chain(imported.map(|import| import.name.as_str()))
}

/// Whether an export is a function that the host can call with zeros and nulls.
fn takes_nulls(module: &Module, export: &Export) -> bool {
    export.kind == ExternKind::Func
        && module
            .func_type(FuncIndex(export.index))
            .params
            .iter()
            .all(|&ty| can_make(ty))
}

fn memory(u: &mut Unstructured<'_>, ty: &MemoryType) -> Result<HostMemory> {
    let most = ty.maximum.unwrap_or(u64::MAX);
    let pages = (ty.initial + u64::from(below(u, EXTRA + 1)?)).min(most);
    let mut data = BTreeMap::new();
    let size = pages << ty.page_size_log2.unwrap_or(16);
    if size > 0 {
        let count = between(u, 1, 32)?.min(size as u32);
        let bytes: Result<Vec<u8>> = (0..count).map(|_| u.arbitrary()).collect();
        let offset = u64::from(below(u, 256)?).min(size - u64::from(count));
        data.insert(offset, bytes?);
    }
    Ok(HostMemory {
        pages,
        maximum: ty.maximum,
        data,
    })
}

fn table(u: &mut Unstructured<'_>, ty: &TableType) -> Result<HostTable> {
    let most = ty.maximum.unwrap_or(u64::MAX);
    Ok(HostTable {
        elements: (ty.initial + u64::from(below(u, EXTRA + 1)?)).min(most),
        maximum: ty.maximum,
    })
}
