//! Arguments and expected results in the oracle's terms. It never rounds: floats are bits.

use lockstep_oracles::store::Store;
use lockstep_oracles::value::{Ref, Value};
use lockstep_oracles::{AbstractHeapType, HeapType, RefType, ValType};
use lockstep_spec_tests::{Arg, FloatPattern, NullOf, Pattern};

/// An argument.
pub(crate) fn value(arg: Arg) -> Value {
    match arg {
        Arg::I32(v) => Value::I32(v),
        Arg::I64(v) => Value::I64(v),
        Arg::F32(v) => Value::F32(v),
        Arg::F64(v) => Value::F64(v),
        Arg::V128(v) => Value::V128(v),
        Arg::RefNull(of) => Value::Ref(Ref::Null, null_type(of)),
        Arg::RefExtern(n) => Value::Ref(Ref::Extern(n), RefType::EXTERNREF),
        Arg::RefHost(n) => Value::Ref(Ref::Extern(n), RefType::ANYREF),
    }
}

fn null_type(of: NullOf) -> RefType {
    use AbstractHeapType::*;
    let ty = match of {
        NullOf::Func => Func,
        NullOf::Extern => Extern,
        NullOf::Any => Any,
        NullOf::Exn => Exn,
        NullOf::NoFunc => NoFunc,
        NullOf::NoExtern => NoExtern,
        NullOf::None => None,
        NullOf::NoExn => NoExn,
    };
    let ty = HeapType::Abstract { shared: false, ty };
    RefType::new(true, ty).expect("an abstract type fits a reference type")
}

/// Whether a result is as the pattern says.
pub(crate) fn matches(store: &Store, value: Value, pattern: &Pattern) -> bool {
    use AbstractHeapType::{Any, Array, Eq, I31, Struct};
    match (pattern, value) {
        (Pattern::I32(p), Value::I32(v)) => *p == v,
        (Pattern::I64(p), Value::I64(v)) => *p == v,
        (Pattern::F32(p), Value::F32(v)) => p.matches(v),
        (Pattern::F64(p), Value::F64(v)) => p.matches(v),
        (Pattern::V128(p), Value::V128(v)) => *p == v,
        (Pattern::F32x4(lanes), Value::V128(v)) => lanes
            .iter()
            .enumerate()
            .all(|(i, p): (usize, &FloatPattern<u32>)| p.matches((v >> (32 * i)) as u32)),
        (Pattern::F64x2(lanes), Value::V128(v)) => lanes
            .iter()
            .enumerate()
            .all(|(i, p): (usize, &FloatPattern<u64>)| p.matches((v >> (64 * i)) as u64)),
        (Pattern::RefNull(None), Value::Ref(Ref::Null, _)) => true,
        // A null has no type of its own: it is a null of its hierarchy.
        (Pattern::RefNull(Some(of)), Value::Ref(Ref::Null, ty)) => store.has_type(
            Value::Ref(Ref::Null, null_type(*of)),
            ValType::Ref(ty.nullable()),
        ),
        (Pattern::RefExtern(Some(p)), Value::Ref(Ref::Extern(v), ty)) => *p == v && is_external(ty),
        (Pattern::RefExtern(None), Value::Ref(r, ty)) => r != Ref::Null && is_external(ty),
        (Pattern::RefHost(p), Value::Ref(Ref::Extern(v), ty)) => *p == v && !is_external(ty),
        (Pattern::RefFunc, Value::Ref(Ref::Func(_), _)) => true,
        (Pattern::RefAny, Value::Ref(r, ty)) => r.is_abstract(Any) && !is_external(ty),
        (Pattern::RefEq, Value::Ref(r, ty)) => r.is_abstract(Eq) && !is_external(ty),
        (Pattern::RefArray, Value::Ref(r, ty)) => r.is_abstract(Array) && !is_external(ty),
        (Pattern::RefStruct, Value::Ref(r, ty)) => r.is_abstract(Struct) && !is_external(ty),
        (Pattern::RefI31, Value::Ref(r, ty)) => r.is_abstract(I31) && !is_external(ty),
        (Pattern::Either(patterns), value) => patterns.iter().any(|p| matches(store, value, p)),
        _ => false,
    }
}

/// Whether the static type is in the external hierarchy.
fn is_external(ty: RefType) -> bool {
    matches!(
        ty.heap_type(),
        HeapType::Abstract {
            ty: AbstractHeapType::Extern | AbstractHeapType::NoExtern,
            ..
        }
    )
}
