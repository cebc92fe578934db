//! The vector instructions against a slow reference that reads an opcode's *text name* and computes
//! lane by lane in `i128` or `f64`; never with the helpers of [`lanes`](super::lanes).

use super::*;
use crate::opcode::Proposal;
use proptest::prelude::*;

/// Vectors in which edge values of every shape of lane are frequent.
fn vectors() -> impl Strategy<Value = u128> {
    let bytes = prop::sample::select(vec![0u8, 1, 0x7f, 0x80, 0x81, 0xff]);
    let halves = prop::sample::select(vec![
        0u16, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xff7f, 0xff80, 0xffff,
    ]);
    let words = prop::sample::select(vec![
        0u32,
        1,
        0x7fff,
        0x8000,
        0xffff,
        0x1_0000,
        i32::MAX as u32,
        1 << 31,
        u32::MAX,
    ]);
    let singles = prop_oneof![
        any::<i32>().prop_map(|x| (x as f32 / 8.0).to_bits()),
        prop::sample::select(vec![
            0u32,
            1 << 31,
            1,
            0x3f00_0000,
            0xbfc0_0000,
            0x7f80_0000,
            0xff80_0000,
            0x7fc0_0000,
            0xffc0_1234,
            0x7f80_0001,
            0x4f00_0000,
            0xcf00_0000,
            0x4f80_0000,
            0x5f80_0000,
        ]),
    ];
    let doubles = prop_oneof![
        any::<i64>().prop_map(|x| (x as f64 / 8.0).to_bits()),
        any::<i32>().prop_map(|x| (f64::from(x) / 4.0).to_bits()),
        singles
            .clone()
            .prop_map(|x| f64::from(f32::from_bits(x)).to_bits()),
        prop::sample::select(vec![
            1u64 << 63,
            1,
            i64::MAX as u64,
            0x7ff0_0000_0000_0001,
            0x41df_ffff_ffe0_0000,
            0x36a0_0000_0000_0000,
            0x47ef_ffff_f000_0000,
        ]),
    ];
    prop_oneof![
        any::<u128>(),
        prop::array::uniform16(bytes).prop_map(u128::from_le_bytes),
        prop::array::uniform8(halves).prop_map(|x| build(16, |i| x[i].into())),
        prop::array::uniform4(words).prop_map(|x| build(32, |i| x[i].into())),
        prop::array::uniform4(singles).prop_map(|x| build(32, |i| x[i].into())),
        prop::array::uniform2(doubles).prop_map(|x| build(64, |i| x[i].into())),
    ]
}

/// Every opcode of a kind; the relaxed ones have tests of their own.
fn all_of(wanted: Kind) -> impl Iterator<Item = Opcode> {
    Opcode::ALL
        .iter()
        .copied()
        .filter(move |op| op.proposal() == Proposal::Simd && kind(*op) == wanted)
}

/// The vector whose lanes are the low bits of `lane(0)`, `lane(1)`…
fn build(width: u32, lane: impl Fn(usize) -> i128) -> u128 {
    let mask = (1 << width) - 1;
    (0..128 / width).fold(0, |v, i| {
        v | (lane(i as usize) as u128 & mask) << (i * width)
    })
}

/// A lane as a number.
fn number(v: u128, width: u32, signed: bool, lane: usize) -> i128 {
    let x = (v >> (lane as u32 * width) & ((1 << width) - 1)) as i128;
    if signed && x >> (width - 1) == 1 {
        x - (1 << width)
    } else {
        x
    }
}

/// A lane as a float; widening an `f32` is exact.
fn float(v: u128, width: u32, lane: usize) -> f64 {
    let bits = number(v, width, false, lane);
    if width == 32 {
        f32::from_bits(bits as u32).into()
    } else {
        f64::from_bits(bits as u64)
    }
}

/// The bits of a result: rounded to the width, a NaN made canonical.
fn bits(x: f64, width: u32) -> i128 {
    match width {
        32 if x.is_nan() => 0x7fc0_0000,
        32 => (x as f32).to_bits().into(),
        _ if x.is_nan() => 0x7ff8_0000_0000_0000,
        _ => x.to_bits().into(),
    }
}

