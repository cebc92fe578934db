//! The allowed NaNs against a definition that knows no lanes, and every instruction of the table
//! against the function that computes it.

use super::*;
use crate::{numeric, simd};
use proptest::prelude::*;

const CANONICAL: [u32; 2] = [0x7fc0_0000, 0xffc0_0000];
const ARITHMETIC: [u32; 4] = [0x7fc0_0001, 0xffc0_0001, 0x7fff_ffff, 0xffe1_2345];
const SIGNALLING: [u32; 3] = [0x7f80_0001, 0xff80_0001, 0x7fbf_ffff];

const ADD: Floating = Floating {
    operands: 2,
    from: Width::F32,
    to: Width::F32,
};

fn wide(bits: u32) -> u64 {
    let (sign, payload) = (u64::from(bits >> 31), u64::from(bits & 0x007f_ffff));
    sign << 63 | 0x7ff << 52 | payload << 29
}

fn open(a: u32, b: u32) -> Option<OpenNan> {
    let result = numeric::f32_add(a, b);
    ADD.open(&[a.into(), b.into()], result.into())
}

/// Whether it may be the sum of these.
fn allows(a: u32, b: u32, sum: u32) -> bool {
    let own = numeric::f32_add(a, b);
    open(a, b).unwrap().allows(own.into(), sum.into())
}

#[test]
fn of_canonical_operands_the_nan_is_canonical_of_either_sign() {
    let infinities = (f32::INFINITY.to_bits(), f32::NEG_INFINITY.to_bits());
    let one = 1f32.to_bits();
    for (a, b) in [
        infinities,
        (CANONICAL[0], one),
        (one, CANONICAL[1]),
        (CANONICAL[1], CANONICAL[0]),
    ] {
        assert!(CANONICAL.iter().all(|&sum| allows(a, b, sum)));
        assert!(!ARITHMETIC.iter().any(|&sum| allows(a, b, sum)));
        assert!(!SIGNALLING.iter().any(|&sum| allows(a, b, sum)));
        assert!(!allows(a, b, one) && !allows(a, b, infinities.0));
    }
}

#[test]
fn of_any_other_nan_the_nan_is_arithmetic() {
    for payload in ARITHMETIC.iter().chain(&SIGNALLING) {
        for (a, b) in [(*payload, 0), (0, *payload), (CANONICAL[0], *payload)] {
            assert!(CANONICAL.iter().all(|&sum| allows(a, b, sum)));
            assert!(ARITHMETIC.iter().all(|&sum| allows(a, b, sum)));
            assert!(!SIGNALLING.iter().any(|&sum| allows(a, b, sum)));
            assert!(!allows(a, b, 0) && !allows(a, b, f32::INFINITY.to_bits()));
        }
    }
}

#[test]
fn a_number_is_not_open() {
    assert_eq!(open(1f32.to_bits(), 2f32.to_bits()), None);
    assert_eq!(open(f32::INFINITY.to_bits(), 0), None);
}

#[test]
fn nothing_may_stand_above_a_scalar() {
    let own = u128::from(CANONICAL[0]);
    let open = open(CANONICAL[0], 0).unwrap();
    assert!(open.allows(own, own) && !open.allows(own, own | 1 << 32));
}

#[test]
fn each_lane_has_operands_of_its_own() {
    let [nan, payload] = [CANONICAL[0], ARITHMETIC[0]].map(|bits| u128::from(wide(bits)));
    let instruction = Floating::instruction(Opcode::F64x2Mul).unwrap();
    let (a, b) = (nan | payload << 64, 0);
    let own = simd::binary(Opcode::F64x2Mul, a, b);
    let open = instruction.open(&[a, b], own).unwrap();
    assert!(open.allows(own, nan | payload << 64));
    assert!(!open.allows(own, payload | payload << 64));
    assert!(!open.allows(own, nan));
}

