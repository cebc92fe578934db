//! The scalar numeric instructions, as the specification's *Numerics* chapter defines them; never
//! a stack, a memory or a decision about which instruction runs.
//!
//! One function for one opcode, named like the decoder's visitor. Values are bits: `i32` and `f32`
//! are `u32`, `i64` and `f64` are `u64`; a test or a comparison gives the `u32` 0 or 1.
//!
//! NaNs follow the deterministic profile: an arithmetic instruction whose result is a NaN gives the
//! positive canonical NaN. `abs`, `neg` and `copysign` work on bits and keep a NaN's payload.

use crate::trap::Trap;

/// A float whose NaNs can be replaced by the positive canonical NaN.
pub(crate) trait Canonical {
    /// The type of the bits.
    type Bits;

    /// The bits, those of the positive canonical NaN for any NaN.
    fn canonical(self) -> Self::Bits;
}

impl Canonical for f32 {
    type Bits = u32;

    #[inline(always)]
    fn canonical(self) -> u32 {
        if self.is_nan() {
            0x7fc0_0000
        } else {
            self.to_bits()
        }
    }
}

impl Canonical for f64 {
    type Bits = u64;

    #[inline(always)]
    fn canonical(self) -> u64 {
        if self.is_nan() {
            0x7ff8_0000_0000_0000
        } else {
            self.to_bits()
        }
    }
}

/// Integer instructions of both widths: a row is the `i32` name, the `i64` name, the operands and
/// the definition, in which `U` and `S` are the unsigned and the signed type of the width.
macro_rules! integer {
    ($result:tt: $($n32:ident $n64:ident ($($x:ident),+) = $body:expr;)*) => {$(
        integer!(@ $n32 u32 i32 $result ($($x),+) $body);
        integer!(@ $n64 u64 i64 $result ($($x),+) $body);
    )*};
    (@ $name:ident $u:ident $s:ident $result:tt ($($x:ident),+) $body:expr) => {
        #[doc = concat!("The instruction `", stringify!($name), "`.")]
        #[inline(always)]
        pub(crate) fn $name($($x: $u),+) -> integer!(@result $result $u) {
            #[allow(dead_code)]
            type U = $u;
            #[allow(dead_code)]
            type S = $s;
            integer!(@finish $result $body)
        }
    };
    (@result value $u:ident) => { $u };
    (@result trapping $u:ident) => { Result<$u, Trap> };
    (@result truth $u:ident) => { u32 };
    (@finish truth $body:expr) => { u32::from($body) };
    (@finish $other:tt $body:expr) => { $body };
}

integer! { value:
    i32_clz      i64_clz      (a) = U::from(a.leading_zeros() as u8);
    i32_ctz      i64_ctz      (a) = U::from(a.trailing_zeros() as u8);
    i32_popcnt   i64_popcnt   (a) = U::from(a.count_ones() as u8);
    i32_extend8_s  i64_extend8_s  (a) = S::from(a as i8) as U;
    i32_extend16_s i64_extend16_s (a) = S::from(a as i16) as U;
    i32_add      i64_add      (a, b) = a.wrapping_add(b);
    i32_sub      i64_sub      (a, b) = a.wrapping_sub(b);
    i32_mul      i64_mul      (a, b) = a.wrapping_mul(b);
    i32_and      i64_and      (a, b) = a & b;
    i32_or       i64_or       (a, b) = a | b;
    i32_xor      i64_xor      (a, b) = a ^ b;
    // A shift count counts modulo the width, which is what Rust's `wrapping` shifts do.
    i32_shl      i64_shl      (a, b) = a.wrapping_shl(b as u32);
    i32_shr_s    i64_shr_s    (a, b) = (a as S).wrapping_shr(b as u32) as U;
    i32_shr_u    i64_shr_u    (a, b) = a.wrapping_shr(b as u32);
    i32_rotl     i64_rotl     (a, b) = a.rotate_left(b as u32 % U::BITS);
    i32_rotr     i64_rotr     (a, b) = a.rotate_right(b as u32 % U::BITS);
}

integer! { trapping:
    i32_div_s    i64_div_s    (a, b) = match (a as S, b as S) {
        (_, 0) => Err(Trap::IntegerDivideByZero),
        (S::MIN, -1) => Err(Trap::IntegerOverflow),
        (a, b) => Ok((a / b) as U),
    };
    i32_div_u    i64_div_u    (a, b) = a.checked_div(b).ok_or(Trap::IntegerDivideByZero);
    i32_rem_s    i64_rem_s    (a, b) = match (a as S, b as S) {
        (_, 0) => Err(Trap::IntegerDivideByZero),
        (a, b) => Ok(a.wrapping_rem(b) as U),
    };
    i32_rem_u    i64_rem_u    (a, b) = a.checked_rem(b).ok_or(Trap::IntegerDivideByZero);
}