/// The nearest number that the width has.
fn saturate(x: i128, width: u32, signed: bool) -> i128 {
    if signed {
        x.clamp(-1 << (width - 1), (1 << (width - 1)) - 1)
    } else {
        x.clamp(0, (1 << width) - 1)
    }
}

/// A text name taken apart: `i16x8.extmul_low_i8x16_s` is 16 bits, not float, `extmul_low_i8x16`, signed.
struct Name {
    width: u32,
    float: bool,
    op: String,
    signed: bool,
}

fn parse(op: Opcode) -> Name {
    let name = op.name();
    let (shape, op) = name
        .split_once('.')
        .expect("a vector opcode has a dot in its name");
    // The bits of a `v128` may be seen as lanes of any width.
    let lane = shape[1..].split('x').next().filter(|_| shape != "v128");
    let width = lane.map_or(64, |width| width.parse().expect("a width"));
    let op = op
        .replace("_s_zero", "_zero_s")
        .replace("_u_zero", "_zero_u");
    let signed = op.ends_with("_s");
    let plain = op
        .strip_suffix("_s")
        .or(op.strip_suffix("_u"))
        .unwrap_or(&op)
        .to_owned();
    Name {
        width,
        float: shape.starts_with('f'),
        op: plain,
        signed,
    }
}

fn binary_reference(op: Opcode, a: u128, b: u128) -> u128 {
    let Name {
        width: w,
        float: is_float,
        op,
        signed,
    } = parse(op);
    let truth = |x: bool| if x { -1 } else { 0 };
    if is_float {
        let lanes =
            |f: &dyn Fn(f64, f64) -> f64| build(w, |i| bits(f(float(a, w, i), float(b, w, i)), w));
        let test =
            |f: &dyn Fn(f64, f64) -> bool| build(w, |i| truth(f(float(a, w, i), float(b, w, i))));
        let choose = |f: &dyn Fn(f64, f64) -> bool| {
            build(w, |i| {
                number(
                    if f(float(a, w, i), float(b, w, i)) {
                        b
                    } else {
                        a
                    },
                    w,
                    false,
                    i,
                )
            })
        };
        let nan = |x: f64, y: f64| x.is_nan() || y.is_nan();
        let order = |x: f64, y: f64| x.total_cmp(&y).is_le();
        return match op.as_str() {
            "eq" => test(&|x, y| x == y),
            "ne" => test(&|x, y| x != y),
            "lt" => test(&|x, y| x < y),
            "gt" => test(&|x, y| x > y),
            "le" => test(&|x, y| x <= y),
            "ge" => test(&|x, y| x >= y),
            "add" => lanes(&|x, y| x + y),
            "sub" => lanes(&|x, y| x - y),
            "mul" => lanes(&|x, y| x * y),
            "div" => lanes(&|x, y| x / y),
            "min" => lanes(&|x, y| {
                if nan(x, y) {
                    f64::NAN
                } else if order(x, y) {
                    x
                } else {
                    y
                }
            }),
            "max" => lanes(&|x, y| {
                if nan(x, y) {
                    f64::NAN
                } else if order(x, y) {
                    y
                } else {
                    x
                }
            }),
            "pmin" => choose(&|x, y| y < x),
            "pmax" => choose(&|x, y| x < y),
            other => panic!("no reference for {other}"),
        };
    }
    let lanes = |f: &dyn Fn(i128, i128) -> i128| {
        build(w, |i| f(number(a, w, signed, i), number(b, w, signed, i)))
    };
    let product = |i: usize| number(a, w / 2, signed, i) * number(b, w / 2, signed, i);
    let count = (128 / w) as usize;
    match op.split("_i").next().expect("a split has a first part") {
        "and" => lanes(&|x, y| x & y),
        "andnot" => lanes(&|x, y| x & !y),
        "or" => lanes(&|x, y| x | y),
        "xor" => lanes(&|x, y| x ^ y),
        "swizzle" => build(8, |i| match number(b, 8, false, i) {
            index @ 0..16 => number(a, 8, false, index as usize),
            _ => 0,
        }),
        "eq" => lanes(&|x, y| truth(x == y)),
        "ne" => lanes(&|x, y| truth(x != y)),
        "lt" => lanes(&|x, y| truth(x < y)),
        "gt" => lanes(&|x, y| truth(x > y)),
        "le" => lanes(&|x, y| truth(x <= y)),
        "ge" => lanes(&|x, y| truth(x >= y)),
        "add" => lanes(&|x, y| x + y),
        "sub" => lanes(&|x, y| x - y),
        "mul" => lanes(&|x, y| (x as u128).wrapping_mul(y as u128) as i128),
        "add_sat" => lanes(&|x, y| saturate(x + y, w, signed)),
        "sub_sat" => lanes(&|x, y| saturate(x - y, w, signed)),
        "min" => lanes(&|x, y| x.min(y)),
        "max" => lanes(&|x, y| x.max(y)),
        "avgr" => lanes(&|x, y| (x + y + 1) / 2),
        "q15mulr_sat" => lanes(&|x, y| saturate((x * y + 0x4000) >> 15, w, signed)),
        "narrow" => build(w, |i| {
            let from = if i < count / 2 { a } else { b };
            saturate(number(from, 2 * w, true, i % (count / 2)), w, signed)
        }),
        "extmul_low" => build(w, product),
        "extmul_high" => build(w, |i| product(count + i)),
        "dot" => build(w, |i| product(2 * i) + product(2 * i + 1)),
        other => panic!("no reference for {other}"),
    }
}