#[test]
fn a_change_of_width_looks_at_the_operand_s() {
    let narrow = Floating::instruction(Opcode::F32DemoteF64).unwrap();
    let own = u128::from(CANONICAL[0]);
    // Canonical as an `f32`, but not as the `f64` that it comes from.
    let almost = u128::from(wide(CANONICAL[0]) | 1);
    let open = narrow.open(&[almost], own).unwrap();
    assert!(open.allows(own, ARITHMETIC[1].into()));
    let open = narrow.open(&[wide(CANONICAL[1]).into()], own).unwrap();
    assert!(!open.allows(own, ARITHMETIC[1].into()) && open.allows(own, CANONICAL[1].into()));
    let lanes = Floating::instruction(Opcode::F64x2PromoteLowF32x4).unwrap();
    let a = u128::from(ARITHMETIC[0]) << 32 | u128::from(ARITHMETIC[0]) << 64;
    let own = simd::unary(Opcode::F64x2PromoteLowF32x4, a);
    let open = lanes.open(&[a], own).unwrap();
    assert!(open.allows(own, u128::from(wide(ARITHMETIC[3])) << 64));
    assert!(!open.allows(own, own | 1));
}

/// Every opcode that makes a float by arithmetic is in the table, and no other.
#[test]
fn the_table_is_complete() {
    const ARITHMETIC: &[&str] = &[
        "add", "sub", "mul", "div", "min", "max", "sqrt", "ceil", "floor", "trunc", "nearest",
        "madd", "nmadd",
    ];
    for &op in Opcode::ALL {
        let name = op.name();
        let arithmetic = match name.split_once('.') {
            Some(("f32" | "f64" | "f32x4" | "f64x2", what)) => {
                ARITHMETIC.contains(&what.strip_prefix("relaxed_").unwrap_or(what))
                    || what.starts_with("demote")
                    || what.starts_with("promote")
            }
            _ => false,
        };
        assert_eq!(Floating::instruction(op).is_some(), arithmetic, "{name}");
    }
}

fn any_f64() -> impl Strategy<Value = u64> {
    let nans = CANONICAL.iter().chain(&ARITHMETIC).chain(&SIGNALLING);
    let nans: Vec<u64> = nans.map(|&bits| wide(bits)).collect();
    prop_oneof![
        prop::sample::select(nans),
        prop::sample::select(vec![f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0])
            .prop_map(f64::to_bits),
        any::<u64>(),
    ]
}

/// A NaN by the text of the specification: kind of number, sign, payload.
fn payload(bits: u64) -> Option<u64> {
    (bits >> 52 & 0x7ff == 0x7ff && bits << 12 != 0).then_some(bits << 12 >> 12)
}

proptest! {
    #[test]
    fn exactly_the_propagated_nans_are_allowed(a in any_f64(), b in any_f64(), other in any_f64()) {
        let instruction = Floating::instruction(Opcode::F64Sub).unwrap();
        let own = numeric::f64_sub(a, b);
        let open = instruction.open(&[a.into(), b.into()], own.into());
        prop_assert_eq!(open.is_some(), payload(own).is_some());
        let Some(open) = open else { return Ok(()) };
        let canonical = [a, b].iter().filter_map(|&x| payload(x)).all(|p| p == 1 << 51);
        let expected = payload(other).is_some_and(|p| if canonical { p == 1 << 51 } else { p >> 51 == 1 });
        prop_assert_eq!(open.allows(own.into(), other.into()), expected);
    }

    #[test]
    fn what_the_machine_computes_is_allowed(a in any_f64(), b in any_f64(), c in any_f64(), d in any_f64()) {
        let (x, y) = (u128::from(a) | u128::from(b) << 64, u128::from(c) | u128::from(d) << 64);
        for &op in Opcode::ALL {
            let Some(instruction) = Floating::instruction(op) else { continue };
            let own = match (simd::kind(op), instruction.operands) {
                (simd::Kind::Unary, 1) => simd::unary(op, x),
                (simd::Kind::Binary, 2) => simd::binary(op, x, y),
                (simd::Kind::Ternary, 3) => simd::ternary(op, x, y, x),
                (simd::Kind::NotSimd, _) => continue,
                other => panic!("{}: {other:?}", op.name()),
            };
            if let Some(open) = instruction.open(&[x, y, x][..instruction.operands], own) {
                prop_assert!(open.allows(own, own));
            }
        }
    }
}