integer! { truth:
    i32_eqz      i64_eqz      (a) = a == 0;
    i32_eq       i64_eq       (a, b) = a == b;
    i32_ne       i64_ne       (a, b) = a != b;
    i32_lt_s     i64_lt_s     (a, b) = (a as S) < (b as S);
    i32_lt_u     i64_lt_u     (a, b) = a < b;
    i32_gt_s     i64_gt_s     (a, b) = (a as S) > (b as S);
    i32_gt_u     i64_gt_u     (a, b) = a > b;
    i32_le_s     i64_le_s     (a, b) = (a as S) <= (b as S);
    i32_le_u     i64_le_u     (a, b) = a <= b;
    i32_ge_s     i64_ge_s     (a, b) = (a as S) >= (b as S);
    i32_ge_u     i64_ge_u     (a, b) = a >= b;
}

/// Float instructions of both widths: a row is the `f32` name, the `f64` name, the operands and the
/// definition. `arithmetic` and `truth` rows see the operands as floats, `bits` rows as bits, where
/// `SIGN` is the sign bit.
macro_rules! float {
    ($result:tt: $($n32:ident $n64:ident ($($x:ident),+) = $body:expr;)*) => {$(
        float!(@ $n32 f32 u32 $result ($($x),+) $body);
        float!(@ $n64 f64 u64 $result ($($x),+) $body);
    )*};
    (@ $name:ident $f:ident $u:ident arithmetic ($($x:ident),+) $body:expr) => {
        #[doc = concat!("The instruction `", stringify!($name), "`; a NaN is canonical.")]
        #[inline(always)]
        pub(crate) fn $name($($x: $u),+) -> $u {
            $(let $x = $f::from_bits($x);)+
            ($body).canonical()
        }
    };
    (@ $name:ident $f:ident $u:ident truth ($($x:ident),+) $body:expr) => {
        #[doc = concat!("The instruction `", stringify!($name), "`.")]
        #[inline(always)]
        pub(crate) fn $name($($x: $u),+) -> u32 {
            $(let $x = $f::from_bits($x);)+
            u32::from($body)
        }
    };
    (@ $name:ident $f:ident $u:ident bits ($($x:ident),+) $body:expr) => {
        #[doc = concat!("The instruction `", stringify!($name), "`, on the bits.")]
        #[inline(always)]
        pub(crate) fn $name($($x: $u),+) -> $u {
            const SIGN: $u = 1 << ($u::BITS - 1);
            $body
        }
    };
}

float! { arithmetic:
    f32_add      f64_add      (a, b) = a + b;
    f32_sub      f64_sub      (a, b) = a - b;
    f32_mul      f64_mul      (a, b) = a * b;
    f32_div      f64_div      (a, b) = a / b;
    f32_min      f64_min      (a, b) = lesser(a, b);
    f32_max      f64_max      (a, b) = greater(a, b);
    f32_sqrt     f64_sqrt     (a) = a.sqrt();
    f32_ceil     f64_ceil     (a) = a.ceil();
    f32_floor    f64_floor    (a) = a.floor();
    f32_trunc    f64_trunc    (a) = a.trunc();
    f32_nearest  f64_nearest  (a) = a.round_ties_even();
}

float! { bits:
    f32_abs      f64_abs      (a) = a & !SIGN;
    f32_neg      f64_neg      (a) = a ^ SIGN;
    f32_copysign f64_copysign (a, b) = (a & !SIGN) | (b & SIGN);
}

float! { truth:
    f32_eq       f64_eq       (a, b) = a == b;
    f32_ne       f64_ne       (a, b) = a != b;
    f32_lt       f64_lt       (a, b) = a < b;
    f32_gt       f64_gt       (a, b) = a > b;
    f32_le       f64_le       (a, b) = a <= b;
    f32_ge       f64_ge       (a, b) = a >= b;
}

/// What `min` and `max` need of a float besides its order.
trait Extremum: Copy + PartialOrd + std::ops::Add<Output = Self> {
    /// Whether the sign bit is set.
    fn negative(self) -> bool;
}

impl Extremum for f32 {
    #[inline(always)]
    fn negative(self) -> bool {
        self.is_sign_negative()
    }
}

impl Extremum for f64 {
    #[inline(always)]
    fn negative(self) -> bool {
        self.is_sign_negative()
    }
}

/// `fmin`: a NaN if either is one, and −0 below +0.
#[inline(always)]
fn lesser<F: Extremum>(a: F, b: F) -> F {
    if a < b || (a == b && a.negative()) {
        a
    } else if b <= a {
        b
    } else {
        a + b
    }
}

/// `fmax`: a NaN if either is one, and +0 above −0.
#[inline(always)]
fn greater<F: Extremum>(a: F, b: F) -> F {
    if a > b || (a == b && !a.negative()) {
        a
    } else if b >= a {
        b
    } else {
        a + b
    }
}

/// Conversions: a row is the name, the operand, its type of bits, the result's, and the definition.
macro_rules! conversion {
    ($($name:ident ($a:ident: $from:ty) -> $to:ty = $body:expr;)*) => {$(
        #[doc = concat!("The instruction `", stringify!($name), "`.")]
        #[inline(always)]
        pub(crate) fn $name($a: $from) -> $to {
            $body
        }
    )*};
}

