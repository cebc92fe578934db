//! Whether a result is what a script's assertion asks for.

use crate::seen::{ObjectKind, Seen, SeenExtern, SeenFunc, SeenRef};
use lockstep_oracles::types::{Hierarchy, Types};
use lockstep_oracles::value::{Ref, Value};
use lockstep_oracles::{AbstractHeapType, HeapType, RefType};
use lockstep_spec_tests::script::{Arg, NullOf, Pattern};

/// A script's argument as a value.
pub(super) fn argument(arg: Arg) -> Value {
    match arg {
        Arg::I32(v) => Value::I32(v),
        Arg::I64(v) => Value::I64(v),
        Arg::F32(v) => Value::F32(v),
        Arg::F64(v) => Value::F64(v),
        Arg::V128(v) => Value::V128(v),
        Arg::RefExtern(n) => Value::Ref(Ref::Extern(n), RefType::EXTERNREF),
        Arg::RefHost(n) => Value::Ref(Ref::Extern(n), RefType::ANYREF),
        Arg::RefNull(of) => {
            let (ty, _) = null(of);
            let heap = HeapType::Abstract { shared: false, ty };
            let nullable = RefType::new(true, heap);
            Value::Ref(Ref::Null, nullable.unwrap_or(RefType::ANYREF))
        }
    }
}

/// The heap type of a null, and its hierarchy.
fn null(of: NullOf) -> (AbstractHeapType, Hierarchy) {
    use AbstractHeapType as A;
    match of {
        NullOf::Func => (A::Func, Hierarchy::Func),
        NullOf::NoFunc => (A::NoFunc, Hierarchy::Func),
        NullOf::Extern => (A::Extern, Hierarchy::Extern),
        NullOf::NoExtern => (A::NoExtern, Hierarchy::Extern),
        NullOf::Any => (A::Any, Hierarchy::Any),
        NullOf::None => (A::None, Hierarchy::Any),
        NullOf::Exn => (A::Exn, Hierarchy::Exn),
        NullOf::NoExn => (A::NoExn, Hierarchy::Exn),
    }
}

/// What a reference denotes, as far as a pattern can ask.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Null,
    Func,
    /// A host external; the number, if the harness made it
    Extern(Option<u32>),
    I31,
    Struct,
    Array,
    Exn,
}

impl Sort {
    fn of(reference: Ref) -> Sort {
        match reference {
            Ref::Null => Sort::Null,
            Ref::Func(_) => Sort::Func,
            Ref::Extern(n) => Sort::Extern(Some(n)),
            Ref::I31(_) => Sort::I31,
            Ref::Struct(_) => Sort::Struct,
            Ref::Array(_) => Sort::Array,
            Ref::Exn(_) => Sort::Exn,
        }
    }

    fn of_seen(seen: Seen) -> Option<Sort> {
        let external = |external| match external {
            SeenExtern::Number(n) => Sort::Extern(Some(n)),
            SeenExtern::Foreign => Sort::Extern(None),
        };
        Some(match seen {
            Seen::Func(SeenFunc::Null) | Seen::Extern(None) => Sort::Null,
            Seen::Func(_) => Sort::Func,
            Seen::Extern(Some(shown)) => external(shown),
            Seen::Ref(_, shown) => match shown {
                SeenRef::Null => Sort::Null,
                SeenRef::Extern(shown) => external(shown),
                SeenRef::I31(_) => Sort::I31,
                SeenRef::Object(object) => match object.kind {
                    ObjectKind::Struct => Sort::Struct,
                    ObjectKind::Array => Sort::Array,
                    ObjectKind::Exn => Sort::Exn,
                },
            },
            _ => return None,
        })
    }
}

/// Whether the oracle's value matches; the type index in it is one of `types`.
pub(super) fn value_matches(pattern: &Pattern, value: Value, types: &Types) -> bool {
    match (pattern, value) {
        (Pattern::Either(patterns), value) => patterns
            .iter()
            .any(|pattern| value_matches(pattern, value, types)),
        (pattern, Value::Ref(reference, ty)) => types
            .hierarchy(ty.heap_type())
            .is_some_and(|hierarchy| reference_matches(pattern, hierarchy, Sort::of(reference))),
        (pattern, value) => number_matches(pattern, value),
    }
}

fn number_matches(pattern: &Pattern, value: Value) -> bool {
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
        _ => false,
    }
}

fn reference_matches(pattern: &Pattern, hierarchy: Hierarchy, sort: Sort) -> bool {
    let external = hierarchy == Hierarchy::Extern;
    let internal = hierarchy == Hierarchy::Any && sort != Sort::Null;
    match pattern {
        Pattern::RefNull(None) => sort == Sort::Null,
        // A null has no type of its own: it is a null of its hierarchy.
        Pattern::RefNull(Some(of)) => sort == Sort::Null && null(*of).1 == hierarchy,
        Pattern::RefExtern(Some(n)) => external && sort == Sort::Extern(Some(*n)),
        Pattern::RefExtern(None) => external && sort != Sort::Null,
        Pattern::RefHost(n) => internal && sort == Sort::Extern(Some(*n)),
        Pattern::RefFunc => sort == Sort::Func,
        Pattern::RefAny => internal,
        Pattern::RefEq => internal && !matches!(sort, Sort::Extern(_)),
        Pattern::RefArray => internal && sort == Sort::Array,
        Pattern::RefStruct => internal && sort == Sort::Struct,
        Pattern::RefI31 => internal && sort == Sort::I31,
        _ => false,
    }
}

/// Whether the subject's value matches.
pub(super) fn seen_matches(pattern: &Pattern, seen: Seen) -> bool {
    if let Pattern::Either(patterns) = pattern {
        return patterns.iter().any(|pattern| seen_matches(pattern, seen));
    }
    match (seen.hierarchy(), Sort::of_seen(seen)) {
        (Some(hierarchy), Some(sort)) => reference_matches(pattern, hierarchy, sort),
        _ => seen
            .to_value()
            .is_some_and(|value| number_matches(pattern, value)),
    }
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
        assert!(number_matches(&pattern, value(0x7fc0_0001)));
        assert!(!number_matches(&pattern, value(0x7f80_0001)));
    }

    #[test]
    fn nulls_are_told_apart_by_their_hierarchy() {
        let types = Types::default();
        let null = Value::Ref(Ref::Null, RefType::STRUCTREF);
        let matches = |pattern| value_matches(&pattern, null, &types);
        assert!(matches(Pattern::RefNull(None)));
        assert!(matches(Pattern::RefNull(Some(NullOf::None))));
        assert!(!matches(Pattern::RefNull(Some(NullOf::Extern))));
        assert!(!matches(Pattern::RefAny));
        let seen = Seen::Ref(Hierarchy::Any, SeenRef::Null);
        assert!(seen_matches(&Pattern::RefNull(Some(NullOf::Any)), seen));
        assert!(!seen_matches(&Pattern::RefStruct, seen));
    }

    #[test]
    fn an_externalised_reference_is_external() {
        let seen = Seen::Ref(Hierarchy::Extern, SeenRef::I31(1));
        assert!(seen_matches(&Pattern::RefExtern(None), seen));
        assert!(!seen_matches(&Pattern::RefI31, seen));
        let internalised = Seen::Ref(Hierarchy::Any, SeenRef::Extern(SeenExtern::Number(3)));
        assert!(seen_matches(&Pattern::RefHost(3), internalised));
        assert!(!seen_matches(&Pattern::RefExtern(Some(3)), internalised));
        assert!(!seen_matches(&Pattern::RefEq, internalised));
    }
}
