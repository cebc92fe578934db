//! NaN patterns bit by bit, and the names of commands.

use super::*;

#[test]
fn a_canonical_nan_has_the_quiet_bit_alone_and_either_sign() {
    let f32 = FloatPattern::<u32>::CanonicalNan;
    assert!(f32.matches(0x7fc0_0000));
    assert!(f32.matches(0xffc0_0000));
    assert!(!f32.matches(0x7fc0_0001), "a payload bit more");
    assert!(!f32.matches(0x7f80_0000), "infinity");

    let f64 = FloatPattern::<u64>::CanonicalNan;
    assert!(f64.matches(0x7ff8_0000_0000_0000));
    assert!(f64.matches(0xfff8_0000_0000_0000));
    assert!(!f64.matches(0x7ff8_0000_0000_0001), "a payload bit more");
    assert!(!f64.matches(0x7ff0_0000_0000_0000), "infinity");
}

#[test]
fn an_arithmetic_nan_has_the_quiet_bit_and_any_payload_and_sign() {
    let f32 = FloatPattern::<u32>::ArithmeticNan;
    assert!(f32.matches(0x7fc0_0000), "a canonical NaN is arithmetic");
    assert!(f32.matches(0xffff_ffff));
    assert!(!f32.matches(0x7fa0_0000), "a signalling NaN");
    assert!(!f32.matches(0x3fc0_0000), "a number with that bit");

    let f64 = FloatPattern::<u64>::ArithmeticNan;
    assert!(f64.matches(0x7ff8_0000_0000_0000));
    assert!(f64.matches(0xffff_ffff_ffff_ffff));
    assert!(!f64.matches(0x7ff4_0000_0000_0000), "a signalling NaN");
    assert!(
        !f64.matches(0x3ff8_0000_0000_0000),
        "a number with that bit"
    );
}

#[test]
fn bits_match_themselves_only() {
    assert!(FloatPattern::Bits(0u32).matches(0));
    assert!(
        !FloatPattern::Bits(0u32).matches(0x8000_0000),
        "-0 is not 0"
    );
    assert!(FloatPattern::Bits(0x7fa0_0000u32).matches(0x7fa0_0000));
    assert!(!FloatPattern::Bits(0u64).matches(0x8000_0000_0000_0000));
}

#[test]
fn an_unsupported_assertion_still_counts_as_one() {
    let unsupported = |directive| CommandKind::Unsupported {
        directive,
        reason: String::new(),
    };
    assert!(unsupported("assert_suspension").is_assertion());
    assert!(!unsupported("thread").is_assertion());
}
