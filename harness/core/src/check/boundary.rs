//! Interesting arguments: zeros, then boundary values. The same list for the same types, always.

use lockstep_oracles::module::Module;
use lockstep_oracles::types::CompositeType;
use lockstep_oracles::{AbstractHeapType, HeapType, RefType, ValType};
use lockstep_spec_tests::script::{Arg, NullOf};

/// Lists of arguments made for a function with parameters, before equal ones are dropped.
const ROWS: usize = 8;
/// From this row on, neighbouring parameters get different values.
const STAGGERED: usize = 5;

/// Whether an argument of this type can be made.
pub fn can_make(ty: ValType) -> bool {
    match ty {
        ValType::Ref(ty) => ty == RefType::FUNCREF || ty == RefType::EXTERNREF,
        _ => true,
    }
}

/// The null that is a value of this type: the top one of its hierarchy, or the bottom one.
pub fn null_of(module: &Module, ty: RefType) -> NullOf {
    use AbstractHeapType as T;
    match ty.heap_type() {
        HeapType::Abstract { ty, .. } => match ty {
            T::Func => NullOf::Func,
            T::NoFunc => NullOf::NoFunc,
            T::Extern => NullOf::Extern,
            T::NoExtern => NullOf::NoExtern,
            T::Exn => NullOf::Exn,
            T::NoExn => NullOf::NoExn,
            T::Any => NullOf::Any,
            _ => NullOf::None,
        },
        HeapType::Concrete(index) | HeapType::Exact(index) => {
            let index = index.as_module_index().unwrap_or(u32::MAX);
            match module.types().get(index as usize).map(|ty| &ty.composite) {
                Some(CompositeType::Func(_)) => NullOf::NoFunc,
                _ => NullOf::None,
            }
        }
    }
}

/// Argument lists for a function: one empty list if it has no parameters.
pub fn argument_lists(params: &[ValType]) -> Vec<Vec<Arg>> {
    let mut lists: Vec<Vec<Arg>> = Vec::new();
    for row in 0..ROWS {
        let list: Vec<Arg> = params
            .iter()
            .enumerate()
            .map(|(index, &ty)| {
                let shift = if row < STAGGERED { 0 } else { index };
                pick(ty, row + shift)
            })
            .collect();
        if !lists.contains(&list) {
            lists.push(list);
        }
    }
    lists
}

/// The value of a type for a row; zero or null first.
fn pick(ty: ValType, row: usize) -> Arg {
    match ty {
        ValType::I32 => Arg::I32(I32[row % I32.len()]),
        ValType::I64 => Arg::I64(I64[row % I64.len()]),
        ValType::F32 => Arg::F32(F32[row % F32.len()]),
        ValType::F64 => Arg::F64(F64[row % F64.len()]),
        ValType::V128 => Arg::V128(V128[row % V128.len()]),
        ValType::Ref(ty) if ty.is_func_ref() => Arg::RefNull(NullOf::Func),
        ValType::Ref(_) if row.is_multiple_of(2) => Arg::RefNull(NullOf::Extern),
        ValType::Ref(_) => Arg::RefExtern(row as u32),
    }
}

const I32: [u32; 8] = [0, 1, u32::MAX, 1 << 31, (1 << 31) - 1, 10, 255, 0x1_0000];

const I64: [u64; 8] = [
    0,
    1,
    u64::MAX,
    1 << 63,
    (1 << 63) - 1,
    10,
    u32::MAX as u64,
    1 << 32,
];

/// Zero, one, minus one, minus zero, canonical NaN, NaN with a payload and a sign, infinity, the
/// smallest subnormal.
const F32: [u32; 8] = [
    0,
    0x3f80_0000,
    0xbf80_0000,
    0x8000_0000,
    0x7fc0_0000,
    0xffc0_1234,
    0x7f80_0000,
    1,
];

/// As [`F32`].
const F64: [u64; 8] = [
    0,
    0x3ff0_0000_0000_0000,
    0xbff0_0000_0000_0000,
    0x8000_0000_0000_0000,
    0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_1234,
    0x7ff0_0000_0000_0000,
    1,
];

/// Zero; ones; all bits; sign bits of bytes, and everything but them; `f32` NaNs beside numbers;
/// every byte different.
const V128: [u128; 8] = [
    0,
    0x0000_0001_0000_0001_0000_0001_0000_0001,
    u128::MAX,
    0x8080_8080_8080_8080_8080_8080_8080_8080,
    0x7f7f_7f7f_7f7f_7f7f_7f7f_7f7f_7f7f_7f7f,
    0x7fc0_0000_3f80_0000_ffc0_1234_bf80_0000,
    0x7ff8_0000_0000_0000_3ff0_0000_0000_0000,
    0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_without_parameters_is_called_once() {
        assert_eq!(argument_lists(&[]), [Vec::new()]);
    }

    #[test]
    fn zeros_come_first_and_no_list_comes_twice() {
        let lists = argument_lists(&[ValType::I32, ValType::F64, ValType::EXTERNREF]);
        let zeros = vec![Arg::I32(0), Arg::F64(0), Arg::RefNull(NullOf::Extern)];
        assert_eq!(lists[0], zeros);
        assert_eq!(lists.len(), ROWS);
        assert!((1..lists.len()).all(|i| !lists[..i].contains(&lists[i])));
        assert_eq!(argument_lists(&[ValType::FUNCREF]).len(), 1);
    }
}
