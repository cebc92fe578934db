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
pub(crate) mod unwrap;

use std::collections::BTreeSet;
use wasmparser::{
    ExternalKind, FuncType, GlobalType, MemoryType, Operator, RefType, TableType, TypeRef, ValType,
};

/// One instruction.
#[derive(Clone, Debug)]
pub(crate) enum Op<'a> {
    /// Any but the next
    Plain(Operator<'a>),
    /// `br_table`: its targets, and the default one
    Table(Vec<u32>, u32),
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
    pub(crate) types: Vec<FuncType>,
    pub(crate) imports: Vec<Import>,
    pub(crate) funcs: Vec<Func<'a>>,
    pub(crate) tables: Vec<TableType>,
    pub(crate) memories: Vec<MemoryType>,
    pub(crate) globals: Vec<Global<'a>>,
    pub(crate) exports: Vec<Export>,
    pub(crate) start: Option<u32>,
    pub(crate) elems: Vec<Elem<'a>>,
    pub(crate) datas: Vec<Data<'a>>,
    /// Entities that are taken away.
    pub(crate) gone: BTreeSet<Entity>,
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
        self.types.get(self.type_of(func)? as usize)
    }

    /// Index of this type, which is added if there is none.
    pub(crate) fn type_index(&mut self, ty: FuncType) -> u32 {
        let known = (0..).zip(&self.types);
        let mut known = known.filter(|(index, _)| !self.gone.contains(&(Space::Type, *index)));
        if let Some((index, _)) = known.find(|(_, known)| **known == ty) {
            return index;
        }
        self.types.push(ty);
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
        TypeRef::Func(_) | TypeRef::FuncExact(_) | TypeRef::Tag(_) => Space::Func,
    }
}

/// The index space of an export's kind.
pub(crate) fn space_of_export(kind: ExternalKind) -> Space {
    match kind {
        ExternalKind::Table => Space::Table,
        ExternalKind::Memory => Space::Memory,
        ExternalKind::Global => Space::Global,
        ExternalKind::Func | ExternalKind::FuncExact | ExternalKind::Tag => Space::Func,
    }
}

/// The shortest instructions that push a zero or a null of this type.
pub(crate) fn zero(ty: ValType) -> Vec<Op<'static>> {
    let zero = Op::Plain(Operator::I32Const { value: 0 });
    match ty {
        ValType::I32 => vec![zero],
        ValType::I64 => vec![Op::Plain(Operator::I64Const { value: 0 })],
        // Shorter than the constants of these types, which are written in full.
        ValType::F32 => vec![zero, Op::Plain(Operator::F32ConvertI32S)],
        ValType::F64 => vec![zero, Op::Plain(Operator::F64ConvertI32S)],
        ValType::V128 => vec![zero, Op::Plain(Operator::I8x16Splat)],
        ValType::Ref(ty) => vec![Op::Plain(Operator::RefNull {
            hty: ty.heap_type(),
        })],
    }
}

/// As [`zero`], as a constant expression with its `end`.
pub(crate) fn constant_zero(ty: ValType) -> Vec<Op<'static>> {
    let value = match ty {
        ValType::F32 => Operator::F32Const { value: 0f32.into() },
        ValType::F64 => Operator::F64Const { value: 0f64.into() },
        ValType::V128 => Operator::V128Const {
            value: 0i128.into(),
        },
        ValType::I32 => Operator::I32Const { value: 0 },
        ValType::I64 => Operator::I64Const { value: 0 },
        ValType::Ref(ty) => Operator::RefNull {
            hty: ty.heap_type(),
        },
    };
    vec![Op::Plain(value), Op::Plain(Operator::End)]
}
