//! The scalar instructions against the specification's edge values and against integer arithmetic
//! on exact values; never against another float operation of the same width.

use super::*;
use proptest::prelude::*;

const NAN32: u32 = 0x7fc0_0000;
const NAN64: u64 = 0x7ff8_0000_0000_0000;

fn f32s() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => any::<u32>(),
        2 => any::<i32>().prop_map(|i| (i as f32 / 4.0).to_bits()),
        2 => (any::<bool>(), 0u32..70, -2i32..3).prop_map(|(negative, exponent, step)| {
            f32_pow2(exponent).to_bits().wrapping_add_signed(step) | u32::from(negative) << 31
        }),
        1 => prop::sample::select(vec![
            0, 1 << 31, 1, 0x007f_ffff, 0x0080_0000, 0x7f7f_ffff, 0x7f80_0000, 0xff80_0000, NAN32,
            0xffc0_0000, 0x7f80_0001, 0xffbf_ffff, 0x3f00_0000, 0xbf00_0000, 0x3fc0_0000,
        ]),
    ]
}

fn f64s() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => any::<u64>(),
        2 => any::<i64>().prop_map(|i| (i as f64 / 4.0).to_bits()),
        2 => f32s().prop_map(|x| f64::from(f32::from_bits(x)).to_bits()),
        2 => (f32s(), -3i64..4).prop_map(|(x, step)| {
            f64::from(f32::from_bits(x)).to_bits().wrapping_add_signed(step << 27)
        }),
        2 => (any::<bool>(), 0u32..70, -2i64..3).prop_map(|(negative, exponent, step)| {
            f64_pow2(exponent).to_bits().wrapping_add_signed(step) | u64::from(negative) << 63
        }),
        1 => prop::sample::select(vec![
            0, 1 << 63, 1, 0x000f_ffff_ffff_ffff, 0x0010_0000_0000_0000, 0x7fef_ffff_ffff_ffff,
            0x7ff0_0000_0000_0000, 0xfff0_0000_0000_0000, NAN64, 0x7ff0_0000_0000_0001,
        ]),
    ]
}

/// A finite float, exactly: `±magnitude × 2^exponent`.
#[derive(Clone, Copy, Debug)]
struct Exact {
    negative: bool,
    magnitude: u128,
    exponent: i32,
}

/// Reads the bits of a float whose significand has `precision` bits, the hidden one included.
fn decode(bits: u64, width: u32, precision: u32) -> Option<Exact> {
    let fraction = bits & ((1 << (precision - 1)) - 1);
    let biased = (bits >> (precision - 1)) & ((1 << (width - precision)) - 1);
    let bias = (1i32 << (width - precision - 1)) - 1;
    if biased == (1 << (width - precision)) - 1 {
        return None;
    }
    Some(Exact {
        negative: bits >> (width - 1) != 0,
        magnitude: u128::from(if biased == 0 {
            fraction
        } else {
            fraction | 1 << (precision - 1)
        }),
        exponent: biased.max(1) as i32 - bias - (precision as i32 - 1),
    })
}

fn decode32(bits: u32) -> Option<Exact> {
    decode(bits.into(), 32, 24)
}

fn decode64(bits: u64) -> Option<Exact> {
    decode(bits, 64, 53)
}

/// Drops `bits` low bits, to nearest with ties to even.
fn round(magnitude: u128, bits: u32) -> u128 {
    if bits == 0 {
        return magnitude;
    }
    if bits > 126 {
        return 0;
    }
    let (kept, dropped, half) = (
        magnitude >> bits,
        magnitude & ((1 << bits) - 1),
        1 << (bits - 1),
    );
    kept + u128::from(dropped > half || (dropped == half && kept % 2 == 1))
}

