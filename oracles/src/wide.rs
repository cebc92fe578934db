//! Wide arithmetic: 128-bit numbers as two `i64`, the low half first.

/// A 128-bit number from its halves.
fn join(low: u64, high: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

/// The halves of a 128-bit number, the low one first.
fn split(x: u128) -> (u64, u64) {
    (x as u64, (x >> 64) as u64)
}

/// `i64.add128`: the sum modulo 2¹²⁸.
pub(crate) fn add128(a: (u64, u64), b: (u64, u64)) -> (u64, u64) {
    split(join(a.0, a.1).wrapping_add(join(b.0, b.1)))
}

/// `i64.sub128`: the difference modulo 2¹²⁸.
pub(crate) fn sub128(a: (u64, u64), b: (u64, u64)) -> (u64, u64) {
    split(join(a.0, a.1).wrapping_sub(join(b.0, b.1)))
}

/// `i64.mul_wide_s`: the product of two signed numbers.
pub(crate) fn mul_wide_s(a: u64, b: u64) -> (u64, u64) {
    split((i128::from(a as i64) * i128::from(b as i64)) as u128)
}

/// `i64.mul_wide_u`: the product of two unsigned numbers.
pub(crate) fn mul_wide_u(a: u64, b: u64) -> (u64, u64) {
    split(u128::from(a) * u128::from(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn half() -> impl Strategy<Value = u64> {
        prop_oneof![
            any::<u64>(),
            0_u64..3,
            (u64::MAX - 2)..=u64::MAX,
            Just(1 << 63)
        ]
    }

    proptest! {
        /// Given any halves, sums and differences undo each other, and a carry reaches the high half.
        #[test]
        fn a_difference_undoes_a_sum(a in (half(), half()), b in (half(), half())) {
            prop_assert_eq!(sub128(add128(a, b), b), a);
            let (low, carry) = a.0.overflowing_add(b.0);
            let high = a.1.wrapping_add(b.1).wrapping_add(u64::from(carry));
            prop_assert_eq!(add128(a, b), (low, high));
        }

        /// Given any factors, the product is that of school: four products of 32 bits each.
        #[test]
        fn a_product_is_the_sum_of_partial_products(a in half(), b in half()) {
            let (a0, a1, b0, b1) = (a & 0xffff_ffff, a >> 32, b & 0xffff_ffff, b >> 32);
            let mut sum = (a0 * b0, a1 * b1);
            for partial in [a0 * b1, a1 * b0] {
                sum = add128(sum, (partial << 32, partial >> 32));
            }
            prop_assert_eq!(mul_wide_u(a, b), sum);
        }

        /// Given any factors, a negative one takes the other from the high half.
        #[test]
        fn the_signed_product_differs_in_the_high_half(a in half(), b in half()) {
            let (low, high) = mul_wide_u(a, b);
            let mut expected = high;
            if (a as i64) < 0 {
                expected = expected.wrapping_sub(b);
            }
            if (b as i64) < 0 {
                expected = expected.wrapping_sub(a);
            }
            prop_assert_eq!(mul_wide_s(a, b), (low, expected));
        }
    }
}
