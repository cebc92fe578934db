//! A module as data that passes can change, and written back.
//!
//! Indices stay as they were read: an entity is taken away by noting it as gone, and only writing
//! renumbers what is left. A module that still refers to what is gone cannot be written.

mod flow;
pub(crate) use flow::Flow;
mod parse;
mod write;

pub(crate) mod bodies;
pub(crate) mod entities;
pub(crate) mod hoist;
pub(crate) mod locals;
pub(crate) mod ranges;
pub(crate) mod shake;
pub(crate) mod signature;
#[cfg(test)]
mod tests;
pub(crate) mod types;
pub(crate) mod unwrap;
mod zero;

use std::collections::{BTreeMap, BTreeSet};
use wasmparser::{
    Catch, CompositeInnerType, ExternalKind, FuncType, GlobalType, MemoryType, Operator, RefType,
    SubType, TableType, TypeRef, ValType,
};

/// One instruction.
#[derive(Clone, Debug)]
pub(crate) enum Op<'a> {
    /// Any but the next
    Plain(Operator<'a>),
    /// `br_table`: its targets, and the default one
    Table(Vec<u32>, u32),
}

impl Op<'_> {
    /// Whether it begins a block that an `end` ends.
    pub(crate) fn opens(&self) -> bool {
        matches!(
            self,
            Op::Plain(
                Operator::Block { .. }
                    | Operator::Loop { .. }
                    | Operator::If { .. }
                    | Operator::TryTable { .. }
            )
        )
    }

    /// The labels that it names, as seen from its own place.
    pub(crate) fn labels_mut(&mut self) -> Vec<&mut u32> {
        match self {
            Op::Plain(
                Operator::Br { relative_depth }
                | Operator::BrIf { relative_depth }
                | Operator::BrOnNull { relative_depth }
                | Operator::BrOnNonNull { relative_depth }
                | Operator::BrOnCast { relative_depth, .. }
                | Operator::BrOnCastFail { relative_depth, .. },
            ) => vec![relative_depth],
            Op::Plain(Operator::TryTable { try_table }) => {
                let catches = try_table.catches.iter_mut();
                catches
                    .map(|catch| match catch {
                        Catch::One { label, .. }
                        | Catch::OneRef { label, .. }
                        | Catch::All { label }
                        | Catch::AllRef { label } => label,
                    })
                    .collect()
            }
            Op::Plain(_) => Vec::new(),
            Op::Table(targets, default) => targets.iter_mut().chain([default]).collect(),
        }
    }
}

/// An index space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Space {
    Type,
    Func,
    Table,
    Memory,
    Global,
    Elem,
    Data,
    Tag,
}

impl Space {
    /// Every space; `ALL[space as usize] == space`.
    pub(crate) const ALL: [Space; 8] = [
        Space::Type,
        Space::Func,
        Space::Table,
        Space::Memory,
        Space::Global,
        Space::Elem,
        Space::Data,
        Space::Tag,
    ];
}

/// An entity: its index space, and its index there.
pub(crate) type Entity = (Space, u32);

#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) module: String,
    pub(crate) name: String,
    pub(crate) ty: TypeRef,
}

#[derive(Clone, Debug)]
pub(crate) struct Export {
    pub(crate) name: String,
    pub(crate) kind: ExternalKind,
    pub(crate) index: u32,
}

/// A function that the module defines.
#[derive(Clone, Debug)]
pub(crate) struct Func<'a> {
    pub(crate) ty: u32,
    /// Declared locals, parameters not among them.
    pub(crate) locals: Vec<ValType>,
    /// The final `end` included.
    pub(crate) body: Vec<Op<'a>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Global<'a> {
    pub(crate) ty: GlobalType,
    pub(crate) init: Vec<Op<'a>>,
}

/// When a segment is copied.
#[derive(Clone, Debug)]
pub(crate) enum Mode<'a> {
    Passive,
    Active(u32, Vec<Op<'a>>),
    Declared,
}

#[derive(Clone, Debug)]
pub(crate) enum Items<'a> {
    Functions(Vec<u32>),
    Expressions(RefType, Vec<Vec<Op<'a>>>),
}

#[derive(Clone, Debug)]
pub(crate) struct Elem<'a> {
    pub(crate) mode: Mode<'a>,
    pub(crate) items: Items<'a>,
}

#[derive(Clone, Debug)]
pub(crate) struct Data<'a> {
    pub(crate) mode: Mode<'a>,
    pub(crate) bytes: Vec<u8>,
}

/// A module that can be changed. Custom sections are not kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft<'a> {
    pub(crate) types: Vec<SubType>,
    /// Sizes of the recursion groups that the types consist of.
    pub(crate) groups: Vec<u32>,
    pub(crate) imports: Vec<Import>,
    pub(crate) funcs: Vec<Func<'a>>,
    pub(crate) tables: Vec<TableType>,
    /// What the elements of each table are at first, if not null.
    pub(crate) table_inits: Vec<Option<Vec<Op<'a>>>>,
    /// Type index of each tag.
    pub(crate) tags: Vec<u32>,
    pub(crate) memories: Vec<MemoryType>,
    pub(crate) globals: Vec<Global<'a>>,
    pub(crate) exports: Vec<Export>,
    pub(crate) start: Option<u32>,
    pub(crate) elems: Vec<Elem<'a>>,
    pub(crate) datas: Vec<Data<'a>>,
    /// Entities that are taken away.
    pub(crate) gone: BTreeSet<Entity>,
    /// Types for which others stand, which nothing stands for.
    pub(crate) merged: BTreeMap<u32, u32>,
}