/// The bits of the nearest float, ties to even.
fn encode(x: Exact, width: u32, precision: u32) -> u64 {
    let bias = (1i32 << (width - precision - 1)) - 1;
    let least = 1 - bias - (precision as i32 - 1);
    let excess = (128 - x.magnitude.leading_zeros()) as i32 - precision as i32;
    let exponent = (x.exponent + excess).max(least);
    let magnitude = match exponent - x.exponent {
        dropped @ 0.. => round(x.magnitude, dropped as u32),
        added => x.magnitude << -added,
    };
    // The hidden bit, and a carry out of the significand, count in the exponent by this addition.
    let bits = match magnitude as u64 {
        0 => 0,
        magnitude => (((exponent - least) as u64) << (precision - 1)) + magnitude,
    };
    let infinity = ((1u64 << (width - precision)) - 1) << (precision - 1);
    bits.min(infinity) | u64::from(x.negative) << (width - 1)
}

impl Exact {
    fn of(x: i128) -> Exact {
        Exact {
            negative: x < 0,
            magnitude: x.unsigned_abs(),
            exponent: 0,
        }
    }

    /// Towards zero; `None` if far beyond any integer type.
    fn truncated(self) -> Option<i128> {
        let magnitude = match self.exponent {
            0..60 => self.magnitude << self.exponent,
            60.. => return (self.magnitude == 0).then_some(0),
            _ => self
                .magnitude
                .checked_shr(self.exponent.unsigned_abs())
                .unwrap_or(0),
        };
        Some(if self.negative {
            -(magnitude as i128)
        } else {
            magnitude as i128
        })
    }

    /// Whether truncation drops anything.
    fn fractional(self) -> bool {
        self.exponent < 0
            && self.magnitude.trailing_zeros() < self.exponent.unsigned_abs()
            && self.magnitude != 0
    }

    /// To the nearest integer, ties to even.
    fn nearest(self) -> Option<i128> {
        if self.exponent >= 0 {
            return self.truncated();
        }
        let magnitude = round(self.magnitude, self.exponent.unsigned_abs()) as i128;
        Some(if self.negative { -magnitude } else { magnitude })
    }
}

/// What a trapping truncation to the range must give.
fn truncation(
    nan: bool,
    x: Option<Exact>,
    range: std::ops::RangeInclusive<i128>,
) -> Result<i128, Trap> {
    if nan {
        return Err(Trap::InvalidConversionToInteger);
    }
    x.and_then(Exact::truncated)
        .filter(|x| range.contains(x))
        .ok_or(Trap::IntegerOverflow)
}

/// What a saturating truncation to the range must give.
fn saturation(
    nan: bool,
    negative: bool,
    x: Option<Exact>,
    range: std::ops::RangeInclusive<i128>,
) -> i128 {
    match truncation(nan, x, range.clone()) {
        Ok(x) => x,
        Err(Trap::InvalidConversionToInteger) => 0,
        Err(_) if negative => *range.start(),
        Err(_) => *range.end(),
    }
}

