//! Relaxed dot products as implementations make them that do not saturate. The specification's
//! (`ivdotsat`, Core 4.3) saturates each sum of two products, whatever `R_idot` is; that is in the
//! tables of [`simd`](super).

use super::lanes::Lane;
use crate::opcode::Opcode;

/// How an implementation makes the sums of products of which two do not fit 16 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DotSums {
    /// They are saturated, as the specification says.
    #[default]
    Saturated,
    /// They wrap.
    Wrapped,
    /// They wrap where 16 bits are the result; where 32 bits are, the four products are added exactly.
    Exact,
}

/// The result with such sums; `None` for any other opcode, and where they are the specification's.
pub(crate) fn dot(sums: DotSums, op: Opcode, a: u128, b: u128, c: u128) -> Option<u128> {
    match (sums, op) {
        (DotSums::Saturated, _) => None,
        (_, Opcode::I16x8RelaxedDotI8x16I7x16S) => Some(<i16 as Lane<8>>::join(pairs(a, b))),
        (_, Opcode::I32x4RelaxedDotI8x16I7x16AddS) => {
            let c = <i32 as Lane<4>>::split(c);
            let exact = sums == DotSums::Exact;
            let fours = if exact {
                exact_fours(a, b)
            } else {
                wrapped_fours(a, b)
            };
            let lane = |i: usize| fours[i].wrapping_add(c[i]);
            Some(<i32 as Lane<4>>::join(std::array::from_fn(lane)))
        }
        _ => None,
    }
}

/// The products of two vectors of bytes, both signed.
fn products(a: u128, b: u128) -> [i32; 16] {
    let (a, b) = (<i8 as Lane<16>>::split(a), <i8 as Lane<16>>::split(b));
    std::array::from_fn(|i| i32::from(a[i]) * i32::from(b[i]))
}

fn pairs(a: u128, b: u128) -> [i16; 8] {
    let products = products(a, b);
    std::array::from_fn(|i| (products[2 * i] + products[2 * i + 1]) as i16)
}

fn wrapped_fours(a: u128, b: u128) -> [i32; 4] {
    let pairs = pairs(a, b);
    std::array::from_fn(|i| i32::from(pairs[2 * i]) + i32::from(pairs[2 * i + 1]))
}

fn exact_fours(a: u128, b: u128) -> [i32; 4] {
    let products = products(a, b);
    std::array::from_fn(|i| products[4 * i..4 * i + 4].iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two products of -128 by itself are 1 more than 16 bits hold; four are 65,536.
    #[test]
    fn only_sums_that_do_not_fit_differ() {
        let minimum = u128::from_le_bytes([0x80; 16]);
        let pair = Opcode::I16x8RelaxedDotI8x16I7x16S;
        let four = Opcode::I32x4RelaxedDotI8x16I7x16AddS;
        let lane16 = |x: i16| <i16 as Lane<8>>::join([x; 8]);
        let lane32 = |x: i32| <i32 as Lane<4>>::join([x; 4]);
        let strict = |op| match op == pair {
            true => super::super::binary(op, minimum, minimum),
            false => super::super::ternary(op, minimum, minimum, 0),
        };
        assert_eq!(strict(pair), lane16(i16::MAX));
        assert_eq!(strict(four), lane32(2 * i32::from(i16::MAX)));
        let at = |sums, op, b| dot(sums, op, minimum, b, 0);
        assert_eq!(at(DotSums::Saturated, pair, minimum), None);
        assert_eq!(at(DotSums::Wrapped, pair, minimum), Some(lane16(i16::MIN)));
        assert_eq!(at(DotSums::Exact, pair, minimum), Some(lane16(i16::MIN)));
        assert_eq!(at(DotSums::Wrapped, four, minimum), Some(lane32(-65_536)));
        assert_eq!(at(DotSums::Exact, four, minimum), Some(lane32(65_536)));
        assert_eq!(at(DotSums::Exact, Opcode::I16x8Add, minimum), None);
        // -128 by 127 twice is -32,512, which fits.
        let fits = u128::from_le_bytes([0x7f; 16]);
        for sums in [DotSums::Wrapped, DotSums::Exact] {
            let strict = super::super::binary(pair, minimum, fits);
            assert_eq!(at(sums, pair, fits), Some(strict));
            let strict = super::super::ternary(four, minimum, fits, 0);
            assert_eq!(at(sums, four, fits), Some(strict));
        }
    }
}
