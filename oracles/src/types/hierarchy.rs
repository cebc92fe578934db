//! The hierarchies of reference types (section *Heap Types*): each has a top and a bottom, and no
//! reference but null is in two of them.

use super::{CompositeType, SubType, Types, UnpackedIndex};
use crate::module::Module;
use wasmparser::{AbstractHeapType, HeapType};

/// A hierarchy of heap types, by the name of its top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hierarchy {
    /// `func`
    Func,
    /// `extern`
    Extern,
    /// `any`
    Any,
    /// `exn`
    Exn,
}

impl Hierarchy {
    /// The hierarchy that an abstract heap type is in; `None` for continuations, which the oracle
    /// does not have.
    pub fn of(ty: AbstractHeapType) -> Option<Hierarchy> {
        use AbstractHeapType::*;
        Some(match ty {
            Func | NoFunc => Hierarchy::Func,
            Extern | NoExtern => Hierarchy::Extern,
            Any | Eq | Struct | Array | I31 | None => Hierarchy::Any,
            Exn | NoExn => Hierarchy::Exn,
            Cont | NoCont => return Option::None,
        })
    }

    fn of_definition(ty: &SubType) -> Hierarchy {
        match ty.composite {
            CompositeType::Func(_) => Hierarchy::Func,
            CompositeType::Struct(_) | CompositeType::Array(_) => Hierarchy::Any,
        }
    }
}

impl Module {
    /// The hierarchy of a heap type of the module's scope; `None` if there is no such type.
    pub fn hierarchy(&self, ty: HeapType) -> Option<Hierarchy> {
        match ty {
            HeapType::Abstract { ty, .. } => Hierarchy::of(ty),
            HeapType::Concrete(UnpackedIndex::Module(index))
            | HeapType::Exact(UnpackedIndex::Module(index)) => {
                self.types.get(index as usize).map(Hierarchy::of_definition)
            }
            HeapType::Concrete(_) | HeapType::Exact(_) => None,
        }
    }
}

impl Types {
    /// The hierarchy of a heap type of the store's scope; `None` if there is no such type.
    pub fn hierarchy(&self, ty: HeapType) -> Option<Hierarchy> {
        match ty {
            HeapType::Abstract { ty, .. } => Hierarchy::of(ty),
            HeapType::Concrete(index) | HeapType::Exact(index) => {
                self.at(index).map(|(_, ty)| Hierarchy::of_definition(ty))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::{RefType, WasmFeatures};

    #[test]
    fn a_type_index_is_in_the_hierarchy_of_what_it_describes() {
        let bytes = wat::parse_str("(module (type (func)) (type (struct)) (type (array i8)))");
        let module = Module::new(&bytes.unwrap(), WasmFeatures::default()).unwrap();
        let at = |index| module.hierarchy(HeapType::Concrete(UnpackedIndex::Module(index)));
        assert_eq!(at(0), Some(Hierarchy::Func));
        assert_eq!(at(1), Some(Hierarchy::Any));
        assert_eq!(at(2), Some(Hierarchy::Any));
        assert_eq!(at(3), None);
        assert_eq!(
            module.hierarchy(RefType::EXNREF.heap_type()),
            Some(Hierarchy::Exn)
        );
        let external = RefType::EXTERNREF.heap_type();
        assert_eq!(module.hierarchy(external), Some(Hierarchy::Extern));
    }
}