/// The exact properties of the instructions of one integer width.
macro_rules! integer_properties {
    ($test:ident $u:ident $s:ident: $add:ident $sub:ident $mul:ident $div_s:ident $div_u:ident
     $rem_s:ident $rem_u:ident $shl:ident $shr_s:ident $shr_u:ident $rotl:ident $rotr:ident
     $clz:ident $ctz:ident $popcnt:ident $eqz:ident $extend8:ident $extend16:ident;
     $($lt_s:ident $lt_u:ident $op:tt),*) => {
        proptest! {
            #[test]
            fn $test(
                a in prop_oneof![any::<$u>(), Just(1 << ($u::BITS - 1)), 0..4 as $u],
                b in prop_oneof![any::<$u>(), Just($u::MAX), Just($u::BITS as $u), 0..4 as $u],
            ) {
                let (ua, ub) = (i128::from(a), i128::from(b));
                let (sa, sb) = (i128::from(a as $s), i128::from(b as $s));
                let bits = $u::BITS;
                prop_assert_eq!($add(a, b), (ua + ub) as $u);
                prop_assert_eq!($sub(a, b), (ua - ub) as $u);
                prop_assert_eq!($mul(a, b), (ua as u128).wrapping_mul(ub as u128) as $u);
                let zero = || Err(Trap::IntegerDivideByZero);
                prop_assert_eq!($div_u(a, b), if b == 0 { zero() } else { Ok((ua / ub) as $u) });
                prop_assert_eq!($rem_u(a, b), if b == 0 { zero() } else { Ok((ua % ub) as $u) });
                prop_assert_eq!($rem_s(a, b), if b == 0 { zero() } else { Ok((sa % sb) as $u) });
                prop_assert_eq!($div_s(a, b), match b {
                    0 => zero(),
                    _ if sa / sb > i128::from($s::MAX) => Err(Trap::IntegerOverflow),
                    _ => Ok((sa / sb) as $u),
                });
                let k = (ub % i128::from(bits)) as u32;
                prop_assert_eq!($shl(a, b), (ua << k) as $u);
                prop_assert_eq!($shr_s(a, b), (sa >> k) as $u);
                prop_assert_eq!($shr_u(a, b), (ua >> k) as $u);
                prop_assert_eq!($rotl(a, b), (ua << k) as $u | (ua >> (bits - k)) as $u);
                prop_assert_eq!($rotr(a, b), (ua >> k) as $u | (ua << (bits - k)) as $u);
                let bit = |i: u32| ua >> i & 1 == 1;
                prop_assert_eq!($clz(a), (0..bits).rev().take_while(|i| !bit(*i)).count() as $u);
                prop_assert_eq!($ctz(a), (0..bits).take_while(|i| !bit(*i)).count() as $u);
                prop_assert_eq!($popcnt(a), (0..bits).filter(|i| bit(*i)).count() as $u);
                prop_assert_eq!($eqz(a), u32::from(ua == 0));
                prop_assert_eq!($extend8(a), ((ua & 0xff ^ 0x80) - 0x80) as $u);
                prop_assert_eq!($extend16(a), ((ua & 0xffff ^ 0x8000) - 0x8000) as $u);
                $(
                    prop_assert_eq!($lt_s(a, b), u32::from(sa $op sb));
                    prop_assert_eq!($lt_u(a, b), u32::from(ua $op ub));
                )*
            }
        }
    };
}

integer_properties! {
    i32_is_integer_arithmetic_modulo_two_to_the_32 u32 i32:
    i32_add i32_sub i32_mul i32_div_s i32_div_u i32_rem_s i32_rem_u i32_shl i32_shr_s i32_shr_u
    i32_rotl i32_rotr i32_clz i32_ctz i32_popcnt i32_eqz i32_extend8_s i32_extend16_s;
    i32_lt_s i32_lt_u <, i32_gt_s i32_gt_u >, i32_le_s i32_le_u <=, i32_ge_s i32_ge_u >=,
    i32_eq i32_eq ==, i32_ne i32_ne !=
}

