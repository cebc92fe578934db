//! Draws of types and constants. On exhausted data every draw is the plain one.

use super::super::weights::{between, chance};
use arbitrary::{Result, Unstructured};
use wasm_encoder::{Ieee32, Ieee64, Instruction, ValType};

/// From so many to so many types of a pool.
pub(in crate::generate) fn some(
    u: &mut Unstructured<'_>,
    pool: &[ValType],
    first: u32,
    last: u32,
) -> Result<Vec<ValType>> {
    let count = between(u, first, last)?;
    (0..count).map(|_| u.choose(pool).copied()).collect()
}

const I32S: &[i32] = &[
    0,
    1,
    -1,
    i32::MIN,
    i32::MAX,
    2,
    3,
    7,
    8,
    15,
    31,
    32,
    33,
    63,
    64,
    127,
    128,
    255,
    256,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0x5555_5555,
    -2,
    -128,
];

const I64S: &[i64] = &[
    0,
    1,
    -1,
    i64::MIN,
    i64::MAX,
    2,
    3,
    31,
    32,
    63,
    64,
    65,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x0102_0304_0506_0708,
    -2,
    -129,
];

const F32S: &[f32] = &[
    0.0,
    1.0,
    -0.0,
    -1.0,
    0.5,
    -1.5,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    f32::MAX,
    f32::MIN,
    f32::MIN_POSITIVE,
    1e-45,
    2_147_483_648.0,
    -2_147_483_648.0,
    4_294_967_296.0,
    16_777_217.0,
    9.2e18,
    127.75,
];

const F64S: &[f64] = &[
    0.0,
    1.0,
    -0.0,
    -1.0,
    0.5,
    -1.5,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    5e-324,
    2_147_483_647.0,
    -2_147_483_649.0,
    4_294_967_295.5,
    9_007_199_254_740_993.0,
    9.223_372_036_854_775e18,
    127.75,
];

/// An `i32`, mostly one at a boundary.
pub(in crate::generate) fn i32_value(u: &mut Unstructured<'_>) -> Result<i32> {
    if chance(u, 1, 6)? {
        return u.arbitrary();
    }
    u.choose(I32S).copied()
}

fn i64_value(u: &mut Unstructured<'_>) -> Result<i64> {
    if chance(u, 1, 6)? {
        return u.arbitrary();
    }
    u.choose(I64S).copied()
}

fn f32_value(u: &mut Unstructured<'_>) -> Result<f32> {
    u.choose(F32S).copied()
}

fn f64_value(u: &mut Unstructured<'_>) -> Result<f64> {
    u.choose(F64S).copied()
}

/// A vector whose lanes, of a width that is drawn, are mostly at boundaries.
fn v128_value(u: &mut Unstructured<'_>) -> Result<i128> {
    let halves = match between(u, 0, 4)? {
        0 => [i64_value(u)? as u64, i64_value(u)? as u64],
        1 => [f64_value(u)?.to_bits(), f64_value(u)?.to_bits()],
        2 => {
            let mut pair = || Ok((u64::from(f32_value(u)?.to_bits()), f32_value(u)?.to_bits()));
            let (low, high) = (pair()?, pair()?);
            [low, high].map(|(a, b)| a << 32 | u64::from(b))
        }
        3 => {
            let mut pair = || Ok((i32_value(u)? as u32, i32_value(u)? as u32));
            let (low, high) = (pair()?, pair()?);
            [low, high].map(|(a, b)| u64::from(a) << 32 | u64::from(b))
        }
        _ => {
            let byte = u64::from(u.arbitrary::<u8>()?);
            let bytes = byte * 0x0101_0101_0101_0101;
            [bytes, bytes ^ 0x80]
        }
    };
    Ok((u128::from(halves[1]) << 64 | u128::from(halves[0])) as i128)
}

/// The opcode that pushes a constant of this type; null if it is a reference.
pub(in crate::generate) fn constant(
    u: &mut Unstructured<'_>,
    ty: ValType,
) -> Result<Instruction<'static>> {
    Ok(match ty {
        ValType::I32 => Instruction::I32Const(i32_value(u)?),
        ValType::I64 => Instruction::I64Const(i64_value(u)?),
        ValType::F32 => Instruction::F32Const(f32_value(u)?.into()),
        ValType::F64 => Instruction::F64Const(f64_value(u)?.into()),
        ValType::V128 => Instruction::V128Const(v128_value(u)?),
        ValType::Ref(ty) => Instruction::RefNull(ty.heap_type),
    })
}

/// The opcode that pushes a float which converts to every integer type without a trap.
pub(in crate::generate) fn convertible(
    u: &mut Unstructured<'_>,
    ty: ValType,
) -> Result<Instruction<'static>> {
    let value = *u.choose(&[
        0.0f32,
        1.0,
        -0.0,
        -0.75,
        0.5,
        127.75,
        65_536.0,
        16_777_216.0,
    ])?;
    Ok(float(ty, value))
}

/// The opcode that pushes a float which converts to no integer type.
pub(in crate::generate) fn inconvertible(
    u: &mut Unstructured<'_>,
    ty: ValType,
) -> Result<Instruction<'static>> {
    let value = *u.choose(&[f32::NAN, f32::INFINITY, 1e20, -1e20, f32::MIN])?;
    Ok(float(ty, value))
}

fn float(ty: ValType, value: f32) -> Instruction<'static> {
    if ty == ValType::F32 {
        Instruction::F32Const(Ieee32::from(value))
    } else {
        Instruction::F64Const(Ieee64::from(f64::from(value)))
    }
}

/// The opcode that pushes a divisor other than 0 and -1.
pub(in crate::generate) fn divisor(
    u: &mut Unstructured<'_>,
    ty: ValType,
) -> Result<Instruction<'static>> {
    Ok(if ty == ValType::I32 {
        Instruction::I32Const(*u.choose(&[1, 2, 3, 7, i32::MIN, i32::MAX, -2, 10])?)
    } else {
        Instruction::I64Const(*u.choose(&[1, 2, 3, 7, i64::MIN, i64::MAX, -2, 10])?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exhausted_data_draws_the_smallest() {
        let mut u = Unstructured::new(&[]);
        let drawn = some(&mut u, &[ValType::I32, ValType::I64], 2, 3).unwrap();
        assert_eq!(drawn, [ValType::I32; 2]);
    }
}
