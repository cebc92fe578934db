//! Values and types, to and from the engine's.

use lockstep_core::machine;
use lockstep_core::outcome::{HostFailure, Outcome, SeenTrap};
use lockstep_oracles::module::FuncType;
use lockstep_oracles::trap::Trap;
use lockstep_oracles::{AbstractHeapType, HeapType, RefType, ValType};
use wasmtime::{AsContextMut, ExnRef, Rooted};

/// An engine's value type. A reference to a type of a module's is one to anything of its hierarchy:
/// what needs to be exact takes the engine's own type of an import.
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

/// An engine's reference type, likewise.
pub(super) fn ref_type(ty: RefType) -> wasmtime::RefType {
    use AbstractHeapType as A;
    use wasmtime::HeapType as W;
    let heap = match ty.heap_type() {
        HeapType::Abstract { ty, .. } => match ty {
            A::Func | A::Cont | A::NoCont => W::Func,
            A::Extern => W::Extern,
            A::Any => W::Any,
            A::None => W::None,
            A::NoExtern => W::NoExtern,
            A::NoFunc => W::NoFunc,
            A::Eq => W::Eq,
            A::Struct => W::Struct,
            A::Array => W::Array,
            A::I31 => W::I31,
            A::Exn => W::Exn,
            A::NoExn => W::NoExn,
        },
        HeapType::Concrete(_) | HeapType::Exact(_) => W::Func,
    };
    wasmtime::RefType::new(ty.is_nullable(), heap)
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
        W::NullReference => Trap::NullReference,
        W::CastFailure => Trap::CastFailure,
        W::ArrayOutOfBounds => Trap::OutOfBoundsArrayAccess,
        W::HeapMisaligned => Trap::UnalignedAtomic,
        W::AtomicWaitNonSharedMemory => Trap::ExpectedSharedMemory,
        W::AllocationTooLarge => return SeenTrap::OutOfMemory,
        W::Interrupt => return SeenTrap::Interrupt,
        W::OutOfFuel => return SeenTrap::OutOfFuel,
        _ => return SeenTrap::Other("a trap that Wasm does not have"),
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
    if error.is::<wasmtime::ThrownException>() {
        return Outcome::HostFailed(HostFailure::TakenException);
    }
    if is_out_of_memory(error) {
        return Outcome::Trapped(SeenTrap::OutOfMemory);
    }
    Outcome::Failed(failed(error))
}

/// The exception that a call ended with, taken. What is pending beside another error was left there by a call that
/// was dropped at the event of an exception.
pub(super) fn take_thrown(
    mut store: impl AsContextMut,
    error: &wasmtime::Error,
) -> Option<Rooted<ExnRef>> {
    let thrown = error.is::<wasmtime::ThrownException>();
    thrown.then(|| store.as_context_mut().take_pending_exception())?
}

/// An error's text without its backtrace, noted where the system refused memory or address space.
pub(super) fn failed(error: &wasmtime::Error) -> String {
    let causes = error.chain().map(ToString::to_string);
    let causes: Vec<String> = causes.filter(|cause| !is_backtrace(cause)).collect();
    let text = causes.join(": ");
    if error.chain().any(machine::is_refusal) {
        machine::refused(text.clone());
    }
    text
}

/// Whether this is the text of a `WasmBacktrace`: one in a chain cannot be told by its type.
fn is_backtrace(cause: &str) -> bool {
    cause.starts_with("error while executing at wasm backtrace:")
}

/// Whether the engine's heap could not hold an object.
pub(super) fn is_out_of_memory(error: &wasmtime::Error) -> bool {
    error.is::<wasmtime::GcHeapOutOfMemory<()>>() || error.is::<wasmtime::GcHeapOutOfMemory<u32>>()
}
