//! Whether a result is what a script's assertion asks for.

use crate::seen::{Seen, SeenFunc};
use lockstep_oracles::value::{Ref, Value};
use lockstep_oracles::{HeapType, RefType};
use lockstep_spec_tests::script::{Arg, NullOf, Pattern};

/// A script's argument as a value; `None` for a kind that Wasm 2.0 does not have.
pub(super) fn argument(arg: Arg) -> Option<Value> {
    Some(match arg {
        Arg::I32(v) => Value::I32(v),
        Arg::I64(v) => Value::I64(v),
        Arg::F32(v) => Value::F32(v),
        Arg::F64(v) => Value::F64(v),
        Arg::V128(v) => Value::V128(v),
        Arg::RefExtern(n) => Value::Ref(Ref::Extern(n), RefType::EXTERNREF),
        Arg::RefNull(NullOf::Func | NullOf::NoFunc) => Value::Ref(Ref::Null, RefType::FUNCREF),
        Arg::RefNull(NullOf::Extern | NullOf::NoExtern) => {
            Value::Ref(Ref::Null, RefType::EXTERNREF)
        }
        Arg::RefNull(_) | Arg::RefHost(_) => return None,
    })
}

/// Whether the oracle's value matches.
pub(super) fn value_matches(pattern: &Pattern, value: Value) -> bool {
    match (pattern, value) {
        (Pattern::I32(a), Value::I32(b)) => *a == b,
        (Pattern::I64(a), Value::I64(b)) => *a == b,
        (Pattern::F32(a), Value::F32(b)) => a.matches(b),
        (Pattern::F64(a), Value::F64(b)) => a.matches(b),
        (Pattern::V128(a), Value::V128(b)) => *a == b,
        (Pattern::F32x4(lanes), Value::V128(b)) => lanes
            .iter()
            .enumerate()
            .all(|(i, lane)| lane.matches((b >> (32 * i)) as u32)),
        (Pattern::F64x2(lanes), Value::V128(b)) => lanes
            .iter()
            .enumerate()
            .all(|(i, lane)| lane.matches((b >> (64 * i)) as u64)),
        (Pattern::RefNull(wanted), Value::Ref(Ref::Null, ty)) => null_matches(*wanted, ty),
        (Pattern::RefExtern(Some(a)), Value::Ref(Ref::Extern(b), _)) => *a == b,
        (Pattern::RefExtern(None), Value::Ref(Ref::Extern(_), _))
        | (Pattern::RefFunc, Value::Ref(Ref::Func(_), _)) => true,
        (Pattern::Either(patterns), value) => {
            patterns.iter().any(|pattern| value_matches(pattern, value))
        }
        _ => false,
    }
}

fn null_matches(wanted: Option<NullOf>, ty: RefType) -> bool {
    match wanted {
        None => true,
        Some(NullOf::Func | NullOf::NoFunc) => ty.heap_type() == HeapType::FUNC,
        Some(NullOf::Extern | NullOf::NoExtern) => ty.heap_type() == HeapType::EXTERN,
        Some(NullOf::Any | NullOf::Exn | NullOf::None | NullOf::NoExn) => false,
    }
}

/// Whether the subject's value matches.
pub(super) fn seen_matches(pattern: &Pattern, seen: Seen) -> bool {
    if let (Pattern::RefFunc, Seen::Func(SeenFunc::Unknown(_))) = (pattern, seen) {
        return true;
    }
    seen.to_value()
        .is_some_and(|value| value_matches(pattern, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_spec_tests::script::FloatPattern;

    #[test]
    fn float_lanes_are_matched_each_by_its_own_pattern() {
        let pattern = Pattern::F32x4([
            FloatPattern::Bits(1),
            FloatPattern::CanonicalNan,
            FloatPattern::ArithmeticNan,
            FloatPattern::Bits(4),
        ]);
        let value = |lane2: u128| Value::V128(1 | 0xffc0_0000 << 32 | lane2 << 64 | 4 << 96);
        assert!(value_matches(&pattern, value(0x7fc0_0001)));
        assert!(!value_matches(&pattern, value(0x7f80_0001)));
    }

    #[test]
    fn nulls_are_told_apart_by_their_type() {
        let null = Value::Ref(Ref::Null, RefType::FUNCREF);
        assert!(value_matches(&Pattern::RefNull(None), null));
        assert!(value_matches(&Pattern::RefNull(Some(NullOf::Func)), null));
        assert!(!value_matches(
            &Pattern::RefNull(Some(NullOf::Extern)),
            null
        ));
        assert!(!value_matches(&Pattern::RefFunc, null));
    }
}
