//! Matching (section *Matching* of the specification), in the scope of a store.

use super::{CompositeType, Types};
use wasmparser::{AbstractHeapType, HeapType, RefType, ValType};

impl Types {
    /// Whether a value of type `a` may stand where `b` is wanted.
    pub fn val_matches(&self, a: ValType, b: ValType) -> bool {
        match (a, b) {
            (ValType::Ref(a), ValType::Ref(b)) => self.ref_matches(a, b),
            _ => a == b,
        }
    }

    /// Whether a reference of type `a` may stand where `b` is wanted.
    pub fn ref_matches(&self, a: RefType, b: RefType) -> bool {
        (b.is_nullable() || !a.is_nullable()) && self.heap_matches(a.heap_type(), b.heap_type())
    }

    /// Whether the heap type `a` is `b` or below it.
    pub fn heap_matches(&self, a: HeapType, b: HeapType) -> bool {
        match (a, b) {
            _ if a == b => true,
            (HeapType::Concrete(a), HeapType::Concrete(b)) => match (self.at(a), self.at(b)) {
                (Some((a, _)), Some((b, _))) => self.is_subtype(a, b),
                _ => false,
            },
            (HeapType::Concrete(_), HeapType::Abstract { ty: b, .. }) => self
                .kind(a)
                .is_some_and(|kind| kind == b || abstract_matches(kind, b)),
            (HeapType::Abstract { ty: a, .. }, HeapType::Concrete(_)) => {
                self.kind(b).is_some_and(|kind| a == bottom(kind))
            }
            (HeapType::Abstract { ty: a, .. }, HeapType::Abstract { ty: b, .. }) => {
                abstract_matches(a, b)
            }
            _ => false,
        }
    }

    /// Whether one hierarchy has both, so that a null of one is a null of the other.
    pub(crate) fn same_hierarchy(&self, a: HeapType, b: HeapType) -> bool {
        match (self.kind(a), self.kind(b)) {
            (Some(a), Some(b)) => bottom(a) == bottom(b),
            _ => false,
        }
    }

    /// The abstract type right above a concrete one; an abstract type itself.
    fn kind(&self, ty: HeapType) -> Option<AbstractHeapType> {
        match ty {
            HeapType::Abstract { ty, .. } => Some(ty),
            HeapType::Concrete(index) | HeapType::Exact(index) => {
                Some(match self.at(index)?.1.composite {
                    CompositeType::Func(_) => AbstractHeapType::Func,
                    CompositeType::Struct(_) => AbstractHeapType::Struct,
                    CompositeType::Array(_) => AbstractHeapType::Array,
                })
            }
        }
    }
}

/// The least type of the hierarchy.
fn bottom(ty: AbstractHeapType) -> AbstractHeapType {
    use AbstractHeapType::*;
    match ty {
        Func | NoFunc => NoFunc,
        Extern | NoExtern => NoExtern,
        Exn | NoExn => NoExn,
        Cont | NoCont => NoCont,
        Any | Eq | Struct | Array | I31 | None => None,
    }
}

/// Whether the abstract type `a` is below `b`.
fn abstract_matches(a: AbstractHeapType, b: AbstractHeapType) -> bool {
    use AbstractHeapType::*;
    match a {
        Eq => b == Any,
        I31 | Struct | Array => matches!(b, Eq | Any),
        _ => a == bottom(b),
    }
}
