//! The relaxed instructions against the strict ones that the deterministic profile makes them.

use super::*;
use crate::opcode::Proposal;
use Opcode::*;
use proptest::prelude::*;

#[test]
fn every_relaxed_opcode_has_a_kind() {
    let relaxed = || {
        let all = Opcode::ALL.iter();
        all.filter(|op| op.proposal() == Proposal::RelaxedSimd)
    };
    let count = |wanted| relaxed().filter(|op| kind(**op) == wanted).count();
    assert_eq!(relaxed().count(), 20);
    assert_eq!(count(Kind::Unary), 4);
    assert_eq!(count(Kind::Binary), 7);
    assert_eq!(count(Kind::Ternary), 9);
}

/// Both factors signed, and the sums saturated: the one case in which that shows.
#[test]
fn a_dot_product_saturates() {
    let least = splat(I8x16Splat, 0x80);
    let dot = binary(I16x8RelaxedDotI8x16I7x16S, least, least);
    assert_eq!(dot, splat(I16x8Splat, 0x7fff));
    let sum = ternary(
        I32x4RelaxedDotI8x16I7x16AddS,
        least,
        least,
        splat(I32x4Splat, 3),
    );
    assert_eq!(sum, splat(I32x4Splat, 2 * 0x7fff + 3));
}

/// The unfused product is rounded before the sum: 2⁻²⁴ of it is lost.
#[test]
fn a_multiply_add_rounds_twice() {
    let x = splat(F32x4Splat, (1.0_f32 + f32::EPSILON).to_bits().into());
    let product = binary(F32x4Mul, x, x);
    let difference = ternary(F32x4RelaxedNmadd, x, x, product);
    assert_eq!(difference, 0);
}

proptest! {
    /// Given any vectors, a relaxed instruction is the strict one of the same meaning.
    #[test]
    fn a_relaxed_instruction_is_a_strict_one(a: u128, b: u128, c: u128) {
        for (relaxed, strict) in [
            (I32x4RelaxedTruncF32x4S, I32x4TruncSatF32x4S),
            (I32x4RelaxedTruncF32x4U, I32x4TruncSatF32x4U),
            (I32x4RelaxedTruncF64x2SZero, I32x4TruncSatF64x2SZero),
            (I32x4RelaxedTruncF64x2UZero, I32x4TruncSatF64x2UZero),
        ] {
            prop_assert_eq!(unary(relaxed, a), unary(strict, a));
        }
        for (relaxed, strict) in [
            (I8x16RelaxedSwizzle, I8x16Swizzle),
            (F32x4RelaxedMin, F32x4Min),
            (F32x4RelaxedMax, F32x4Max),
            (F64x2RelaxedMin, F64x2Min),
            (F64x2RelaxedMax, F64x2Max),
            (I16x8RelaxedQ15mulrS, I16x8Q15MulrSatS),
        ] {
            prop_assert_eq!(binary(relaxed, a, b), binary(strict, a, b));
        }
        for relaxed in [
            I8x16RelaxedLaneselect,
            I16x8RelaxedLaneselect,
            I32x4RelaxedLaneselect,
            I64x2RelaxedLaneselect,
        ] {
            prop_assert_eq!(ternary(relaxed, a, b, c), bitselect(a, b, c));
        }
        let sum = |mul, add, a| binary(add, binary(mul, a, b), c);
        prop_assert_eq!(ternary(F32x4RelaxedMadd, a, b, c), sum(F32x4Mul, F32x4Add, a));
        prop_assert_eq!(ternary(F64x2RelaxedMadd, a, b, c), sum(F64x2Mul, F64x2Add, a));
        let minus = unary(F64x2Neg, a);
        prop_assert_eq!(ternary(F64x2RelaxedNmadd, a, b, c), sum(F64x2Mul, F64x2Add, minus));
    }
}
