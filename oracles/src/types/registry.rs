//! The types of a store, each recursion group once: two types are the same exactly when their
//! [`TypeId`]s are (section *Types*, rolling and unrolling; *Matching*). It never forgets a type.

use super::{FuncType, SubType, UnpackedIndex, ref_type, val_type};
use crate::module::Module;
use std::collections::HashMap;
use wasmparser::{RefType, ValType};

/// The most types that a store may have: what a type index inside a reference type can hold.
pub(crate) const MAX_TYPES: usize = 1_000_000;

/// Identity of a type in a store: two types are the same exactly when their numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub(crate) u32);

impl TypeId {
    /// The number, as type indices in a store's types have it.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// All types of a store.
#[derive(Debug, Default)]
pub struct Types {
    /// Definitions, their indices in the store's scope.
    definitions: Vec<SubType>,
    supertypes: Vec<Option<TypeId>>,
    /// Groups by their rolled form: members by position in the group, others by number.
    groups: HashMap<Box<[SubType]>, TypeId>,
}

impl Types {
    /// The definition of a type, its type indices being numbers of this store.
    ///
    /// # Panics
    ///
    /// If the type is of another store.
    pub fn get(&self, id: TypeId) -> &SubType {
        &self.definitions[id.index()]
    }

    /// The definition behind a type index of the store's scope.
    pub fn at(&self, index: UnpackedIndex) -> Option<(TypeId, &SubType)> {
        let UnpackedIndex::Module(number) = index else {
            return None;
        };
        let definition = self.definitions.get(number as usize)?;
        Some((TypeId(number), definition))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.definitions.len()
    }

    /// Whether `a` is `b` or declares it, at whatever remove, as its supertype.
    #[inline]
    pub fn is_subtype(&self, a: TypeId, b: TypeId) -> bool {
        a == b || self.is_proper_subtype(a, b)
    }

    #[inline(never)]
    fn is_proper_subtype(&self, a: TypeId, b: TypeId) -> bool {
        let mut next = self.supertypes[a.index()];
        while let Some(supertype) = next {
            if supertype == b {
                return true;
            }
            next = self.supertypes[supertype.index()];
        }
        false
    }

    /// The number of a function type on its own, its type indices being of this store.
    pub(crate) fn func(&mut self, ty: &FuncType) -> TypeId {
        self.group(Box::new([SubType::func(ty.clone())]))
    }

    /// The function type of that number.
    pub(crate) fn as_func(&self, id: TypeId) -> &FuncType {
        self.get(id).as_func()
    }

    /// The numbers of a module's types, in order.
    pub(crate) fn of_module(&mut self, module: &Module) -> Vec<TypeId> {
        let mut ids: Vec<TypeId> = Vec::with_capacity(module.types.len());
        for &size in &module.groups {
            let first = ids.len();
            let rolled = module.types[first..first + size as usize]
                .iter()
                .map(|ty| {
                    ty.rescoped(&|index| match index {
                        UnpackedIndex::Module(i) if i as usize >= first => {
                            UnpackedIndex::RecGroup(i - first as u32)
                        }
                        UnpackedIndex::Module(i) => UnpackedIndex::Module(ids[i as usize].0),
                        other => other,
                    })
                })
                .collect();
            let TypeId(number) = self.group(rolled);
            ids.extend((number..number + size).map(TypeId));
        }
        ids
    }

    /// The number of the first type of a group in rolled form.
    fn group(&mut self, rolled: Box<[SubType]>) -> TypeId {
        if let Some(&known) = self.groups.get(&rolled) {
            return known;
        }
        let first = self.definitions.len() as u32;
        let unroll = |index| match index {
            UnpackedIndex::RecGroup(i) => UnpackedIndex::Module(first + i),
            other => other,
        };
        for ty in &rolled {
            let ty = ty.rescoped(&unroll);
            self.supertypes.push(match ty.supertype {
                Some(UnpackedIndex::Module(number)) => Some(TypeId(number)),
                _ => None,
            });
            self.definitions.push(ty);
        }
        self.groups.insert(rolled, TypeId(first));
        TypeId(first)
    }
}

/// A module's type in the scope of the store that numbers its types `ids`.
pub(crate) fn val_in_store(ty: ValType, ids: &[TypeId]) -> ValType {
    val_type(ty, &|index| in_store(index, ids))
}

/// A module's type in the scope of the store that numbers its types `ids`.
pub(crate) fn ref_in_store(ty: RefType, ids: &[TypeId]) -> RefType {
    ref_type(ty, &|index| in_store(index, ids))
}

fn in_store(index: UnpackedIndex, ids: &[TypeId]) -> UnpackedIndex {
    match index {
        UnpackedIndex::Module(i) => UnpackedIndex::Module(ids[i as usize].0),
        other => other,
    }
}
