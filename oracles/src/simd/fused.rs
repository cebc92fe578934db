//! Relaxed multiply-adds with one rounding, which the specification allows an implementation to choose
//! (`R_fmadd`). The deterministic profile, and [`ternary`](super::ternary), round twice.

use super::lanes::Lane;
use crate::numeric;
use crate::opcode::Opcode;
use std::array::from_fn;

/// The result with one rounding; `None` for any other opcode. A NaN is canonical.
pub(crate) fn fused(op: Opcode, a: u128, b: u128, c: u128) -> Option<u128> {
    match op {
        Opcode::F32x4RelaxedMadd => Some(lanes(a, b, c, single)),
        Opcode::F32x4RelaxedNmadd => {
            Some(lanes(a, b, c, |x, y, z| single(numeric::f32_neg(x), y, z)))
        }
        Opcode::F64x2RelaxedMadd => Some(lanes(a, b, c, double)),
        Opcode::F64x2RelaxedNmadd => {
            Some(lanes(a, b, c, |x, y, z| double(numeric::f64_neg(x), y, z)))
        }
        _ => None,
    }
}

fn single(x: u32, y: u32, z: u32) -> u32 {
    let sum = f32::from_bits(x).mul_add(f32::from_bits(y), f32::from_bits(z));
    numeric::Canonical::canonical(sum)
}

fn double(x: u64, y: u64, z: u64) -> u64 {
    let sum = f64::from_bits(x).mul_add(f64::from_bits(y), f64::from_bits(z));
    numeric::Canonical::canonical(sum)
}

fn lanes<T: Lane<N>, const N: usize>(a: u128, b: u128, c: u128, f: impl Fn(T, T, T) -> T) -> u128 {
    let [a, b, c] = [a, b, c].map(|vector| T::read(&vector.to_le_bytes()));
    u128::from_le_bytes(T::write(from_fn(|i| f(a[i], b[i], c[i]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_is_not_rounded() {
        let splat = |x: f32| {
            let bits = u128::from(x.to_bits());
            bits | bits << 32 | bits << 64 | bits << 96
        };
        let (max, two) = (splat(f32::MAX), splat(2.0));
        let fused = |op, a, b, c| fused(op, a, b, c);
        assert_eq!(
            fused(Opcode::F32x4RelaxedMadd, max, two, splat(-f32::MAX)),
            Some(max)
        );
        assert_eq!(
            fused(Opcode::F32x4RelaxedNmadd, max, two, max),
            Some(splat(-f32::MAX))
        );
        assert_eq!(fused(Opcode::F32x4Add, max, two, max), None);
        let wide = |x: f64| u128::from(x.to_bits()) | u128::from(x.to_bits()) << 64;
        let square = 1.0 + f64::EPSILON;
        assert_eq!(
            fused(
                Opcode::F64x2RelaxedMadd,
                wide(square),
                wide(square),
                wide(-square * square)
            ),
            Some(wide(f64::EPSILON * f64::EPSILON))
        );
    }
}