integer_properties! {
    i64_is_integer_arithmetic_modulo_two_to_the_64 u64 i64:
    i64_add i64_sub i64_mul i64_div_s i64_div_u i64_rem_s i64_rem_u i64_shl i64_shr_s i64_shr_u
    i64_rotl i64_rotr i64_clz i64_ctz i64_popcnt i64_eqz i64_extend8_s i64_extend16_s;
    i64_lt_s i64_lt_u <, i64_gt_s i64_gt_u >, i64_le_s i64_le_u <=, i64_ge_s i64_ge_u >=,
    i64_eq i64_eq ==, i64_ne i64_ne !=
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn bitwise_instructions_work_bit_by_bit(a: u64, b: u64) {
        prop_assert_eq!(i64_and(a, b), !(!a | !b));
        prop_assert_eq!(i64_or(a, b), i64_and(a, b) + i64_xor(a, b));
        prop_assert_eq!(i64_xor(i64_xor(a, b), b), a);
        let (a32, b32) = (i32_wrap_i64(a), i32_wrap_i64(b));
        prop_assert_eq!(i32_and(a32, b32), i32_wrap_i64(i64_and(a, b)));
        prop_assert_eq!(i32_or(a32, b32), i32_wrap_i64(i64_or(a, b)));
        prop_assert_eq!(i32_xor(a32, b32), i32_wrap_i64(i64_xor(a, b)));
        prop_assert_eq!(i64_extend_i32_u(a32), a % (1 << 32));
        prop_assert_eq!(i64_extend_i32_s(a32) as i64, i64::from(a32 as i32));
        prop_assert_eq!(i64_extend32_s(a), i64_extend_i32_s(a32));
    }

    /// Double rounding is harmless for these five: 53 ≥ 2 × 24 + 2.
    #[test]
    fn f32_arithmetic_is_f64_arithmetic_rounded(a in f32s(), b in f32s()) {
        let (wa, wb) = (f64::from(f32::from_bits(a)), f64::from(f32::from_bits(b)));
        for (narrow, wide) in [
            (f32_add(a, b), wa + wb),
            (f32_sub(a, b), wa - wb),
            (f32_mul(a, b), wa * wb),
            (f32_div(a, b), wa / wb),
            (f32_sqrt(a), wa.sqrt()),
        ] {
            prop_assert_eq!(narrow, if wide.is_nan() { NAN32 } else { (wide as f32).to_bits() });
        }
    }

    #[test]
    fn f64_arithmetic_is_exact_on_small_integers(a in -(1i128 << 26)..1 << 26, b in -(1i128 << 26)..1 << 26) {
        let bits = |x: i128| encode(Exact::of(x), 64, 53);
        prop_assert_eq!(f64_add(bits(a), bits(b)), bits(a + b));
        prop_assert_eq!(f64_sub(bits(a), bits(b)), bits(a - b));
        if a != 0 && b != 0 {
            prop_assert_eq!(f64_mul(bits(a), bits(b)), bits(a * b));
            prop_assert_eq!(f64_div(bits(a * b), bits(b)), bits(a));
        }
        prop_assert_eq!(f64_sqrt(bits(a * a)), bits(a.abs()));
    }

    #[test]
    fn f64_product_is_the_rounded_exact_product(a in f64s(), b in f64s()) {
        if let (Some(x), Some(y)) = (decode64(a), decode64(b)) {
            let product = Exact {
                negative: x.negative != y.negative,
                magnitude: x.magnitude * y.magnitude,
                exponent: x.exponent + y.exponent,
            };
            prop_assert_eq!(f64_mul(a, b), encode(product, 64, 53));
        }
    }

    #[test]
    fn extrema_are_those_of_the_total_order_unless_there_is_a_nan(a in f64s(), b in f64s()) {
        let (x, y) = (f64::from_bits(a), f64::from_bits(b));
        let nan = x.is_nan() || y.is_nan();
        let [lesser, greater] = if x.total_cmp(&y).is_le() { [a, b] } else { [b, a] };
        prop_assert_eq!(f64_min(a, b), if nan { NAN64 } else { lesser });
        prop_assert_eq!(f64_max(a, b), if nan { NAN64 } else { greater });
    }

    #[test]
    fn f32_instructions_are_those_of_f64_where_nothing_is_rounded(a in f32s(), b in f32s()) {
        let (wa, wb) = (f64_promote_f32(a), f64_promote_f32(b));
        prop_assert_eq!(f64_promote_f32(f32_min(a, b)), f64_min(wa, wb));
        prop_assert_eq!(f64_promote_f32(f32_max(a, b)), f64_max(wa, wb));
        prop_assert_eq!(f64_promote_f32(f32_ceil(a)), f64_ceil(wa));
        prop_assert_eq!(f64_promote_f32(f32_floor(a)), f64_floor(wa));
        prop_assert_eq!(f64_promote_f32(f32_trunc(a)), f64_trunc(wa));
        prop_assert_eq!(f64_promote_f32(f32_nearest(a)), f64_nearest(wa));
        prop_assert_eq!(f32_eq(a, b), f64_eq(wa, wb));
        prop_assert_eq!(f32_ne(a, b), f64_ne(wa, wb));
        prop_assert_eq!(f32_lt(a, b), f64_lt(wa, wb));
        prop_assert_eq!(f32_gt(a, b), f64_gt(wa, wb));
        prop_assert_eq!(f32_le(a, b), f64_le(wa, wb));
        prop_assert_eq!(f32_ge(a, b), f64_ge(wa, wb));
    }

    #[test]
    fn order_is_that_of_the_bits_as_signed_magnitudes(a in f64s(), b in f64s()) {
        let magnitude = |x: u64| (x & !(1 << 63)) as i128;
        let key = |x: u64| if x >> 63 == 1 { -magnitude(x) } else { magnitude(x) };
        let ordered = magnitude(a) <= 0x7ff << 52 && magnitude(b) <= 0x7ff << 52;
        prop_assert_eq!(f64_eq(a, b), u32::from(ordered && key(a) == key(b)));
        prop_assert_eq!(f64_ne(a, b), u32::from(!(ordered && key(a) == key(b))));
        prop_assert_eq!(f64_lt(a, b), u32::from(ordered && key(a) < key(b)));
        prop_assert_eq!(f64_gt(a, b), u32::from(ordered && key(a) > key(b)));
        prop_assert_eq!(f64_le(a, b), u32::from(ordered && key(a) <= key(b)));
        prop_assert_eq!(f64_ge(a, b), u32::from(ordered && key(a) >= key(b)));
    }

    #[test]
    fn roundings_give_the_exact_integer_with_the_sign_of_the_operand(a in f64s()) {
        let Some(x) = decode64(a) else {
            let expected = if a & !(1 << 63) == 0x7ff << 52 { a } else { NAN64 };
            for rounding in [f64_ceil, f64_floor, f64_trunc, f64_nearest] {
                prop_assert_eq!(rounding(a), expected);
            }
            return Ok(());
        };
        let (Some(truncated), Some(nearest)) = (x.truncated(), x.nearest()) else {
            prop_assert_eq!([f64_ceil(a), f64_floor(a), f64_trunc(a), f64_nearest(a)], [a; 4]);
            return Ok(());
        };
        let bits = |i: i128| encode(Exact { negative: x.negative, ..Exact::of(i) }, 64, 53);
        prop_assert_eq!(f64_trunc(a), bits(truncated));
        prop_assert_eq!(f64_floor(a), bits(truncated - i128::from(x.fractional() && x.negative)));
        prop_assert_eq!(f64_ceil(a), bits(truncated + i128::from(x.fractional() && !x.negative)));
        prop_assert_eq!(f64_nearest(a), bits(nearest));
    }

    #[test]
    fn bit_instructions_keep_the_payload(a: u64, b: u64) {
        let (high, low) = (a >> 63, a << 1 >> 1);
        prop_assert_eq!(f64_abs(a), low);
        prop_assert_eq!(f64_neg(a), (1 - high) << 63 | low);
        prop_assert_eq!(f64_copysign(a, b), (b >> 63) << 63 | low);
        prop_assert_eq!([f64_reinterpret_i64(a), i64_reinterpret_f64(a)], [a; 2]);
        let (a, b) = (a as u32, b as u32);
        let (high, low) = (a >> 31, a << 1 >> 1);
        prop_assert_eq!(f32_abs(a), low);
        prop_assert_eq!(f32_neg(a), (1 - high) << 31 | low);
        prop_assert_eq!(f32_copysign(a, b), (b >> 31) << 31 | low);
        prop_assert_eq!([f32_reinterpret_i32(a), i32_reinterpret_f32(a)], [a; 2]);
    }

    #[test]
    fn conversions_round_the_exact_value(a in prop_oneof![any::<u64>(), f64s(), (0u32..64).prop_map(|k| u64::MAX >> k)]) {
        let a32 = a as u32;
        for (value, narrow, wide) in [
            (i128::from(a32 as i32), f32_convert_i32_s(a32), f64_convert_i32_s(a32)),
            (i128::from(a32), f32_convert_i32_u(a32), f64_convert_i32_u(a32)),
            (i128::from(a as i64), f32_convert_i64_s(a), f64_convert_i64_s(a)),
            (i128::from(a), f32_convert_i64_u(a), f64_convert_i64_u(a)),
        ] {
            prop_assert_eq!(u64::from(narrow), encode(Exact::of(value), 32, 24));
            prop_assert_eq!(wide, encode(Exact::of(value), 64, 53));
        }
    }

    #[test]
    fn demotion_rounds_and_promotion_is_exact(wide in f64s(), narrow in f32s()) {
        if let Some(x) = decode64(wide) {
            prop_assert_eq!(u64::from(f32_demote_f64(wide)), encode(x, 32, 24));
        }
        if let Some(x) = decode32(narrow) {
            prop_assert_eq!(f64_promote_f32(narrow), encode(x, 64, 53));
        }
    }

    #[test]
    fn truncations_give_the_exact_integer_or_trap(wide in f64s(), narrow in f32s()) {
        let (wide_nan, narrow_nan) = (f64::from_bits(wide).is_nan(), f32::from_bits(narrow).is_nan());
        let (wide_negative, narrow_negative) = (wide >> 63 == 1, narrow >> 31 == 1);
        macro_rules! check {
            ($($i:ident $as:ident: $t32:ident $t64:ident $sat32:ident $sat64:ident;)*) => {$(
                let range = i128::from($i::MIN)..=i128::from($i::MAX);
                let expected = truncation(narrow_nan, decode32(narrow), range.clone());
                prop_assert_eq!($t32(narrow), expected.map(|x| x as $as));
                let expected = truncation(wide_nan, decode64(wide), range.clone());
                prop_assert_eq!($t64(wide), expected.map(|x| x as $as));
                let expected = saturation(narrow_nan, narrow_negative, decode32(narrow), range.clone());
                prop_assert_eq!($sat32(narrow), expected as $as);
                let expected = saturation(wide_nan, wide_negative, decode64(wide), range);
                prop_assert_eq!($sat64(wide), expected as $as);
            )*};
        }
        check! {
            i32 u32: i32_trunc_f32_s i32_trunc_f64_s i32_trunc_sat_f32_s i32_trunc_sat_f64_s;
            u32 u32: i32_trunc_f32_u i32_trunc_f64_u i32_trunc_sat_f32_u i32_trunc_sat_f64_u;
            i64 u64: i64_trunc_f32_s i64_trunc_f64_s i64_trunc_sat_f32_s i64_trunc_sat_f64_s;
            u64 u64: i64_trunc_f32_u i64_trunc_f64_u i64_trunc_sat_f32_u i64_trunc_sat_f64_u;
        }
    }
}

