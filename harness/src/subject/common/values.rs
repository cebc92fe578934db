//! Values and types, to and from the engine's.

use super::wasmtime;
use crate::outcome::{HostFailure, Outcome, SeenTrap};
use lockstep_oracles::module::FuncType;
use lockstep_oracles::trap::Trap;
use lockstep_oracles::{HeapType, RefType, ValType};

/// An engine's value type for one of Wasm 2.0.
pub(super) fn val_type(ty: ValType) -> wasmtime::ValType {
    match ty {
        ValType::I32 => wasmtime::ValType::I32,
        ValType::I64 => wasmtime::ValType::I64,
        ValType::F32 => wasmtime::ValType::F32,
        ValType::F64 => wasmtime::ValType::F64,
        ValType::V128 => wasmtime::ValType::V128,
        ValType::Ref(ty) => wasmtime::ValType::Ref(ref_type(ty)),
    }
}

/// An engine's reference type for one of Wasm 2.0.
pub(super) fn ref_type(ty: RefType) -> wasmtime::RefType {
    match ty.heap_type() {
        HeapType::EXTERN => wasmtime::RefType::EXTERNREF,
        _ => wasmtime::RefType::FUNCREF,
    }
}

/// An engine's function type.
pub(super) fn func_type(engine: &wasmtime::Engine, ty: &FuncType) -> wasmtime::FuncType {
    wasmtime::FuncType::new(
        engine,
        ty.params.iter().map(|&ty| val_type(ty)),
        ty.results.iter().map(|&ty| val_type(ty)),
    )
}

/// The engine's trap codes in neutral terms.
pub(super) fn seen_trap(trap: wasmtime::Trap) -> SeenTrap {
    use wasmtime::Trap as W;
    SeenTrap::Wasm(match trap {
        W::UnreachableCodeReached => Trap::Unreachable,
        W::IntegerDivisionByZero => Trap::IntegerDivideByZero,
        W::IntegerOverflow => Trap::IntegerOverflow,
        W::BadConversionToInteger => Trap::InvalidConversionToInteger,
        W::MemoryOutOfBounds => Trap::OutOfBoundsMemoryAccess,
        W::TableOutOfBounds => Trap::OutOfBoundsTableAccess,
        W::IndirectCallToNull => Trap::UninitializedElement,
        W::BadSignature => Trap::IndirectCallTypeMismatch,
        W::StackOverflow => return SeenTrap::StackOverflow,
        W::NullReference => return SeenTrap::Other("null reference"),
        W::Interrupt => return SeenTrap::Other("interrupt"),
        W::OutOfFuel => return SeenTrap::Other("out of fuel"),
        _ => return SeenTrap::Other("a trap outside Wasm 2.0"),
    })
}

/// An error of a call or an instantiation in neutral terms.
pub(super) fn outcome_of(error: &wasmtime::Error) -> Outcome {
    if let Some(trap) = error.downcast_ref::<wasmtime::Trap>() {
        return Outcome::Trapped(seen_trap(*trap));
    }
    if let Some(failure) = error.downcast_ref::<HostFailure>() {
        return Outcome::HostFailed(*failure);
    }
    Outcome::Failed(format!("{error:#}"))
}