/// A change of a module; false where it does not apply.
pub(crate) type Change = Box<dyn Fn(&mut Draft<'_>) -> bool>;

/// A change from a closure: gives the closure's argument its lifetime.
pub(crate) fn change(with: impl Fn(&mut Draft<'_>) -> bool + 'static) -> Change {
    Box::new(with)
}

impl<'a> Draft<'a> {
    /// The imports of one index space, in order, with their positions among all.
    pub(crate) fn imported(&self, space: Space) -> impl Iterator<Item = (usize, &Import)> {
        let all = self.imports.iter().enumerate();
        all.filter(move |(_, import)| space_of(&import.ty) == space)
    }

    /// How many entities of a space are imported.
    pub(crate) fn num_imported(&self, space: Space) -> u32 {
        self.imported(space).count() as u32
    }

    /// Size of an index space, what is gone included.
    pub(crate) fn count(&self, space: Space) -> u32 {
        let defined = match space {
            Space::Type => self.types.len(),
            Space::Func => self.funcs.len(),
            Space::Table => self.tables.len(),
            Space::Memory => self.memories.len(),
            Space::Global => self.globals.len(),
            Space::Elem => self.elems.len(),
            Space::Data => self.datas.len(),
            Space::Tag => self.tags.len(),
        };
        self.num_imported(space) + defined as u32
    }

    /// Type index of a function of the index space.
    pub(crate) fn type_of(&self, func: u32) -> Option<u32> {
        let imported = self.num_imported(Space::Func);
        match func.checked_sub(imported) {
            Some(defined) => self.funcs.get(defined as usize).map(|func| func.ty),
            None => {
                let (_, import) = self.imported(Space::Func).nth(func as usize)?;
                match import.ty {
                    TypeRef::Func(ty) => Some(ty),
                    _ => None,
                }
            }
        }
    }

    /// Gives a function of the index space another type.
    pub(crate) fn set_type_of(&mut self, func: u32, ty: u32) -> bool {
        let imported = self.num_imported(Space::Func);
        if let Some(defined) = func.checked_sub(imported) {
            let Some(func) = self.funcs.get_mut(defined as usize) else {
                return false;
            };
            func.ty = ty;
            return true;
        }
        let found = self.imported(Space::Func).nth(func as usize);
        let Some(position) = found.map(|(position, _)| position) else {
            return false;
        };
        self.imports[position].ty = TypeRef::Func(ty);
        true
    }

    /// The signature of a function of the index space.
    pub(crate) fn signature(&self, func: u32) -> Option<&FuncType> {
        self.func_type(self.type_of(func)?)
    }

    /// A function type by its index.
    pub(crate) fn func_type(&self, index: u32) -> Option<&FuncType> {
        match &self.types.get(index as usize)?.composite_type.inner {
            CompositeInnerType::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// Whether an entity is taken away, or another stands for it.
    pub(crate) fn is_gone(&self, entity: Entity) -> bool {
        self.gone.contains(&entity)
            || entity.0 == Space::Type && self.merged.contains_key(&entity.1)
    }

    /// The type that stands for a type: mostly itself.
    pub(crate) fn stand_in(&self, ty: u32) -> u32 {
        self.merged.get(&ty).copied().unwrap_or(ty)
    }

    /// Index of this type, which is added if there is none.
    pub(crate) fn type_index(&mut self, ty: FuncType) -> u32 {
        let ty = SubType::func(ty, false);
        let firsts = self.groups.iter().scan(0, |next, size| {
            *next += size;
            Some((*next - size, *size))
        });
        let mut alone = firsts.filter(|(_, size)| *size == 1);
        let known = alone.find(|(index, _)| {
            !self.is_gone((Space::Type, *index)) && self.types.get(*index as usize) == Some(&ty)
        });
        if let Some((index, _)) = known {
            return index;
        }
        self.types.push(ty);
        self.groups.push(1);
        self.types.len() as u32 - 1
    }

    /// Every instruction list: bodies first.
    pub(crate) fn code(&self) -> impl Iterator<Item = &Op<'a>> {
        self.funcs.iter().flat_map(|func| &func.body)
    }
}

/// The index space of an import's type.
pub(crate) fn space_of(ty: &TypeRef) -> Space {
    match ty {
        TypeRef::Table(_) => Space::Table,
        TypeRef::Memory(_) => Space::Memory,
        TypeRef::Global(_) => Space::Global,
        TypeRef::Tag(_) => Space::Tag,
        TypeRef::Func(_) | TypeRef::FuncExact(_) => Space::Func,
    }
}

/// The index space of an export's kind.
pub(crate) fn space_of_export(kind: ExternalKind) -> Space {
    match kind {
        ExternalKind::Table => Space::Table,
        ExternalKind::Memory => Space::Memory,
        ExternalKind::Global => Space::Global,
        ExternalKind::Tag => Space::Tag,
        ExternalKind::Func | ExternalKind::FuncExact => Space::Func,
    }
}