/// Signalling, negative and payload-carrying NaNs all become the positive canonical one.
#[test]
fn arithmetic_gives_the_canonical_nan() {
    for nan in [NAN32, 0xffc0_0000, 0x7f80_0001, 0xffff_ffff, 0x7fc0_0001] {
        let wide = f64::from(f32::from_bits(nan)).to_bits() | 1;
        let one = 1f32.to_bits();
        for (x, y) in [(nan, one), (one, nan), (nan, nan)] {
            for op in [f32_add, f32_sub, f32_mul, f32_div, f32_min, f32_max] {
                assert_eq!(op(x, y), NAN32);
            }
        }
        for (x, y) in [(wide, 1f64.to_bits()), (1f64.to_bits(), wide)] {
            for op in [f64_add, f64_sub, f64_mul, f64_div, f64_min, f64_max] {
                assert_eq!(op(x, y), NAN64);
            }
        }
        for op in [f32_sqrt, f32_ceil, f32_floor, f32_trunc, f32_nearest] {
            assert_eq!(op(nan), NAN32);
        }
        for op in [f64_sqrt, f64_ceil, f64_floor, f64_trunc, f64_nearest] {
            assert_eq!(op(wide), NAN64);
        }
        assert_eq!(f32_demote_f64(wide), NAN32);
        assert_eq!(f64_promote_f32(nan), NAN64);
    }
    let (zero, infinity) = (0f32.to_bits(), f32::INFINITY.to_bits());
    assert_eq!(f32_div(zero, zero), NAN32);
    assert_eq!(f32_sub(infinity, infinity), NAN32);
    assert_eq!(f32_mul(zero, infinity), NAN32);
    assert_eq!(f32_sqrt((-1f32).to_bits()), NAN32);
    assert_eq!(f64_sqrt((-1f64).to_bits()), NAN64);
}