conversion! {
    i32_wrap_i64        (a: u64) -> u32 = a as u32;
    i64_extend_i32_s    (a: u32) -> u64 = i64::from(a as i32) as u64;
    i64_extend_i32_u    (a: u32) -> u64 = u64::from(a);
    i64_extend32_s      (a: u64) -> u64 = i64::from(a as i32) as u64;
    i32_reinterpret_f32 (a: u32) -> u32 = a;
    i64_reinterpret_f64 (a: u64) -> u64 = a;
    f32_reinterpret_i32 (a: u32) -> u32 = a;
    f64_reinterpret_i64 (a: u64) -> u64 = a;
    f32_demote_f64      (a: u64) -> u32 = (f64::from_bits(a) as f32).canonical();
    f64_promote_f32     (a: u32) -> u64 = f64::from(f32::from_bits(a)).canonical();
    // `as` from an integer to a float rounds to nearest, ties to even.
    f32_convert_i32_s   (a: u32) -> u32 = (a as i32 as f32).to_bits();
    f32_convert_i32_u   (a: u32) -> u32 = (a as f32).to_bits();
    f32_convert_i64_s   (a: u64) -> u32 = (a as i64 as f32).to_bits();
    f32_convert_i64_u   (a: u64) -> u32 = (a as f32).to_bits();
    f64_convert_i32_s   (a: u32) -> u64 = f64::from(a as i32).to_bits();
    f64_convert_i32_u   (a: u32) -> u64 = f64::from(a).to_bits();
    f64_convert_i64_s   (a: u64) -> u64 = (a as i64 as f64).to_bits();
    f64_convert_i64_u   (a: u64) -> u64 = (a as f64).to_bits();
    // `as` from a float to an integer truncates, saturates, and takes a NaN to 0.
    i32_trunc_sat_f32_s (a: u32) -> u32 = f32::from_bits(a) as i32 as u32;
    i32_trunc_sat_f32_u (a: u32) -> u32 = f32::from_bits(a) as u32;
    i32_trunc_sat_f64_s (a: u64) -> u32 = f64::from_bits(a) as i32 as u32;
    i32_trunc_sat_f64_u (a: u64) -> u32 = f64::from_bits(a) as u32;
    i64_trunc_sat_f32_s (a: u32) -> u64 = f32::from_bits(a) as i64 as u64;
    i64_trunc_sat_f32_u (a: u32) -> u64 = f32::from_bits(a) as u64;
    i64_trunc_sat_f64_s (a: u64) -> u64 = f64::from_bits(a) as i64 as u64;
    i64_trunc_sat_f64_u (a: u64) -> u64 = f64::from_bits(a) as u64;
}

/// Trapping truncations: a row is the name, the float and its bits, the integer and its bits, and
/// the powers of two between which the truncated value must lie: `low <= trunc(a) < high`. Every
/// bound is a float of either width, so the comparison is exact.
macro_rules! truncation {
    ($($name:ident ($f:ident $from:ident -> $i:ident $to:ident) $low:expr, $high:expr;)*) => {$(
        #[doc = concat!("The instruction `", stringify!($name), "`.")]
        #[inline(always)]
        pub(crate) fn $name(a: $from) -> Result<$to, Trap> {
            let a = $f::from_bits(a);
            if a.is_nan() {
                return Err(Trap::InvalidConversionToInteger);
            }
            let truncated = a.trunc();
            if ($low..$high).contains(&truncated) {
                Ok(truncated as $i as $to)
            } else {
                Err(Trap::IntegerOverflow)
            }
        }
    )*};
}

truncation! {
    i32_trunc_f32_s (f32 u32 -> i32 u32) -f32_pow2(31), f32_pow2(31);
    i32_trunc_f32_u (f32 u32 -> u32 u32) 0.0,           f32_pow2(32);
    i32_trunc_f64_s (f64 u64 -> i32 u32) -f64_pow2(31), f64_pow2(31);
    i32_trunc_f64_u (f64 u64 -> u32 u32) 0.0,           f64_pow2(32);
    i64_trunc_f32_s (f32 u32 -> i64 u64) -f32_pow2(63), f32_pow2(63);
    i64_trunc_f32_u (f32 u32 -> u64 u64) 0.0,           f32_pow2(64);
    i64_trunc_f64_s (f64 u64 -> i64 u64) -f64_pow2(63), f64_pow2(63);
    i64_trunc_f64_u (f64 u64 -> u64 u64) 0.0,           f64_pow2(64);
}

/// 2 to the `exponent`, exactly.
const fn f32_pow2(exponent: u32) -> f32 {
    f32::from_bits((127 + exponent) << 23)
}

/// 2 to the `exponent`, exactly.
const fn f64_pow2(exponent: u32) -> f64 {
    f64::from_bits((1023 + exponent as u64) << 52)
}

#[cfg(test)]
mod tests;
