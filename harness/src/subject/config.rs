//! The engine's settings for either execution.

use crate::divergence::Execution;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::limits::Limits;
use wasmtime::{Config, Engine};

/// Bytes of stack that Wasm may use; the engine's own default, named because limits follow from it.
pub const WASM_STACK: usize = 512 * 1024;
/// Bytes of the stack on which Wasm, the handler and host functions run.
const FIBRE_STACK: usize = 4 * 1024 * 1024;
/// The smallest frame on the subject's stack: a return address and a frame pointer.
const SMALLEST_FRAME: usize = 16;

/// The oracle's limits: more depth than any subject can reach, and the subject's own memory and
/// table limits.
pub fn limits() -> Limits {
    Limits {
        call_depth: (WASM_STACK / SMALLEST_FRAME) as u32 * 2,
        memory_bytes: MEMORY_LIMIT as u64,
        table_elements: TABLE_LIMIT as u64,
        stack_cells: STACK_CELLS,
    }
}

/// Cells of the oracle's stack, 256 MiB. A program that needs more is inconclusive.
const STACK_CELLS: u32 = 1 << 24;
/// Bytes one memory may have, in the oracle and in the subject.
pub const MEMORY_LIMIT: usize = 256 << 20;
/// Elements one table may have, in the oracle and in the subject.
pub const TABLE_LIMIT: usize = 1 << 20;

/// An engine for one execution, accepting exactly `features`.
///
/// # Errors
///
/// When the engine refuses the configuration.
pub fn engine(execution: Execution, features: WasmFeatures) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    let has = |feature| features.contains(feature);
    config
        .guest_debug(execution == Execution::Instrumented)
        // `guest_debug` forces them off; the uninstrumented execution is compared like with like.
        .signals_based_traps(false)
        .cranelift_nan_canonicalization(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(FIBRE_STACK)
        .wasm_backtrace(false)
        .wasm_multi_value(has(WasmFeatures::MULTI_VALUE))
        .wasm_bulk_memory(has(WasmFeatures::BULK_MEMORY))
        .wasm_reference_types(has(WasmFeatures::REFERENCE_TYPES))
        .wasm_simd(has(WasmFeatures::SIMD))
        .wasm_relaxed_simd(has(WasmFeatures::RELAXED_SIMD))
        .wasm_tail_call(has(WasmFeatures::TAIL_CALL))
        .wasm_multi_memory(has(WasmFeatures::MULTI_MEMORY))
        .wasm_memory64(has(WasmFeatures::MEMORY64))
        .wasm_extended_const(has(WasmFeatures::EXTENDED_CONST))
        .wasm_function_references(has(WasmFeatures::FUNCTION_REFERENCES))
        .wasm_gc(has(WasmFeatures::GC))
        .wasm_exceptions(has(WasmFeatures::EXCEPTIONS))
        .wasm_wide_arithmetic(has(WasmFeatures::WIDE_ARITHMETIC))
        .wasm_custom_page_sizes(has(WasmFeatures::CUSTOM_PAGE_SIZES));
    Engine::new(&config)
}
