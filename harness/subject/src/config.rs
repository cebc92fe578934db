//! The engine's settings for either execution: each axis of a configuration in the engine's words.

use super::dialect;
use lockstep_core::configuration::{
    Allocation, Backtrace, BoundsChecks, Collector, Configuration, Epochs, Fuel, Inlining,
    MemoryGrowth, MemoryGuard, MemoryInit, MemoryReservation, Nans, OptLevel, Regalloc, Signals,
    TableInit, Target,
};
use lockstep_core::divergence::Execution;
use lockstep_core::subject::limits::{MEMORY_LIMIT, TABLE_LIMIT, WASM_STACK};
use lockstep_oracles::WasmFeatures;
use wasmtime::{Config, Engine, PoolingAllocationConfig};

/// Bytes of the stack on which Wasm, the handler and host functions run.
const FIBRE_STACK: usize = 4 * 1024 * 1024;
/// Instances, memories, tables, stacks and heaps that a pool holds: more than a case makes.
const POOL: u32 = 200;
/// Memories that one module may define in a pool.
const POOL_MEMORIES: u32 = 16;
/// Tables that one module may define in a pool.
const POOL_TABLES: u32 = 16;
/// Bytes that one instance's own record may have in a pool.
const POOL_INSTANCE: usize = 1 << 20;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// An engine for one execution, accepting exactly `features`.
///
/// # Errors
///
/// When the engine refuses the configuration.
pub fn engine(
    execution: Execution,
    features: WasmFeatures,
    configuration: &Configuration,
) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config
        .guest_debug(execution == Execution::Instrumented)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(FIBRE_STACK);
    if configuration.backtrace == Backtrace::Off {
        dialect::take_no_backtrace(&mut config);
    }
    accept(&mut config, features);
    set_compiler(&mut config, configuration)?;
    set_memory(&mut config, configuration);
    set_runtime(&mut config, execution, configuration)?;
    Engine::new(&config)
}

fn accept(config: &mut Config, features: WasmFeatures) {
    let has = |feature| features.contains(feature);
    config
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
        .wasm_threads(has(WasmFeatures::THREADS))
        .wasm_wide_arithmetic(has(WasmFeatures::WIDE_ARITHMETIC))
        .wasm_custom_page_sizes(has(WasmFeatures::CUSTOM_PAGE_SIZES))
        // Without it a module with a shared memory compiles, and cannot be instantiated.
        .shared_memory(has(WasmFeatures::THREADS))
        // The oracle knows only this profile.
        .relaxed_simd_deterministic(true);
}

fn set_compiler(config: &mut Config, configuration: &Configuration) -> wasmtime::Result<()> {
    if configuration.target == Target::Pulley64 {
        config.target("pulley64")?;
    }
    config
        .cranelift_opt_level(match configuration.opt_level {
            OptLevel::Speed => wasmtime::OptLevel::Speed,
            OptLevel::None => wasmtime::OptLevel::None,
            OptLevel::SpeedAndSize => wasmtime::OptLevel::SpeedAndSize,
        })
        .cranelift_regalloc_algorithm(match configuration.regalloc {
            Regalloc::Backtracking => wasmtime::RegallocAlgorithm::Backtracking,
            Regalloc::SinglePass => wasmtime::RegallocAlgorithm::SinglePass,
        })
        .cranelift_nan_canonicalization(configuration.nans == Nans::Canonical);
    dialect::set_inlining(config, configuration.inlining == Inlining::On);
    if configuration.bounds_checks == BoundsChecks::Spectre {
        set_flag(config, "enable_heap_access_spectre_mitigation", "true");
    }
    Ok(())
}

/// Sets a flag of the compiler.
#[allow(unsafe_code)]
pub(super) fn set_flag(config: &mut Config, flag: &str, value: &str) {
    // SAFETY: the flags set here choose between correct ways to compile. None changes the target's
    // instruction set, which is what the function is unsafe for.
    unsafe {
        config.cranelift_flag_set(flag, value);
    }
}

fn set_memory(config: &mut Config, configuration: &Configuration) {
    match configuration.memory_reservation {
        MemoryReservation::Default => {}
        MemoryReservation::Zero => {
            config.memory_reservation(0);
        }
        MemoryReservation::Mib => {
            config.memory_reservation(MIB);
        }
    }
    match configuration.memory_guard {
        MemoryGuard::Default => {}
        MemoryGuard::Zero => {
            config.memory_guard_size(0);
        }
        MemoryGuard::Kib64 => {
            config.memory_guard_size(64 * KIB);
        }
    }
    if configuration.memory_growth == MemoryGrowth::Zero {
        config.memory_reservation_for_growth(0);
    }
    config.table_lazy_init(configuration.table_init == TableInit::Lazy);
    config.memory_init_cow(configuration.memory_init == MemoryInit::CopyOnWrite);
}

fn set_runtime(
    config: &mut Config,
    execution: Execution,
    configuration: &Configuration,
) -> wasmtime::Result<()> {
    match (configuration.signals, execution) {
        (Signals::Everywhere, _) | (Signals::Uninstrumented, Execution::Uninstrumented) => {
            config.signals_based_traps(true);
        }
        // `guest_debug` forces them off; the uninstrumented execution is compared like with like.
        _ => {
            config.signals_based_traps(false);
        }
    }
    if configuration.allocation == Allocation::Pooling {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(POOL)
            .total_memories(POOL)
            .total_tables(POOL * 2)
            .total_stacks(POOL)
            .total_gc_heaps(POOL)
            .max_core_instance_size(POOL_INSTANCE)
            .max_memory_size(MEMORY_LIMIT)
            .max_tables_per_module(POOL_TABLES)
            .max_memories_per_module(POOL_MEMORIES)
            .table_elements(TABLE_LIMIT);
        config.allocation_strategy(pool);
    }
    config
        .consume_fuel(configuration.fuel != Fuel::Off)
        .epoch_interruption(configuration.epochs != Epochs::Off)
        .collector(match configuration.collector {
            Collector::Drc => wasmtime::Collector::DeferredReferenceCounting,
            Collector::Null => wasmtime::Collector::Null,
            Collector::Copying => dialect::copying_collector()?,
        });
    Ok(())
}