fn unary_reference(op: Opcode, a: u128) -> u128 {
    let Name {
        width: w,
        float: is_float,
        op,
        signed,
    } = parse(op);
    let count = (128 / w) as usize;
    let lanes = |f: &dyn Fn(f64) -> f64| build(w, |i| bits(f(float(a, w, i)), w));
    let unsigned = |i| number(a, w, false, i);
    let half = |i| number(a, w / 2, signed, i);
    let sign = 1i128 << (w - 1);
    match op.as_str() {
        "not" => build(w, |i| !unsigned(i)),
        "abs" if is_float => build(w, |i| unsigned(i) & !sign),
        "neg" if is_float => build(w, |i| unsigned(i) ^ sign),
        "abs" => build(w, |i| number(a, w, true, i).abs()),
        "neg" => build(w, |i| -unsigned(i)),
        "popcnt" => build(w, |i| unsigned(i).count_ones().into()),
        "sqrt" => lanes(&f64::sqrt),
        "ceil" => lanes(&f64::ceil),
        "floor" => lanes(&f64::floor),
        "trunc" => lanes(&f64::trunc),
        "nearest" => lanes(&f64::round_ties_even),
        "convert_i32x4" => build(w, |i| bits(number(a, 32, signed, i) as f64, w)),
        "convert_low_i32x4" => build(w, |i| bits(number(a, 32, signed, i) as f64, w)),
        "promote_low_f32x4" => build(w, |i| bits(float(a, 32, i), w)),
        "demote_f64x2_zero" => build(w, |i| if i < 2 { bits(float(a, 64, i), w) } else { 0 }),
        "trunc_sat_f32x4" => build(w, |i| saturate(float(a, 32, i) as i128, w, signed)),
        "trunc_sat_f64x2_zero" => build(w, |i| {
            if i < 2 {
                saturate(float(a, 64, i) as i128, w, signed)
            } else {
                0
            }
        }),
        op if op.starts_with("extend_low") => build(w, half),
        op if op.starts_with("extend_high") => build(w, |i| half(count + i)),
        op if op.starts_with("extadd_pairwise") => build(w, |i| half(2 * i) + half(2 * i + 1)),
        other => panic!("no reference for {other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn binary_is_the_reference(a in vectors(), b in vectors()) {
        for op in all_of(Kind::Binary) {
            for (a, b) in [(a, b), (a, a)] {
                let (seen, expected) = (binary(op, a, b), binary_reference(op, a, b));
                prop_assert!(seen == expected, "{} of {a:#x} {b:#x}: {seen:#x}, not {expected:#x}", op.name());
            }
        }
    }

    #[test]
    fn unary_is_the_reference(a in vectors()) {
        for op in all_of(Kind::Unary) {
            let (seen, expected) = (unary(op, a), unary_reference(op, a));
            prop_assert!(seen == expected, "{} of {a:#x}: {seen:#x}, not {expected:#x}", op.name());
        }
    }

    #[test]
    fn shift_is_the_reference(a in vectors(), n in prop_oneof![any::<u32>(), 0u32..130]) {
        for op in all_of(Kind::Shift) {
            let Name { width, op: name, signed, .. } = parse(op);
            let expected = build(width, |i| match name.as_str() {
                "shl" => number(a, width, false, i) << (n % width),
                _ => number(a, width, signed, i) >> (n % width),
            });
            prop_assert!(shift(op, a, n) == expected, "{} of {a:#x} by {n}", op.name());
        }
    }

    #[test]
    fn test_is_the_reference(a in vectors(), one_zero: u8) {
        for a in [a, a & !(0xff << (one_zero % 16 * 8)), a | (u128::MAX / 0xff)] {
            for op in all_of(Kind::Test) {
                let Name { width, op: name, .. } = parse(op);
                let mut lanes = (0..128 / width).map(|i| number(a, width, true, i as usize));
                let expected = match name.as_str() {
                    "any_true" => u32::from(a != 0),
                    "all_true" => u32::from(!lanes.any(|x| x == 0)),
                    _ => lanes.rev().fold(0, |mask, x| mask * 2 + u32::from(x < 0)),
                };
                prop_assert!(test(op, a) == expected, "{} of {a:#x}", op.name());
            }
        }
    }

    #[test]
    fn lanes_are_what_splat_and_replace_put_there(a in vectors(), x: u64) {
        for op in all_of(Kind::Splat) {
            prop_assert_eq!(splat(op, x), build(parse(op).width, |_| x.into()));
        }
        for op in all_of(Kind::Extract) {
            let Name { width, signed, .. } = parse(op);
            let result = if signed { 0xffff_ffff } else { u64::MAX };
            for lane in 0..128 / width {
                let expected = number(a, width, signed, lane as usize) as u64 & result;
                prop_assert_eq!(extract(op, lane as u8, a), expected);
            }
        }
        for op in all_of(Kind::Replace) {
            let width = parse(op).width;
            for lane in 0..128 / width {
                let expected = build(width, |i| if i == lane as usize { x.into() } else { number(a, width, false, i) });
                prop_assert_eq!(replace(op, lane as u8, a, x), expected);
            }
        }
    }

    #[test]
    fn shuffle_indexes_the_concatenation(a: u128, b: u128, indices in prop::array::uniform16(0u8..32)) {
        let bytes = [a.to_le_bytes(), b.to_le_bytes()].concat();
        let seen = shuffle(a, b, u128::from_le_bytes(indices));
        prop_assert_eq!(seen.to_le_bytes(), indices.map(|i| bytes[usize::from(i)]));
        let identity = u128::from_le_bytes(std::array::from_fn(|i| i as u8));
        prop_assert_eq!(shuffle(a, b, identity), a);
        prop_assert_eq!(shuffle(a, b, identity | (u128::MAX / 0xff * 16)), b);
    }

    #[test]
    fn swizzle_is_zero_beyond_the_lanes(a: u128, indices in prop::array::uniform16(16u8..)) {
        prop_assert_eq!(binary(Opcode::I8x16Swizzle, a, u128::from_le_bytes(indices)), 0);
    }

    #[test]
    fn bitselect_takes_each_bit_from_one_of_the_two(v1: u128, v2: u128, c: u128) {
        let seen = bitselect(v1, v2, c);
        prop_assert_eq!((seen ^ v1) & c, 0);
        prop_assert_eq!((seen ^ v2) & !c, 0);
    }

    #[test]
    fn extended_products_are_products_of_the_extended(a in vectors(), b in vectors()) {
        use Opcode::*;
        for (product, extend, mul) in [
            (I16x8ExtMulLowI8x16S, I16x8ExtendLowI8x16S, I16x8Mul),
            (I16x8ExtMulHighI8x16U, I16x8ExtendHighI8x16U, I16x8Mul),
            (I32x4ExtMulHighI16x8S, I32x4ExtendHighI16x8S, I32x4Mul),
            (I32x4ExtMulLowI16x8U, I32x4ExtendLowI16x8U, I32x4Mul),
            (I64x2ExtMulLowI32x4S, I64x2ExtendLowI32x4S, I64x2Mul),
            (I64x2ExtMulHighI32x4U, I64x2ExtendHighI32x4U, I64x2Mul),
        ] {
            prop_assert_eq!(binary(product, a, b), binary(mul, unary(extend, a), unary(extend, b)));
        }
    }

    #[test]
    fn load_extend_is_a_load_and_an_extension(bytes: u64) {
        use Opcode::*;
        for (load, extend) in [
            (V128Load8x8S, I16x8ExtendLowI8x16S), (V128Load8x8U, I16x8ExtendLowI8x16U),
            (V128Load16x4S, I32x4ExtendLowI16x8S), (V128Load16x4U, I32x4ExtendLowI16x8U),
            (V128Load32x2S, I64x2ExtendLowI32x4S), (V128Load32x2U, I64x2ExtendLowI32x4U),
        ] {
            prop_assert_eq!(load_extend(load, bytes), unary_reference(extend, bytes.into()));
        }
    }
}

/// Counted in the specification's index of instructions: 236, of which `v128.load`, `v128.store`
/// and `v128.const` are no one's here.
#[test]
fn every_vector_opcode_has_a_kind() {
    let simd = || {
        Opcode::ALL
            .iter()
            .filter(|op| op.proposal() == Proposal::Simd)
    };
    assert_eq!(simd().count(), 236);
    let without: Vec<_> = simd()
        .copied()
        .filter(|op| kind(*op) == Kind::NotSimd)
        .collect();
    assert_eq!(
        without,
        [Opcode::V128Load, Opcode::V128Store, Opcode::V128Const]
    );
    let mut others = Opcode::ALL
        .iter()
        .filter(|op| !matches!(op.proposal(), Proposal::Simd | Proposal::RelaxedSimd));
    assert!(others.all(|op| kind(*op) == Kind::NotSimd));
    for (wanted, count) in [
        (Kind::Unary, 50),
        (Kind::Binary, 120),
        (Kind::Bitselect, 1),
        (Kind::Shift, 12),
        (Kind::Test, 9),
        (Kind::Splat, 6),
        (Kind::Extract, 8),
        (Kind::Replace, 6),
        (Kind::Shuffle, 1),
        (Kind::LoadExtend, 6),
        (Kind::LoadSplat, 4),
        (Kind::LoadZero, 2),
        (Kind::LoadLane, 4),
        (Kind::StoreLane, 4),
    ] {
        assert_eq!(all_of(wanted).count(), count, "{wanted:?}");
    }
}

#[test]
fn every_vector_opcode_can_be_computed() {
    for op in Opcode::ALL.iter().copied() {
        match kind(op) {
            Kind::Unary => drop(unary(op, 1)),
            Kind::Binary => drop(binary(op, 1, 2)),
            Kind::Ternary => drop(ternary(op, 1, 2, 3)),
            Kind::Bitselect => drop(bitselect(1, 2, 3)),
            Kind::Shift => drop(shift(op, 1, u32::MAX)),
            Kind::Test => drop(test(op, 1)),
            Kind::Splat => drop(splat(op, u64::MAX)),
            Kind::Extract => drop(extract(op, 1, u128::MAX)),
            Kind::Replace => drop(replace(op, 1, 0, u64::MAX)),
            Kind::Shuffle => drop(shuffle(1, 2, 3)),
            Kind::LoadExtend => drop(load_extend(op, u64::MAX)),
            Kind::LoadSplat | Kind::LoadZero | Kind::LoadLane | Kind::StoreLane | Kind::NotSimd => {
            }
        }
    }
}

/// Edge values by hand, one group a row: the opcode, the operands and the result, as splats.
#[test]
fn edge_values() {
    use Opcode::*;
    let byte = |x: u8| splat(I8x16Splat, x.into());
    let half = |x: u16| splat(I16x8Splat, x.into());
    let word = |x: u32| splat(I32x4Splat, x.into());
    let (quiet, payload, minus) = (word(0x7fc0_0000), word(0xffc0_1234), word(1 << 31));
    let one = word(1f32.to_bits());
    for (op, a, b, result) in [
        (I8x16AddSatS, byte(0x7f), byte(1), byte(0x7f)),
        (I8x16AddSatU, byte(0xff), byte(1), byte(0xff)),
        (I8x16SubSatS, byte(0x80), byte(1), byte(0x80)),
        (I8x16SubSatU, byte(0), byte(1), byte(0)),
        (I8x16AvgrU, byte(0xff), byte(0), byte(0x80)),
        (I16x8Q15MulrSatS, half(0x8000), half(0x8000), half(0x7fff)),
        (I16x8Q15MulrSatS, half(0x4000), half(0x4000), half(0x2000)),
        (
            I32x4DotI16x8S,
            half(0x8000),
            half(0x8000),
            word(0x8000_0000),
        ),
        (I8x16NarrowI16x8S, half(0x0100), half(0x0100), byte(0x7f)),
        (I8x16NarrowI16x8U, half(0x0100), half(0x0100), byte(0xff)),
        (I8x16NarrowI16x8U, half(0x8000), half(0x8000), byte(0)),
        (
            I16x8NarrowI32x4S,
            word(0x8000_0000),
            word(0x8000_0000),
            half(0x8000),
        ),
        (V128AndNot, byte(0xff), byte(0x0f), byte(0xf0)),
        (F32x4Min, 0, minus, minus),
        (F32x4Max, 0, minus, 0),
        (F32x4Min, payload, one, quiet),
        (F32x4Add, payload, one, quiet),
        // `b < a` and `a < b` are false of a NaN and of two zeros: the first operand, bit for bit.
        (F32x4PMin, payload, one, payload),
        (F32x4PMax, one, payload, one),
        (F32x4PMin, 0, minus, 0),
        (F32x4PMax, minus, 0, minus),
        (F32x4Ne, payload, payload, u128::MAX),
    ] {
        assert_eq!(binary(op, a, b), result, "{}", op.name());
    }
    for (op, a, result) in [
        (I8x16Abs, byte(0x80), byte(0x80)),
        (I8x16Neg, byte(0x80), byte(0x80)),
        (I8x16Popcnt, byte(0xff), byte(8)),
        (I16x8ExtAddPairwiseI8x16U, byte(0xff), half(510)),
        (I16x8ExtAddPairwiseI8x16S, byte(0x80), half(0xff00)),
        (F32x4Neg, payload, word(0x7fc0_1234)),
        (F32x4Sqrt, payload, quiet),
        (I32x4TruncSatF32x4S, quiet, 0),
        (I32x4TruncSatF32x4U, word((-1f32).to_bits()), 0),
        (
            F32x4DemoteF64x2Zero,
            u128::MAX,
            u128::from(0x7fc0_0000_7fc0_0000u64),
        ),
    ] {
        assert_eq!(unary(op, a), result, "{}", op.name());
    }
}

#[test]
#[should_panic(expected = "crash: simd::unary of i32.add")]
fn an_opcode_of_another_kind_is_a_crash() {
    unary(Opcode::I32Add, 0);
}

#[test]
#[should_panic(expected = "crash: lane 4")]
fn a_lane_beyond_the_vector_is_a_crash() {
    extract(Opcode::I32x4ExtractLane, 4, 0);
}

#[test]
#[should_panic(expected = "crash: lane 32")]
fn a_shuffle_index_beyond_both_vectors_is_a_crash() {
    shuffle(0, 0, 32);
}
