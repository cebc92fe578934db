//! Constant expressions: what globals and segments hold at first.

use super::super::weights::{between, chance};
use super::draw;
use super::types::{ANYS as ANY_ARRAY, BYTES, NODE, POINT, WORDS};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::WasmFeatures;
use wasm_encoder::{AbstractHeapType, HeapType, Ieee32, Instruction, RefType, ValType};

/// Values of a segment of references of any kind.
pub(super) const ANYS: &[&[Instruction<'static>]] = &[
    &[Instruction::RefNull(HeapType::ANY)],
    &[Instruction::I32Const(-1), Instruction::RefI31],
    &[Instruction::StructNewDefault(POINT)],
    &[Instruction::I32Const(1 << 30), Instruction::RefI31],
    &[
        Instruction::RefNull(HeapType::Concrete(NODE)),
        Instruction::RefNull(HeapType::Concrete(NODE + 1)),
        Instruction::RefNull(HeapType::ANY),
        Instruction::F32Const(Ieee32::new(0x40e0_0000)),
        Instruction::StructNew(NODE),
    ],
    &[
        Instruction::I32Const(9),
        Instruction::ArrayNewDefault(BYTES),
    ],
    &[
        Instruction::RefNull(HeapType::EXTERN),
        Instruction::AnyConvertExtern,
    ],
    &[
        Instruction::I32Const(5),
        Instruction::I32Const(8),
        Instruction::ArrayNew(WORDS),
    ],
];

/// A constant expression of the type.
pub(super) fn value(
    u: &mut Unstructured<'_>,
    features: WasmFeatures,
    ty: ValType,
) -> Result<Vec<Instruction<'static>>> {
    match ty {
        ValType::I32 if features.contains(WasmFeatures::EXTENDED_CONST) && chance(u, 1, 2)? => {
            let operations = [
                Instruction::I32Add,
                Instruction::I32Sub,
                Instruction::I32Mul,
            ];
            computed(u, ty, &operations)
        }
        ValType::I64 if features.contains(WasmFeatures::EXTENDED_CONST) && chance(u, 1, 2)? => {
            let operations = [
                Instruction::I64Add,
                Instruction::I64Sub,
                Instruction::I64Mul,
            ];
            computed(u, ty, &operations)
        }
        ValType::Ref(ty) if features.contains(WasmFeatures::GC) => object(u, ty),
        _ => Ok(vec![draw::constant(u, ty)?]),
    }
}

fn computed(
    u: &mut Unstructured<'_>,
    ty: ValType,
    operations: &[Instruction<'static>],
) -> Result<Vec<Instruction<'static>>> {
    let mut code = vec![draw::constant(u, ty)?];
    for _ in 0..between(u, 1, 3)? {
        code.push(draw::constant(u, ty)?);
        code.push(u.choose(operations)?.clone());
    }
    Ok(code)
}

/// Null, or an object that is of the type and of a few others.
fn object(u: &mut Unstructured<'_>, ty: RefType) -> Result<Vec<Instruction<'static>>> {
    if ty.nullable && chance(u, 1, 3)? {
        return Ok(vec![Instruction::RefNull(ty.heap_type)]);
    }
    let scalar = vec![draw::constant(u, ValType::I32)?, Instruction::RefI31];
    let of = |index| match index {
        BYTES | WORDS | ANY_ARRAY => {
            vec![
                Instruction::I32Const(8),
                Instruction::ArrayNewDefault(index),
            ]
        }
        _ => vec![Instruction::StructNewDefault(index)],
    };
    Ok(match ty.heap_type {
        HeapType::Concrete(index) => of(index),
        HeapType::Abstract { ty, .. } => match ty {
            AbstractHeapType::I31 => scalar,
            AbstractHeapType::Struct => of(NODE),
            AbstractHeapType::Array => of(ANY_ARRAY),
            AbstractHeapType::Any | AbstractHeapType::Eq => match between(u, 0, 2)? {
                0 => scalar,
                1 => of(POINT),
                _ => of(BYTES),
            },
            _ => vec![Instruction::RefNull(HeapType::Abstract {
                shared: false,
                ty,
            })],
        },
        HeapType::Exact(_) => vec![Instruction::RefNull(ty.heap_type)],
    })
}
