//! The vector instructions, as the specification's *Numerics* chapter defines them; never a stack or
//! a memory. The relaxed ones are those of the deterministic profile: their first alternative.
//!
//! A `v128` is a `u128` with lane 0 in the least significant bits. One row is one opcode; the tables
//! also say of what [`Kind`] an opcode is, so neither can forget one that the other has.

mod dots;
mod fused;
mod lanes;

pub use self::dots::DotSums;
pub(crate) use self::dots::dot as dot_with;
pub(crate) use self::fused::fused;
use self::lanes::{
    all, all_true, bitmask, compare, get, high, high2, low, low2, map, map2, narrow, narrow_zero,
    pairwise, set, shift_by,
};
use crate::{numeric, opcode::Opcode};

/// How an opcode takes its operands, and hence which function of this module computes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// One vector to a vector: [`unary`]
    Unary,
    /// Two vectors to a vector: [`binary`]
    Binary,
    /// Three vectors to a vector: [`ternary`]
    Ternary,
    /// `v128.bitselect`: [`bitselect`]
    Bitselect,
    /// A vector and an `i32` to a vector: [`shift`]
    Shift,
    /// A vector to an `i32`: [`test`](fn@test)
    Test,
    /// A scalar to a vector: [`splat`]
    Splat,
    /// A lane of a vector to a scalar: [`extract`]
    Extract,
    /// A vector and a scalar, for one of its lanes, to a vector: [`replace`]
    Replace,
    /// `i8x16.shuffle`: [`shuffle`]
    Shuffle,
    /// A load of 8 bytes, widened: [`load_extend`]
    LoadExtend,
    /// A load of one lane, repeated
    LoadSplat,
    /// A load of one lane, with zero above
    LoadZero,
    /// A load into a lane of a vector
    LoadLane,
    /// A store of a lane of a vector
    StoreLane,
    /// Any other opcode, `v128.load`, `v128.store` and `v128.const` among them
    NotSimd,
}

