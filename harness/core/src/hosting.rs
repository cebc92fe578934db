//! How host functions behave: a part of the case, the same in all three executions.

use crate::wasi;
use lockstep_oracles::address::{FuncAddr, InstanceAddr};
use lockstep_oracles::module::FuncType;
use lockstep_oracles::store::Store;
use lockstep_oracles::trap::Trap;
use lockstep_oracles::types::Types;
use lockstep_oracles::value::{Ref, Value};
use lockstep_oracles::{RefType, ValType};

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
    /// Fails with a trap, wrapped in an error of the host's or not: [`trap_of`] the number of the call.
    Trap {
        /// Whether it is wrapped.
        wrapped: bool,
    },
    /// Calls this export of the instance that was made last, with zeros and nulls, ignores how
    /// that ends, and returns as [`Behaviour::Seeded`].
    CallExport(String),
    /// The same, but an exception that the call does not catch goes on to the caller.
    CallThrough(String),
    /// The same, but the very error goes on that the call ended with, whatever it is.
    CallRelay(String),
    /// Throws an exception of this exported tag of the instance that was made last, with a payload as
    /// [`Behaviour::Seeded`] returns.
    Throw(String),
    /// Serves a program for WASI.
    Wasi(wasi::Function),
    /// Does in each call what is said of that; in the last one and all that follow, what is said last.
    Scripted(Vec<ScriptedCall>),
}

/// What a host function does in one call.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptedCall {
    /// What it writes into a memory first.
    pub writes: Vec<MemoryWrite>,
    /// What it returns; seeded values if that is not said.
    pub returns: Option<Vec<Value>>,
}

/// What a host function writes into a memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryWrite {
    /// The memory, by its export from the instance that imports the function.
    pub memory: String,
    /// Where to.
    pub at: WriteAt,
    /// What.
    pub bytes: Vec<u8>,
}

/// Where a host function writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteAt {
    /// At this offset, in bytes.
    Offset(u64),
    /// Where this argument points to, from 0: a number.
    Argument(u32),
}

impl WriteAt {
    /// The offset, in a call with these arguments; none if there is no such number.
    pub fn offset(self, args: &[Value]) -> Option<u64> {
        match self {
            WriteAt::Offset(offset) => Some(offset),
            WriteAt::Argument(index) => match args.get(index as usize)? {
                Value::I32(at) => Some(u64::from(*at)),
                Value::I64(at) => Some(*at),
                _ => None,
            },
        }
    }
}

/// The instance that imports a host function: each import has a function of its own.
pub fn importer(store: &Store, func: FuncAddr) -> Option<InstanceAddr> {
    let mut instances = (0..store.num_instances() as u32).map(InstanceAddr);
    instances.find(|&addr| {
        let instance = store.instance(addr);
        let imported = instance.module.num_imported_funcs() as usize;
        instance.funcs[..imported].contains(&func)
    })
}

/// The trap that a host function fails with in its call of this number.
pub fn trap_of(call: u64) -> Trap {
    match call % 3 {
        0 => Trap::Unreachable,
        1 => Trap::IntegerDivideByZero,
        _ => Trap::OutOfBoundsMemoryAccess,
    }
}

/// The value that the host puts into a global or a table of its own; none where it can make none.
pub fn initial_value(seed: u64, name: &str, ty: ValType, types: &Types) -> Option<Value> {
    let call = name.bytes().fold(0u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    let mut state = seed ^ call.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    seeded_value(&mut state, ty, types)
}

/// Results of a seeded host function: a function of its arguments alone. None where the host can make
/// no value of a result's type; the type indices in `ty` are those of `types`.
pub fn seeded_results(seed: u64, call: u64, ty: &FuncType, types: &Types) -> Option<Vec<Value>> {
    let mut state = seed ^ call.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ty.results
        .iter()
        .map(|&ty| seeded_value(&mut state, ty, types))
        .collect()
}

fn seeded_value(state: &mut u64, ty: ValType, types: &Types) -> Option<Value> {
    let bits = splitmix64(state);
    Some(match ty {
        // Small numbers: they are indices, sizes and counts more often than not.
        ValType::I32 => Value::I32((bits % 17) as u32),
        ValType::I64 => Value::I64(bits % 17),
        ValType::F32 => Value::F32(((bits % 1025) as f32 / 8.0).to_bits()),
        ValType::F64 => Value::F64(((bits % 1025) as f64 / 8.0).to_bits()),
        ValType::V128 => Value::V128(u128::from(bits) << 64 | u128::from(splitmix64(state))),
        ValType::Ref(ty) => Value::Ref(seeded_reference(bits, ty, types)?, ty),
    })
}

/// A host external, an unboxed scalar, or null.
fn seeded_reference(bits: u64, ty: RefType, types: &Types) -> Option<Ref> {
    let number = (bits % 17) as u32;
    let takes = |made: RefType| types.heap_matches(made.heap_type(), ty.heap_type());
    if takes(RefType::EXTERNREF) || (takes(RefType::ANYREF) && bits & 32 != 0) {
        Some(Ref::Extern(number))
    } else if takes(RefType::I31REF) {
        Some(Ref::I31(number))
    } else {
        ty.is_nullable().then_some(Ref::Null)
    }
}

/// Steele, Lea and Flood's SplitMix64: the case's values must not change with a library's version.
pub(crate) fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(seed: u64, call: u64, results: &[ValType]) -> Option<Vec<Value>> {
        let ty = FuncType {
            params: [].into(),
            results: results.into(),
        };
        seeded_results(seed, call, &ty, &Types::default())
    }

    #[test]
    fn results_follow_from_seed_call_and_types_alone() {
        let types = [
            ValType::I32,
            ValType::V128,
            ValType::EXTERNREF,
            ValType::FUNCREF,
            ValType::Ref(RefType::ANYREF),
            ValType::Ref(RefType::I31REF.as_non_null()),
        ];
        assert_eq!(results(1, 2, &types), results(1, 2, &types));
        assert_ne!(results(1, 2, &types), results(1, 3, &types));
        assert_ne!(results(1, 2, &types), results(2, 2, &types));
        let made: Vec<_> = results(1, 2, &types).unwrap();
        assert!(made.iter().map(|value| value.ty()).eq(types));
    }

    #[test]
    fn what_the_host_cannot_make_it_does_not_return() {
        let structure = RefType::STRUCTREF;
        assert_eq!(
            results(1, 2, &[ValType::Ref(structure)]),
            Some(vec![Value::Ref(Ref::Null, structure)])
        );
        assert_eq!(
            results(1, 2, &[ValType::Ref(structure.as_non_null())]),
            None
        );
    }
}
