//! Types as definitions: functions, structures, arrays, and what they are subtypes of. It never
//! says whether two types are the same; the [`Types`] of a store do.
//!
//! A type index ([`UnpackedIndex::Module`] in a `HeapType`) belongs to a *scope*: in a module it is
//! the position in its type section, in a store it is the [`TypeId`].

mod hierarchy;
mod matching;
mod registry;

pub use hierarchy::Hierarchy;
pub(crate) use registry::{MAX_TYPES, ref_in_store, val_in_store};
pub use registry::{TypeId, Types};
pub use wasmparser::{FieldType, StorageType, UnpackedIndex};

use crate::value::Cell;
use std::fmt;
use wasmparser::{HeapType, RefType, ValType};

/// A function type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FuncType {
    /// Types of the parameters.
    pub params: Box<[ValType]>,
    /// Types of the results.
    pub results: Box<[ValType]>,
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, types: &[ValType]| {
            f.write_str("(")?;
            for (i, ty) in types.iter().enumerate() {
                if i > 0 {
                    f.write_str(", ")?;
                }
                write!(f, "{ty}")?;
            }
            f.write_str(")")
        };
        list(f, &self.params)?;
        f.write_str(" -> ")?;
        list(f, &self.results)
    }
}

/// What a type describes (section *Types*, composite types).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CompositeType {
    /// Functions
    Func(FuncType),
    /// Structures, field by field
    Struct(Box<[FieldType]>),
    /// Arrays of such elements
    Array(FieldType),
}

/// A type of a type section: what it describes, and its declared supertype.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SubType {
    /// Whether it may have no subtypes.
    pub is_final: bool,
    /// Its supertype, of the same scope.
    pub supertype: Option<UnpackedIndex>,
    /// What it describes.
    pub composite: CompositeType,
}

impl SubType {
    /// A function type on its own, as Wasm 2.0 has them.
    pub(crate) fn func(ty: FuncType) -> SubType {
        SubType {
            is_final: true,
            supertype: None,
            composite: CompositeType::Func(ty),
        }
    }

    /// The function type. Panics if it is none, which validation rules out where it is used.
    pub(crate) fn as_func(&self) -> &FuncType {
        match &self.composite {
            CompositeType::Func(ty) => ty,
            other => panic!("crash: {other:?} is no function type"),
        }
    }

    /// The fields of a structure type. Panics if it is none.
    pub(crate) fn as_struct(&self) -> &[FieldType] {
        match &self.composite {
            CompositeType::Struct(fields) => fields,
            other => panic!("crash: {other:?} is no structure type"),
        }
    }

    /// The element of an array type. Panics if it is none.
    pub(crate) fn as_array(&self) -> FieldType {
        match &self.composite {
            CompositeType::Array(element) => *element,
            other => panic!("crash: {other:?} is no array type"),
        }
    }

    /// The same type with its type indices in another scope.
    fn rescoped(&self, scope: &dyn Fn(UnpackedIndex) -> UnpackedIndex) -> SubType {
        let vals = |types: &[ValType]| types.iter().map(|&ty| val_type(ty, scope)).collect();
        let field = |field: &FieldType| FieldType {
            element_type: match field.element_type {
                StorageType::Val(ty) => StorageType::Val(val_type(ty, scope)),
                packed => packed,
            },
            mutable: field.mutable,
        };
        SubType {
            is_final: self.is_final,
            supertype: self.supertype.map(scope),
            composite: match &self.composite {
                CompositeType::Func(ty) => CompositeType::Func(FuncType {
                    params: vals(&ty.params),
                    results: vals(&ty.results),
                }),
                CompositeType::Struct(fields) => {
                    CompositeType::Struct(fields.iter().map(field).collect())
                }
                CompositeType::Array(element) => CompositeType::Array(field(element)),
            },
        }
    }
}

/// The type with its type index in another scope.
pub(crate) fn val_type(ty: ValType, scope: &dyn Fn(UnpackedIndex) -> UnpackedIndex) -> ValType {
    match ty {
        ValType::Ref(ty) => ValType::Ref(ref_type(ty, scope)),
        other => other,
    }
}

/// The type with its type index in another scope.
pub(crate) fn ref_type(ty: RefType, scope: &dyn Fn(UnpackedIndex) -> UnpackedIndex) -> RefType {
    match ty.heap_type() {
        HeapType::Concrete(index) => {
            RefType::new(ty.is_nullable(), HeapType::Concrete(scope(index)))
                .expect("crash: a type index beyond the limit of a store's types")
        }
        _ => ty,
    }
}

/// How a storage type lies in the bytes that `array.new_data` and `array.init_data` read.
pub(crate) fn storage_bytes(ty: StorageType) -> usize {
    match ty {
        StorageType::I8 => 1,
        StorageType::I16 => 2,
        StorageType::Val(ValType::I32 | ValType::F32) => 4,
        StorageType::Val(ValType::I64 | ValType::F64) => 8,
        StorageType::Val(ValType::V128) => 16,
        StorageType::Val(ValType::Ref(ty)) => panic!("crash: {ty} has no bytes"),
    }
}

/// A value as a field of that storage type keeps it: a packed one zero-extended.
#[inline]
pub(crate) fn pack(ty: StorageType, value: Cell) -> Cell {
    match ty {
        StorageType::I8 => Cell(u128::from(value.0 as u8)),
        StorageType::I16 => Cell(u128::from(value.0 as u16)),
        StorageType::Val(_) => value,
    }
}

#[cfg(test)]
mod tests;