#[test]
fn zeros_keep_the_sign_that_the_specification_gives_them() {
    let (plus, minus) = (0u32, 1 << 31);
    for (a, b) in [(plus, minus), (minus, plus)] {
        assert_eq!(f32_min(a, b), minus);
        assert_eq!(f32_max(a, b), plus);
        assert_eq!(f32_add(a, b), plus);
    }
    assert_eq!(f32_add(minus, minus), minus);
    assert_eq!(f32_sub(minus, plus), minus);
    assert_eq!(f32_sqrt(minus), minus);
    let bits = f32::to_bits;
    assert_eq!(f32_ceil(bits(-0.5)), minus);
    assert_eq!(f32_trunc(bits(-0.9)), minus);
    assert_eq!(f32_nearest(bits(-0.5)), minus);
    assert_eq!(f32_nearest(bits(2.5)), bits(2.0));
    assert_eq!(f32_nearest(bits(3.5)), bits(4.0));
    assert_eq!(f32_eq(plus, minus), 1);
}

/// The neighbours of every bound, from the official test suite's `conversions.wast`.
#[test]
fn truncation_bounds_are_exact() {
    let (overflow, nan) = (Trap::IntegerOverflow, Trap::InvalidConversionToInteger);
    let bits = f64::to_bits;
    assert_eq!(i32_trunc_f64_s(bits(2147483647.9)), Ok(0x7fff_ffff));
    assert_eq!(i32_trunc_f64_s(bits(2147483648.0)), Err(overflow));
    assert_eq!(i32_trunc_f64_s(bits(-2147483648.9)), Ok(0x8000_0000));
    assert_eq!(i32_trunc_f64_s(bits(-2147483649.0)), Err(overflow));
    assert_eq!(i32_trunc_f64_u(bits(4294967295.9)), Ok(u32::MAX));
    assert_eq!(i32_trunc_f64_u(bits(-0.9)), Ok(0));
    assert_eq!(i32_trunc_f64_u(bits(-1.0)), Err(overflow));
    assert_eq!(i32_trunc_f64_s(bits(f64::NAN)), Err(nan));
    assert_eq!(i32_trunc_f64_s(bits(f64::INFINITY)), Err(overflow));
    assert_eq!(i32_trunc_f32_s(0x4eff_ffff), Ok(2147483520));
    assert_eq!(i32_trunc_f32_s(0x4f00_0000), Err(overflow));
    assert_eq!(i32_trunc_f32_s(0xcf00_0000), Ok(0x8000_0000));
    assert_eq!(i32_trunc_f32_s(0xcf00_0001), Err(overflow));
    assert_eq!(
        i64_trunc_f64_s(0x43df_ffff_ffff_ffff),
        Ok(9223372036854774784)
    );
    assert_eq!(i64_trunc_f64_s(0x43e0_0000_0000_0000), Err(overflow));
    assert_eq!(i64_trunc_f64_s(0xc3e0_0000_0000_0000), Ok(1 << 63));
    assert_eq!(
        i64_trunc_f64_u(0x43ef_ffff_ffff_ffff),
        Ok(18446744073709549568)
    );
    assert_eq!(i64_trunc_f64_u(0x43f0_0000_0000_0000), Err(overflow));
    assert_eq!(i64_trunc_f32_u(0x5f80_0000), Err(overflow));
}

#[test]
fn division_traps_where_the_result_is_undefined() {
    assert_eq!(i32_div_s(1 << 31, u32::MAX), Err(Trap::IntegerOverflow));
    assert_eq!(i64_div_s(1 << 63, u64::MAX), Err(Trap::IntegerOverflow));
    assert_eq!(i32_rem_s(1 << 31, u32::MAX), Ok(0));
    assert_eq!(i64_rem_s(1 << 63, u64::MAX), Ok(0));
    assert_eq!(i32_div_u(1 << 31, u32::MAX), Ok(0));
    assert_eq!(i64_rem_u(1, 0), Err(Trap::IntegerDivideByZero));
}