/// One function with one row for each opcode of its kind, and the predicate that says which they are.
macro_rules! table {
    ($(#[$doc:meta])* $name:ident, $is:ident($($x:ident: $t:ty),+) -> $result:ty { $($op:ident => $body:expr,)* }) => {
        $(#[$doc])*
        ///
        /// # Panics
        /// If the opcode is of another kind.
        #[inline]
        pub(crate) fn $name(op: Opcode, $($x: $t),+) -> $result {
            match op {
                $(Opcode::$op => $body,)*
                _ => wrong_kind(stringify!($name), op),
            }
        }

        const fn $is(op: Opcode) -> bool {
            matches!(op, $(Opcode::$op)|*)
        }
    };
}

/// The crash of a function of this module called with an opcode of another kind.
#[cold]
#[inline(never)]
fn wrong_kind(function: &str, op: Opcode) -> ! {
    panic!("crash: simd::{function} of {}", op.name())
}

/// The kind of an opcode.
pub(crate) const fn kind(op: Opcode) -> Kind {
    use Opcode::*;
    match op {
        _ if is_unary(op) => Kind::Unary,
        _ if is_binary(op) => Kind::Binary,
        _ if is_ternary(op) => Kind::Ternary,
        _ if is_shift(op) => Kind::Shift,
        _ if is_test(op) => Kind::Test,
        _ if is_splat(op) => Kind::Splat,
        _ if is_extract(op) => Kind::Extract,
        _ if is_replace(op) => Kind::Replace,
        _ if is_load_extend(op) => Kind::LoadExtend,
        V128Bitselect => Kind::Bitselect,
        I8x16Shuffle => Kind::Shuffle,
        V128Load8Splat | V128Load16Splat | V128Load32Splat | V128Load64Splat => Kind::LoadSplat,
        V128Load32Zero | V128Load64Zero => Kind::LoadZero,
        V128Load8Lane | V128Load16Lane | V128Load32Lane | V128Load64Lane => Kind::LoadLane,
        V128Store8Lane | V128Store16Lane | V128Store32Lane | V128Store64Lane => Kind::StoreLane,
        _ => Kind::NotSimd,
    }
}

table! {
    /// One vector to a vector.
    unary, is_unary(a: u128) -> u128 {
        V128Not => !a,
        I8x16Abs => map(a, i8::wrapping_abs),
        I8x16Neg => map(a, i8::wrapping_neg),
        I8x16Popcnt => map(a, |x: u8| x.count_ones() as u8),
        I16x8Abs => map(a, i16::wrapping_abs),
        I16x8Neg => map(a, i16::wrapping_neg),
        I32x4Abs => map(a, i32::wrapping_abs),
        I32x4Neg => map(a, i32::wrapping_neg),
        I64x2Abs => map(a, i64::wrapping_abs),
        I64x2Neg => map(a, i64::wrapping_neg),
        I16x8ExtendLowI8x16S => low(a, |x: i8| i16::from(x)),
        I16x8ExtendLowI8x16U => low(a, |x: u8| u16::from(x)),
        I16x8ExtendHighI8x16S => high(a, |x: i8| i16::from(x)),
        I16x8ExtendHighI8x16U => high(a, |x: u8| u16::from(x)),
        I32x4ExtendLowI16x8S => low(a, |x: i16| i32::from(x)),
        I32x4ExtendLowI16x8U => low(a, |x: u16| u32::from(x)),
        I32x4ExtendHighI16x8S => high(a, |x: i16| i32::from(x)),
        I32x4ExtendHighI16x8U => high(a, |x: u16| u32::from(x)),
        I64x2ExtendLowI32x4S => low(a, |x: i32| i64::from(x)),
        I64x2ExtendLowI32x4U => low(a, |x: u32| u64::from(x)),
        I64x2ExtendHighI32x4S => high(a, |x: i32| i64::from(x)),
        I64x2ExtendHighI32x4U => high(a, |x: u32| u64::from(x)),
        I16x8ExtAddPairwiseI8x16S => pairwise(a, |x: i8, y| i16::from(x) + i16::from(y)),
        I16x8ExtAddPairwiseI8x16U => pairwise(a, |x: u8, y| u16::from(x) + u16::from(y)),
        I32x4ExtAddPairwiseI16x8S => pairwise(a, |x: i16, y| i32::from(x) + i32::from(y)),
        I32x4ExtAddPairwiseI16x8U => pairwise(a, |x: u16, y| u32::from(x) + u32::from(y)),
        F32x4Abs => map(a, numeric::f32_abs),
        F32x4Neg => map(a, numeric::f32_neg),
        F32x4Sqrt => map(a, numeric::f32_sqrt),
        F32x4Ceil => map(a, numeric::f32_ceil),
        F32x4Floor => map(a, numeric::f32_floor),
        F32x4Trunc => map(a, numeric::f32_trunc),
        F32x4Nearest => map(a, numeric::f32_nearest),
        F64x2Abs => map(a, numeric::f64_abs),
        F64x2Neg => map(a, numeric::f64_neg),
        F64x2Sqrt => map(a, numeric::f64_sqrt),
        F64x2Ceil => map(a, numeric::f64_ceil),
        F64x2Floor => map(a, numeric::f64_floor),
        F64x2Trunc => map(a, numeric::f64_trunc),
        F64x2Nearest => map(a, numeric::f64_nearest),
        F32x4ConvertI32x4S => map(a, numeric::f32_convert_i32_s),
        F32x4ConvertI32x4U => map(a, numeric::f32_convert_i32_u),
        F64x2ConvertLowI32x4S => low(a, numeric::f64_convert_i32_s),
        F64x2ConvertLowI32x4U => low(a, numeric::f64_convert_i32_u),
        I32x4TruncSatF32x4S => map(a, numeric::i32_trunc_sat_f32_s),
        I32x4TruncSatF32x4U => map(a, numeric::i32_trunc_sat_f32_u),
        I32x4TruncSatF64x2SZero => narrow_zero(a, numeric::i32_trunc_sat_f64_s),
        I32x4TruncSatF64x2UZero => narrow_zero(a, numeric::i32_trunc_sat_f64_u),
        F32x4DemoteF64x2Zero => narrow_zero(a, numeric::f32_demote_f64),
        F64x2PromoteLowF32x4 => low(a, numeric::f64_promote_f32),
        I32x4RelaxedTruncF32x4S => map(a, numeric::i32_trunc_sat_f32_s),
        I32x4RelaxedTruncF32x4U => map(a, numeric::i32_trunc_sat_f32_u),
        I32x4RelaxedTruncF64x2SZero => narrow_zero(a, numeric::i32_trunc_sat_f64_s),
        I32x4RelaxedTruncF64x2UZero => narrow_zero(a, numeric::i32_trunc_sat_f64_u),
    }
}

table! {
    /// Two vectors to a vector.
    binary, is_binary(a: u128, b: u128) -> u128 {
        V128And => a & b,
        V128AndNot => a & !b,
        V128Or => a | b,
        V128Xor => a ^ b,
        I8x16Swizzle => swizzle(a, b),
        I8x16Eq => compare(a, b, u8::eq),
        I8x16Ne => compare(a, b, u8::ne),
        I8x16LtS => compare(a, b, i8::lt),
        I8x16LtU => compare(a, b, u8::lt),
        I8x16GtS => compare(a, b, i8::gt),
        I8x16GtU => compare(a, b, u8::gt),
        I8x16LeS => compare(a, b, i8::le),
        I8x16LeU => compare(a, b, u8::le),
        I8x16GeS => compare(a, b, i8::ge),
        I8x16GeU => compare(a, b, u8::ge),
        I16x8Eq => compare(a, b, u16::eq),
        I16x8Ne => compare(a, b, u16::ne),
        I16x8LtS => compare(a, b, i16::lt),
        I16x8LtU => compare(a, b, u16::lt),
        I16x8GtS => compare(a, b, i16::gt),
        I16x8GtU => compare(a, b, u16::gt),
        I16x8LeS => compare(a, b, i16::le),
        I16x8LeU => compare(a, b, u16::le),
        I16x8GeS => compare(a, b, i16::ge),
        I16x8GeU => compare(a, b, u16::ge),
        I32x4Eq => compare(a, b, u32::eq),
        I32x4Ne => compare(a, b, u32::ne),
        I32x4LtS => compare(a, b, i32::lt),
        I32x4LtU => compare(a, b, u32::lt),
        I32x4GtS => compare(a, b, i32::gt),
        I32x4GtU => compare(a, b, u32::gt),
        I32x4LeS => compare(a, b, i32::le),
        I32x4LeU => compare(a, b, u32::le),
        I32x4GeS => compare(a, b, i32::ge),
        I32x4GeU => compare(a, b, u32::ge),
        I64x2Eq => compare(a, b, u64::eq),
        I64x2Ne => compare(a, b, u64::ne),
        I64x2LtS => compare(a, b, i64::lt),
        I64x2GtS => compare(a, b, i64::gt),
        I64x2LeS => compare(a, b, i64::le),
        I64x2GeS => compare(a, b, i64::ge),
        F32x4Eq => compare(a, b, |x, y| numeric::f32_eq(*x, *y) != 0),
        F32x4Ne => compare(a, b, |x, y| numeric::f32_ne(*x, *y) != 0),
        F32x4Lt => compare(a, b, |x, y| numeric::f32_lt(*x, *y) != 0),
        F32x4Gt => compare(a, b, |x, y| numeric::f32_gt(*x, *y) != 0),
        F32x4Le => compare(a, b, |x, y| numeric::f32_le(*x, *y) != 0),
        F32x4Ge => compare(a, b, |x, y| numeric::f32_ge(*x, *y) != 0),
        F64x2Eq => compare(a, b, |x, y| numeric::f64_eq(*x, *y) != 0),
        F64x2Ne => compare(a, b, |x, y| numeric::f64_ne(*x, *y) != 0),
        F64x2Lt => compare(a, b, |x, y| numeric::f64_lt(*x, *y) != 0),
        F64x2Gt => compare(a, b, |x, y| numeric::f64_gt(*x, *y) != 0),
        F64x2Le => compare(a, b, |x, y| numeric::f64_le(*x, *y) != 0),
        F64x2Ge => compare(a, b, |x, y| numeric::f64_ge(*x, *y) != 0),
        I8x16Add => map2(a, b, u8::wrapping_add),
        I8x16Sub => map2(a, b, u8::wrapping_sub),
        I8x16AddSatS => map2(a, b, i8::saturating_add),
        I8x16AddSatU => map2(a, b, u8::saturating_add),
        I8x16SubSatS => map2(a, b, i8::saturating_sub),
        I8x16SubSatU => map2(a, b, u8::saturating_sub),
        I8x16MinS => map2(a, b, i8::min),
        I8x16MinU => map2(a, b, u8::min),
        I8x16MaxS => map2(a, b, i8::max),
        I8x16MaxU => map2(a, b, u8::max),
        I8x16AvgrU => map2(a, b, |x: u8, y| (u16::from(x) + u16::from(y)).div_ceil(2) as u8),
        I16x8Add => map2(a, b, u16::wrapping_add),
        I16x8Sub => map2(a, b, u16::wrapping_sub),
        I16x8Mul => map2(a, b, u16::wrapping_mul),
        I16x8AddSatS => map2(a, b, i16::saturating_add),
        I16x8AddSatU => map2(a, b, u16::saturating_add),
        I16x8SubSatS => map2(a, b, i16::saturating_sub),
        I16x8SubSatU => map2(a, b, u16::saturating_sub),
        I16x8MinS => map2(a, b, i16::min),
        I16x8MinU => map2(a, b, u16::min),
        I16x8MaxS => map2(a, b, i16::max),
        I16x8MaxU => map2(a, b, u16::max),
        I16x8AvgrU => map2(a, b, |x: u16, y| (u32::from(x) + u32::from(y)).div_ceil(2) as u16),
        I16x8Q15MulrSatS => map2(a, b, q15mulr_sat),
        I32x4Add => map2(a, b, u32::wrapping_add),
        I32x4Sub => map2(a, b, u32::wrapping_sub),
        I32x4Mul => map2(a, b, u32::wrapping_mul),
        I32x4MinS => map2(a, b, i32::min),
        I32x4MinU => map2(a, b, u32::min),
        I32x4MaxS => map2(a, b, i32::max),
        I32x4MaxU => map2(a, b, u32::max),
        I64x2Add => map2(a, b, u64::wrapping_add),
        I64x2Sub => map2(a, b, u64::wrapping_sub),
        I64x2Mul => map2(a, b, u64::wrapping_mul),
        I16x8ExtMulLowI8x16S => low2(a, b, |x: i8, y| i16::from(x) * i16::from(y)),
        I16x8ExtMulLowI8x16U => low2(a, b, |x: u8, y| u16::from(x) * u16::from(y)),
        I16x8ExtMulHighI8x16S => high2(a, b, |x: i8, y| i16::from(x) * i16::from(y)),
        I16x8ExtMulHighI8x16U => high2(a, b, |x: u8, y| u16::from(x) * u16::from(y)),
        I32x4ExtMulLowI16x8S => low2(a, b, |x: i16, y| i32::from(x) * i32::from(y)),
        I32x4ExtMulLowI16x8U => low2(a, b, |x: u16, y| u32::from(x) * u32::from(y)),
        I32x4ExtMulHighI16x8S => high2(a, b, |x: i16, y| i32::from(x) * i32::from(y)),
        I32x4ExtMulHighI16x8U => high2(a, b, |x: u16, y| u32::from(x) * u32::from(y)),
        I64x2ExtMulLowI32x4S => low2(a, b, |x: i32, y| i64::from(x) * i64::from(y)),
        I64x2ExtMulLowI32x4U => low2(a, b, |x: u32, y| u64::from(x) * u64::from(y)),
        I64x2ExtMulHighI32x4S => high2(a, b, |x: i32, y| i64::from(x) * i64::from(y)),
        I64x2ExtMulHighI32x4U => high2(a, b, |x: u32, y| u64::from(x) * u64::from(y)),
        I32x4DotI16x8S => dot(a, b),
        I8x16NarrowI16x8S => narrow(a, b, |x: i16| x.clamp(i8::MIN.into(), i8::MAX.into()) as i8),
        I8x16NarrowI16x8U => narrow(a, b, |x: i16| x.clamp(0, u8::MAX.into()) as u8),
        I16x8NarrowI32x4S => narrow(a, b, |x: i32| x.clamp(i16::MIN.into(), i16::MAX.into()) as i16),
        I16x8NarrowI32x4U => narrow(a, b, |x: i32| x.clamp(0, u16::MAX.into()) as u16),
        F32x4Add => map2(a, b, numeric::f32_add),
        F32x4Sub => map2(a, b, numeric::f32_sub),
        F32x4Mul => map2(a, b, numeric::f32_mul),
        F32x4Div => map2(a, b, numeric::f32_div),
        F32x4Min => map2(a, b, numeric::f32_min),
        F32x4Max => map2(a, b, numeric::f32_max),
        F32x4PMin => map2(a, b, |x: u32, y| if numeric::f32_lt(y, x) != 0 { y } else { x }),
        F32x4PMax => map2(a, b, |x: u32, y| if numeric::f32_lt(x, y) != 0 { y } else { x }),
        F64x2Add => map2(a, b, numeric::f64_add),
        F64x2Sub => map2(a, b, numeric::f64_sub),
        F64x2Mul => map2(a, b, numeric::f64_mul),
        F64x2Div => map2(a, b, numeric::f64_div),
        F64x2Min => map2(a, b, numeric::f64_min),
        F64x2Max => map2(a, b, numeric::f64_max),
        F64x2PMin => map2(a, b, |x: u64, y| if numeric::f64_lt(y, x) != 0 { y } else { x }),
        F64x2PMax => map2(a, b, |x: u64, y| if numeric::f64_lt(x, y) != 0 { y } else { x }),
        I8x16RelaxedSwizzle => swizzle(a, b),
        F32x4RelaxedMin => map2(a, b, numeric::f32_min),
        F32x4RelaxedMax => map2(a, b, numeric::f32_max),
        F64x2RelaxedMin => map2(a, b, numeric::f64_min),
        F64x2RelaxedMax => map2(a, b, numeric::f64_max),
        I16x8RelaxedQ15mulrS => map2(a, b, q15mulr_sat),
        I16x8RelaxedDotI8x16I7x16S => dot_sat(a, b),
    }
}

table! {
    /// Three vectors to a vector.
    ternary, is_ternary(a: u128, b: u128, c: u128) -> u128 {
        F32x4RelaxedMadd => map2(map2(a, b, numeric::f32_mul), c, numeric::f32_add),
        F32x4RelaxedNmadd => map2(map2(map(a, numeric::f32_neg), b, numeric::f32_mul), c, numeric::f32_add),
        F64x2RelaxedMadd => map2(map2(a, b, numeric::f64_mul), c, numeric::f64_add),
        F64x2RelaxedNmadd => map2(map2(map(a, numeric::f64_neg), b, numeric::f64_mul), c, numeric::f64_add),
        I8x16RelaxedLaneselect => bitselect(a, b, c),
        I16x8RelaxedLaneselect => bitselect(a, b, c),
        I32x4RelaxedLaneselect => bitselect(a, b, c),
        I64x2RelaxedLaneselect => bitselect(a, b, c),
        I32x4RelaxedDotI8x16I7x16AddS => {
            let sums = pairwise(dot_sat(a, b), |x: i16, y| i32::from(x) + i32::from(y));
            map2(sums, c, u32::wrapping_add)
        },
    }
}

table! {
    /// Every lane shifted by `n` modulo its width.
    shift, is_shift(a: u128, n: u32) -> u128 {
        I8x16Shl => shift_by(a, n, u8::wrapping_shl),
        I8x16ShrS => shift_by(a, n, i8::wrapping_shr),
        I8x16ShrU => shift_by(a, n, u8::wrapping_shr),
        I16x8Shl => shift_by(a, n, u16::wrapping_shl),
        I16x8ShrS => shift_by(a, n, i16::wrapping_shr),
        I16x8ShrU => shift_by(a, n, u16::wrapping_shr),
        I32x4Shl => shift_by(a, n, u32::wrapping_shl),
        I32x4ShrS => shift_by(a, n, i32::wrapping_shr),
        I32x4ShrU => shift_by(a, n, u32::wrapping_shr),
        I64x2Shl => shift_by(a, n, u64::wrapping_shl),
        I64x2ShrS => shift_by(a, n, i64::wrapping_shr),
        I64x2ShrU => shift_by(a, n, u64::wrapping_shr),
    }
}

table! {
    /// `any_true`, `all_true`: 0 or 1; `bitmask`: the sign bits, lane 0's in bit 0.
    test, is_test(a: u128) -> u32 {
        V128AnyTrue => u32::from(a != 0),
        I8x16AllTrue => all_true(a, 0u8),
        I8x16Bitmask => bitmask(a, 0i8),
        I16x8AllTrue => all_true(a, 0u16),
        I16x8Bitmask => bitmask(a, 0i16),
        I32x4AllTrue => all_true(a, 0u32),
        I32x4Bitmask => bitmask(a, 0i32),
        I64x2AllTrue => all_true(a, 0u64),
        I64x2Bitmask => bitmask(a, 0i64),
    }
}

table! {
    /// The lowest bits of `x` in every lane.
    splat, is_splat(x: u64) -> u128 {
        I8x16Splat => all(x as u8),
        I16x8Splat => all(x as u16),
        I32x4Splat => all(x as u32),
        I64x2Splat => all(x as u64),
        F32x4Splat => all(x as u32),
        F64x2Splat => all(x as u64),
    }
}

table! {
    /// The bits of one lane, extended to the result type as the opcode says and with zeros above it.
    ///
    /// Also panics if there is no such lane, which validation rules out.
    extract, is_extract(lane: u8, a: u128) -> u64 {
        I8x16ExtractLaneS => u64::from(i32::from(get::<i8, _>(a, lane)) as u32),
        I8x16ExtractLaneU => u64::from(get::<u8, _>(a, lane)),
        I16x8ExtractLaneS => u64::from(i32::from(get::<i16, _>(a, lane)) as u32),
        I16x8ExtractLaneU => u64::from(get::<u16, _>(a, lane)),
        I32x4ExtractLane => u64::from(get::<u32, _>(a, lane)),
        I64x2ExtractLane => get::<u64, _>(a, lane),
        F32x4ExtractLane => u64::from(get::<u32, _>(a, lane)),
        F64x2ExtractLane => get::<u64, _>(a, lane),
    }
}

table! {
    /// The vector with the lowest bits of `x` in one lane.
    ///
    /// Also panics if there is no such lane, which validation rules out.
    replace, is_replace(lane: u8, a: u128, x: u64) -> u128 {
        I8x16ReplaceLane => set(a, lane, x as u8),
        I16x8ReplaceLane => set(a, lane, x as u16),
        I32x4ReplaceLane => set(a, lane, x as u32),
        I64x2ReplaceLane => set(a, lane, x as u64),
        F32x4ReplaceLane => set(a, lane, x as u32),
        F64x2ReplaceLane => set(a, lane, x as u64),
    }
}

table! {
    /// Eight bytes of memory, read as a little-endian number, as lanes extended to twice their width.
    load_extend, is_load_extend(bytes: u64) -> u128 {
        V128Load8x8S => low(bytes.into(), |x: i8| i16::from(x)),
        V128Load8x8U => low(bytes.into(), |x: u8| u16::from(x)),
        V128Load16x4S => low(bytes.into(), |x: i16| i32::from(x)),
        V128Load16x4U => low(bytes.into(), |x: u16| u32::from(x)),
        V128Load32x2S => low(bytes.into(), |x: i32| i64::from(x)),
        V128Load32x2U => low(bytes.into(), |x: u32| u64::from(x)),
    }
}

/// `v128.bitselect`: the bits of `v1` where `c` is 1, those of `v2` where it is 0.
#[inline]
pub(crate) fn bitselect(v1: u128, v2: u128, c: u128) -> u128 {
    (v1 & c) | (v2 & !c)
}

/// `i8x16.shuffle`: the bytes of `a` followed by those of `b`, indexed by each byte of `mask`.
///
/// # Panics
/// If an index is not below 32, which validation rules out.
#[inline]
pub(crate) fn shuffle(a: u128, b: u128, mask: u128) -> u128 {
    let (mut bytes, (low, high)) = ([0; 32], (a.to_le_bytes(), b.to_le_bytes()));
    bytes[..16].copy_from_slice(&low);
    bytes[16..].copy_from_slice(&high);
    let byte = |i: u8| match bytes.get(usize::from(i)) {
        Some(byte) => *byte,
        None => lanes::no_lane(i),
    };
    u128::from_le_bytes(mask.to_le_bytes().map(byte))
}

/// `i8x16.swizzle`: the bytes of `a`, indexed by each byte of `s`; 0 for an index beyond them.
#[inline(always)]
fn swizzle(a: u128, s: u128) -> u128 {
    let bytes = a.to_le_bytes();
    let byte = |i: u8| bytes.get(usize::from(i)).copied().unwrap_or(0);
    u128::from_le_bytes(s.to_le_bytes().map(byte))
}

/// The rounded product of two Q15 numbers, saturated.
#[inline(always)]
fn q15mulr_sat(x: i16, y: i16) -> i16 {
    let product = (i32::from(x) * i32::from(y) + (1 << 14)) >> 15;
    product.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// `i32x4.dot_i16x8_s`: the sums of the products of neighbouring lanes, modulo 2³².
#[inline(always)]
fn dot(a: u128, b: u128) -> u128 {
    let (a, b) = (
        <i16 as lanes::Lane<8>>::split(a),
        <i16 as lanes::Lane<8>>::split(b),
    );
    let product = |i: usize| i32::from(a[i]) * i32::from(b[i]);
    <i32 as lanes::Lane<4>>::join(std::array::from_fn(|i| {
        product(2 * i).wrapping_add(product(2 * i + 1))
    }))
}

/// `i16x8.relaxed_dot_i8x16_i7x16_s`: the saturated sums of the products of neighbouring lanes, both
/// factors signed.
#[inline(always)]
fn dot_sat(a: u128, b: u128) -> u128 {
    let (a, b) = (
        <i8 as lanes::Lane<16>>::split(a),
        <i8 as lanes::Lane<16>>::split(b),
    );
    let product = |i: usize| i16::from(a[i]) * i16::from(b[i]);
    <i16 as lanes::Lane<8>>::join(std::array::from_fn(|i| {
        product(2 * i).saturating_add(product(2 * i + 1))
    }))
}

#[cfg(test)]
mod relaxed_tests;
#[cfg(test)]
mod tests;
