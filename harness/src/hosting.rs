//! How host functions behave: a part of the case, the same in all three executions.

use lockstep_oracles::module::FuncType;
use lockstep_oracles::value::{Ref, Value};
use lockstep_oracles::{HeapType, ValType};

/// A host function of a case.
#[derive(Clone, Debug)]
pub struct HostFunction {
    /// Its type.
    pub ty: FuncType,
    /// What it does.
    pub behaviour: Behaviour,
}

/// What a host function does when it is called.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Returns values that follow from the case's seed, the number of the call and the result types.
    Seeded,
    /// Returns these values, if they are of its result types; otherwise as [`Behaviour::Seeded`].
    Constant(Vec<Value>),
    /// Returns nothing; only for functions without results.
    Silent,
    /// Fails with a host error.
    Fail,
    /// Calls this export of the instance that was made last, with zeros and nulls, ignores how
    /// that ends, and returns as [`Behaviour::Seeded`].
    CallExport(String),
}

/// Results of a seeded host function: a function of its arguments alone.
pub fn seeded_results(seed: u64, call: u64, ty: &FuncType) -> Vec<Value> {
    let mut state = seed ^ call.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ty.results
        .iter()
        .map(|&ty| seeded_value(&mut state, ty))
        .collect()
}

fn seeded_value(state: &mut u64, ty: ValType) -> Value {
    let bits = splitmix64(state);
    match ty {
        // Small numbers: they are indices, sizes and counts more often than not.
        ValType::I32 => Value::I32((bits % 17) as u32),
        ValType::I64 => Value::I64(bits % 17),
        ValType::F32 => Value::F32(((bits % 1025) as f32 / 8.0).to_bits()),
        ValType::F64 => Value::F64(((bits % 1025) as f64 / 8.0).to_bits()),
        ValType::V128 => Value::V128(u128::from(bits) << 64 | u128::from(splitmix64(state))),
        ValType::Ref(ty) if ty.heap_type() == HeapType::EXTERN => {
            Value::Ref(Ref::Extern((bits % 17) as u32), ty)
        }
        ValType::Ref(ty) => Value::Ref(Ref::Null, ty),
    }
}

/// Steele, Lea and Flood's SplitMix64: the case's values must not change with a library's version.
fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(results: &[ValType]) -> FuncType {
        FuncType {
            params: [].into(),
            results: results.into(),
        }
    }

    #[test]
    fn results_follow_from_seed_call_and_types_alone() {
        let ty = ty(&[
            ValType::I32,
            ValType::V128,
            ValType::EXTERNREF,
            ValType::FUNCREF,
        ]);
        assert_eq!(seeded_results(1, 2, &ty), seeded_results(1, 2, &ty));
        assert_ne!(seeded_results(1, 2, &ty), seeded_results(1, 3, &ty));
        assert_ne!(seeded_results(1, 2, &ty), seeded_results(2, 2, &ty));
        let types: Vec<_> = seeded_results(1, 2, &ty).iter().map(|v| v.ty()).collect();
        assert_eq!(types, &*ty.results);
    }
}
