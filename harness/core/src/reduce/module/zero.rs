//! The least value of each type.

use super::{Draft, Op, Space};
use wasmparser::{
    AbstractHeapType, CompositeInnerType, FieldType, HeapType, Operator, StorageType, ValType,
};

/// What makes a zero, a null, or the plainest object of a type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Zeros {
    /// Structure types whose fields all have a default.
    structs: Vec<u32>,
    /// Array types whose elements have one.
    arrays: Vec<u32>,
}

impl Zeros {
    /// For the types that a module has left.
    pub(crate) fn of(draft: &Draft<'_>) -> Zeros {
        let mut zeros = Zeros::default();
        for (index, ty) in (0..).zip(&draft.types) {
            if draft.is_gone((Space::Type, index)) {
                continue;
            }
            match &ty.composite_type.inner {
                CompositeInnerType::Struct(ty) if ty.fields.iter().all(has_default) => {
                    zeros.structs.push(index);
                }
                CompositeInnerType::Array(ty) if has_default(&ty.0) => zeros.arrays.push(index),
                _ => {}
            }
        }
        zeros
    }

    /// The shortest instructions that push a value of this type. Where none is known that can be
    /// pushed without a trap, they trap.
    pub(crate) fn value(&self, ty: ValType) -> Vec<Op<'static>> {
        let zero = Operator::I32Const { value: 0 };
        let ops = match ty {
            ValType::I32 => vec![zero],
            ValType::I64 => vec![Operator::I64Const { value: 0 }],
            // Shorter than the constants of these types, which are written in full.
            ValType::F32 => vec![zero, Operator::F32ConvertI32S],
            ValType::F64 => vec![zero, Operator::F64ConvertI32S],
            ValType::V128 => vec![zero, Operator::I8x16Splat],
            ValType::Ref(ty) if ty.is_nullable() => vec![Operator::RefNull {
                hty: ty.heap_type(),
            }],
            ValType::Ref(ty) => self.object(ty.heap_type()),
        };
        ops.into_iter().map(Op::Plain).collect()
    }

    /// As [`Zeros::value`], as a constant expression with its `end`.
    pub(crate) fn constant(&self, ty: ValType) -> Vec<Op<'static>> {
        let mut ops = match ty {
            ValType::F32 => vec![Op::Plain(Operator::F32Const { value: 0f32.into() })],
            ValType::F64 => vec![Op::Plain(Operator::F64Const { value: 0f64.into() })],
            ValType::V128 => vec![Op::Plain(Operator::V128Const {
                value: 0i128.into(),
            })],
            other => self.value(other),
        };
        ops.push(Op::Plain(Operator::End));
        ops
    }

    /// A reference that is not null.
    fn object(&self, hty: HeapType) -> Vec<Operator<'static>> {
        use AbstractHeapType as T;
        let zero = Operator::I32Const { value: 0 };
        let small = [zero.clone(), Operator::RefI31];
        let structure = |struct_type_index| vec![Operator::StructNewDefault { struct_type_index }];
        let array = |array_type_index| vec![zero, Operator::ArrayNewDefault { array_type_index }];
        let null = vec![Operator::RefNull { hty }, Operator::RefAsNonNull];
        match hty {
            HeapType::Abstract { ty, .. } => match ty {
                T::Any | T::Eq | T::I31 => small.into(),
                T::Extern => small
                    .into_iter()
                    .chain([Operator::ExternConvertAny])
                    .collect(),
                T::Struct => self.structs.first().copied().map_or(null, structure),
                T::Array => self.arrays.first().copied().map_or(null, array),
                _ => null,
            },
            HeapType::Concrete(index) | HeapType::Exact(index) => match index.as_module_index() {
                Some(index) if self.structs.contains(&index) => structure(index),
                Some(index) if self.arrays.contains(&index) => array(index),
                _ => null,
            },
        }
    }
}

fn has_default(field: &FieldType) -> bool {
    match field.element_type {
        StorageType::Val(ty) => ty.is_defaultable(),
        StorageType::I8 | StorageType::I16 => true,
    }
}
