//! The validator's types in a module's own terms: type indices instead of the validator's numbers.

use std::collections::HashMap;
use wasmparser::types::CoreTypeId;
use wasmparser::{HeapType, RefType, UnpackedIndex, ValType, Validator, WasmFeatures};

/// How the types of a module's code are told.
#[derive(Debug)]
pub(crate) enum TypeScope {
    /// As Wasm 2.0 has them: every function is a `funcref`, also where the validator gives
    /// `ref.func` the type of that very function. No module of 2.0 can tell the difference.
    Abstract,
    /// By the first index of each type.
    Indexed(HashMap<CoreTypeId, u32>),
}

impl TypeScope {
    /// The scope of a module of which the validator has seen all sections before the code: `types`
    /// are in its type section.
    pub(crate) fn new(validator: &Validator, types: u32, features: WasmFeatures) -> TypeScope {
        if !features.intersects(WasmFeatures::FUNCTION_REFERENCES | WasmFeatures::GC) {
            return TypeScope::Abstract;
        }
        let mut indices = HashMap::new();
        if let Some(validated) = validator.types(0) {
            for index in 0..types {
                let id = validated.core_type_at_in_module(index);
                indices.entry(id).or_insert(index);
            }
        }
        TypeScope::Indexed(indices)
    }

    /// The type in the module's terms.
    pub(crate) fn val(&self, ty: ValType) -> ValType {
        match ty {
            ValType::Ref(ty) => self.reference(ty),
            other => other,
        }
    }

    fn reference(&self, ty: RefType) -> ValType {
        let (HeapType::Concrete(index) | HeapType::Exact(index)) = ty.heap_type() else {
            return ValType::Ref(ty);
        };
        let TypeScope::Indexed(indices) = self else {
            return ValType::FUNCREF;
        };
        let index = match index {
            UnpackedIndex::Id(id) => *indices
                .get(&id)
                .expect("crash: a type that is not in the type section"),
            UnpackedIndex::Module(index) => index,
            UnpackedIndex::RecGroup(_) => panic!("crash: {ty} outside its group"),
        };
        let heap_type = HeapType::Concrete(UnpackedIndex::Module(index));
        let ty = RefType::new(ty.is_nullable(), heap_type);
        ValType::Ref(ty.expect("crash: a module's type index is within the limit"))
    }
}
