//! Which of the subject's types is which of the oracle's.

use crate::observe::Objects;
use crate::seen::{SeenComposite, SeenStorage, SeenType};
use lockstep_oracles::types::{
    CompositeType, FieldType, StorageType, SubType, TypeId, Types, UnpackedIndex,
};
use lockstep_oracles::{HeapType, ValType};
use std::collections::HashMap;

/// Types of either side that were found to be the same: one for one.
#[derive(Debug, Default)]
pub(crate) struct TypePairs {
    ids: HashMap<u32, TypeId>,
    numbers: HashMap<TypeId, u32>,
}

impl TypePairs {
    /// Whether the oracle's type is the subject's type of that number.
    ///
    /// Two that were not compared before are compared by what they describe, and every type that they
    /// mention with them.
    #[inline]
    pub(crate) fn are_one<O: Objects>(
        &mut self,
        types: &Types,
        id: TypeId,
        number: u32,
        objects: &mut O,
    ) -> bool {
        match self.ids.get(&number) {
            Some(&known) => known == id,
            None => self.are_new_pair(types, id, number, objects),
        }
    }

    #[cold]
    fn are_new_pair<O: Objects>(
        &mut self,
        types: &Types,
        id: TypeId,
        number: u32,
        objects: &mut O,
    ) -> bool {
        let mut pairing = Pairing {
            known: self,
            types,
            assumed: Vec::new(),
        };
        if !pairing.pair(id, number, objects) {
            return false;
        }
        for (id, number) in std::mem::take(&mut pairing.assumed) {
            self.ids.insert(number, id);
            self.numbers.insert(id, number);
        }
        true
    }
}

/// One pairing of two types and all that they mention; types that mention themselves are the same
/// unless something tells them apart.
struct Pairing<'a> {
    known: &'a TypePairs,
    types: &'a Types,
    assumed: Vec<(TypeId, u32)>,
}

impl Pairing<'_> {
    fn pair<O: Objects>(&mut self, id: TypeId, number: u32, objects: &mut O) -> bool {
        if let Some(&known) = self.known.ids.get(&number) {
            return known == id;
        }
        if self.known.numbers.contains_key(&id) {
            return false;
        }
        let paired = self.assumed.iter().find(|(a, b)| *a == id || *b == number);
        if let Some(paired) = paired {
            return *paired == (id, number);
        }
        self.assumed.push((id, number));
        match objects.definition(number) {
            Some(shown) => self.definitions(self.types.get(id), &shown, objects),
            // The subject does not show it here; the next look may.
            None => true,
        }
    }

    fn definitions<O: Objects>(
        &mut self,
        mine: &SubType,
        shown: &SeenType,
        objects: &mut O,
    ) -> bool {
        if mine.is_final != shown.is_final {
            return false;
        }
        let supertypes = match (mine.supertype, shown.supertype) {
            (None, None) => true,
            (Some(index), Some(number)) => self.index(index, number, objects),
            _ => false,
        };
        supertypes && self.composites(&mine.composite, &shown.composite, objects)
    }

    fn composites<O: Objects>(
        &mut self,
        mine: &CompositeType,
        shown: &SeenComposite,
        objects: &mut O,
    ) -> bool {
        match (mine, shown) {
            (CompositeType::Struct(fields), SeenComposite::Struct(shown)) => {
                fields.len() == shown.len()
                    && fields
                        .iter()
                        .zip(shown)
                        .all(|(field, &(mutable, ty))| self.field(field, mutable, ty, objects))
            }
            (CompositeType::Array(element), SeenComposite::Array(mutable, ty)) => {
                self.field(element, *mutable, *ty, objects)
            }
            (CompositeType::Func(ty), SeenComposite::Func { params, results }) => {
                self.values(&ty.params, params, objects)
                    && self.values(&ty.results, results, objects)
            }
            _ => false,
        }
    }

    fn values<O: Objects>(
        &mut self,
        mine: &[ValType],
        shown: &[SeenStorage],
        objects: &mut O,
    ) -> bool {
        mine.len() == shown.len()
            && mine
                .iter()
                .zip(shown)
                .all(|(&ty, &shown)| self.storage(StorageType::Val(ty), shown, objects))
    }

    fn field<O: Objects>(
        &mut self,
        mine: &FieldType,
        mutable: bool,
        shown: SeenStorage,
        objects: &mut O,
    ) -> bool {
        mine.mutable == mutable && self.storage(mine.element_type, shown, objects)
    }

    fn storage<O: Objects>(
        &mut self,
        mine: StorageType,
        shown: SeenStorage,
        objects: &mut O,
    ) -> bool {
        match (mine, shown) {
            (StorageType::I8, SeenStorage::I8) | (StorageType::I16, SeenStorage::I16) => true,
            (StorageType::Val(mine), SeenStorage::Val(shown)) => mine == shown,
            (
                StorageType::Val(ValType::Ref(mine)),
                SeenStorage::Concrete {
                    nullable,
                    ty: number,
                },
            ) => match mine.heap_type() {
                HeapType::Concrete(index) => {
                    mine.is_nullable() == nullable && self.index(index, number, objects)
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn index<O: Objects>(&mut self, index: UnpackedIndex, number: u32, objects: &mut O) -> bool {
        match self.types.at(index) {
            Some((id, _)) => self.pair(id, number, objects),
            None => false,
        }
    }
}
