//! The value types of a module, by what its features allow: those of anything, and those that a host
//! can make.

use super::types::{ANYS, BYTES, NODE, POINT, kind, reference};
use lockstep_oracles::WasmFeatures;
use wasm_encoder::{AbstractHeapType, HeapType, RefType, ValType};

/// The value types of Wasm 2.0, the frequent ones several times.
const PLAIN: &[ValType] = &[
    ValType::I32,
    ValType::I32,
    ValType::I32,
    ValType::I32,
    ValType::I64,
    ValType::I64,
    ValType::F32,
    ValType::F32,
    ValType::F64,
    ValType::F64,
    ValType::V128,
    ValType::V128,
    ValType::V128,
    ValType::FUNCREF,
    ValType::EXTERNREF,
];

const ABSTRACT: &[ValType] = &[
    reference(true, HeapType::ANY),
    reference(true, kind(AbstractHeapType::Eq)),
    reference(true, HeapType::I31),
    reference(true, kind(AbstractHeapType::Struct)),
    reference(true, kind(AbstractHeapType::Array)),
];

const OBJECTS: &[ValType] = &[
    reference(true, kind(AbstractHeapType::None)),
    reference(false, HeapType::ANY),
    reference(false, HeapType::I31),
    reference(false, HeapType::EXTERN),
    reference(true, HeapType::Concrete(POINT)),
    reference(false, HeapType::Concrete(POINT)),
    reference(true, HeapType::Concrete(POINT + 1)),
    reference(true, HeapType::Concrete(NODE)),
    reference(true, HeapType::Concrete(NODE)),
    reference(false, HeapType::Concrete(BYTES)),
    reference(true, HeapType::Concrete(ANYS)),
];

/// Null or an exception.
pub(in crate::generate) const EXNREF: ValType = ValType::Ref(RefType::EXNREF);

/// The value types that a module has.
#[derive(Debug)]
pub(in crate::generate) struct Pools {
    /// Those of parameters, locals, operands and results.
    pub(in crate::generate) all: Vec<ValType>,
    /// Those of what is imported: null or zero is among their values, and they mean the same in every
    /// module.
    pub(in crate::generate) hosted: Vec<ValType>,
}

impl Pools {
    pub(super) fn new(features: WasmFeatures) -> Pools {
        let mut all = PLAIN.to_vec();
        let mut hosted = PLAIN.to_vec();
        if features.contains(WasmFeatures::GC) {
            all.extend(ABSTRACT);
            all.extend(OBJECTS);
            hosted.extend(ABSTRACT);
        }
        if features.contains(WasmFeatures::EXCEPTIONS) {
            all.extend([EXNREF, reference(true, kind(AbstractHeapType::NoExn))]);
            hosted.push(EXNREF);
        }
        if features.contains(WasmFeatures::FUNCTION_REFERENCES) {
            all.push(reference(false, HeapType::FUNC));
            if features.contains(WasmFeatures::EXCEPTIONS) {
                all.push(reference(false, kind(AbstractHeapType::Exn)));
            }
        }
        Pools { all, hosted }
    }
}

/// Whether a host can make a value of the type, zero or null.
pub(in crate::generate) fn has_zero(ty: ValType) -> bool {
    match ty {
        ValType::Ref(ty) => ty.nullable,
        _ => true,
    }
}
