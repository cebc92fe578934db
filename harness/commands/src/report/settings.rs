//! A configuration as statements of the engine's API.

use super::NoReproducer;
use super::recipe::ModuleText;
use lockstep_core::check::{FEATURES, UserModule};
use lockstep_core::configuration::{
    Allocation, Artifact, BoundsChecks, Collector, Configuration, Epochs, Inlining, Limiter,
    MemoryGrowth, MemoryGuard, MemoryInit, MemoryReservation, OptLevel, Regalloc, Signals,
    TableInit, Target, Yields,
};
use lockstep_core::version::Version;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::module::Module;

/// Features that not every version has on by itself, and the statement that switches each on.
const FEATURES_ASKED: &[(WasmFeatures, &str)] = &[
    (
        WasmFeatures::FUNCTION_REFERENCES,
        "config.wasm_function_references(true);",
    ),
    (WasmFeatures::GC, "config.wasm_gc(true);"),
    (WasmFeatures::EXCEPTIONS, "config.wasm_exceptions(true);"),
    (WasmFeatures::THREADS, "config.shared_memory(true);"),
    (
        WasmFeatures::WIDE_ARITHMETIC,
        "config.wasm_wide_arithmetic(true);",
    ),
    (
        WasmFeatures::CUSTOM_PAGE_SIZES,
        "config.wasm_custom_page_sizes(true);",
    ),
];

/// The configuration's axes, and what the modules need.
pub(super) fn of(
    configuration: &Configuration,
    texts: &[ModuleText],
    version: Version,
) -> Result<Vec<String>, NoReproducer> {
    let mut all = Vec::new();
    let mut set = |statement: &str| all.push(statement.to_owned());
    let bytes: Vec<Vec<u8>> = texts
        .iter()
        .filter_map(|text| {
            let made = UserModule::new(String::new(), text.text.clone().into_bytes());
            made.ok().map(|made| made.bytes.to_vec())
        })
        .collect();
    for (feature, statement) in FEATURES_ASKED {
        // Garbage collection stands on function references.
        let without = match *feature {
            WasmFeatures::FUNCTION_REFERENCES => FEATURES.difference(*feature | WasmFeatures::GC),
            feature => FEATURES.difference(feature),
        };
        if bytes.iter().any(|wasm| Module::new(wasm, without).is_err()) {
            set(statement);
        }
    }
    if texts.iter().any(|text| text.text.contains("relaxed_")) {
        set("config.relaxed_simd_deterministic(true);");
    }
    match configuration.target {
        Target::Native => {}
        Target::Pulley64 => set("config.target(\"pulley64\")?;"),
    }
    match configuration.opt_level {
        OptLevel::Speed => {}
        OptLevel::None => set("config.cranelift_opt_level(OptLevel::None);"),
        OptLevel::SpeedAndSize => set("config.cranelift_opt_level(OptLevel::SpeedAndSize);"),
    }
    if configuration.regalloc == Regalloc::SinglePass {
        set("config.cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);");
    }
    match (configuration.inlining, version.release()) {
        (Inlining::Off, _) => {}
        (Inlining::On, 45..) => set("config.compiler_inlining(Inlining::Yes);"),
        (Inlining::On, _) => {
            set("config.compiler_inlining(true);");
            set("// Without it nothing is inlined inside a module.");
            set(
                "unsafe { config.cranelift_flag_set(\"wasmtime_inlining_intra_module\", \"yes\") };",
            );
        }
    }
    match configuration.memory_reservation {
        MemoryReservation::Default => {}
        MemoryReservation::Zero => set("config.memory_reservation(0);"),
        MemoryReservation::Mib => set("config.memory_reservation(1 << 20);"),
    }
    match configuration.memory_guard {
        MemoryGuard::Default => {}
        MemoryGuard::Zero => set("config.memory_guard_size(0);"),
        MemoryGuard::Kib64 => set("config.memory_guard_size(64 << 10);"),
    }
    if configuration.memory_growth == MemoryGrowth::Zero {
        set("config.memory_reservation_for_growth(0);");
    }
    if configuration.memory_init == MemoryInit::Copy {
        set("config.memory_init_cow(false);");
    }
    if configuration.table_init == TableInit::Eager {
        set("config.table_lazy_init(false);");
    }
    if configuration.fuel.units().is_some() {
        set("config.consume_fuel(true);");
    }
    if configuration.epochs != Epochs::Off {
        set("config.epoch_interruption(true);");
    }
    match configuration.collector {
        Collector::Drc => {}
        Collector::Null => set("config.collector(Collector::Null);"),
        Collector::Copying => set("config.collector(Collector::Copying);"),
    }
    let special = configuration.allocation == Allocation::Pooling
        || configuration.bounds_checks == BoundsChecks::Spectre
        || configuration.signals == Signals::Everywhere
        || configuration.yields == Yields::On
        || configuration.limiter == Limiter::Fails
        || configuration.artifact != Artifact::Compiled;
    match special {
        true => Err(NoReproducer::Configuration),
        false => Ok(all),
    }
}

/// Statements about `store`.
pub(super) fn of_store(configuration: &Configuration) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(units) = configuration.fuel.units() {
        all.push(format!("store.set_fuel({units})?;"));
    }
    if configuration.epochs != Epochs::Off {
        all.push("store.set_epoch_deadline(1);".to_owned());
    }
    match configuration.epochs {
        Epochs::Off => {}
        Epochs::Yield => all.push("store.epoch_deadline_async_yield_and_update(1);".to_owned()),
        Epochs::Extend => all.push(callback("Ok(Continue(1))")),
        Epochs::Fail => all.push(callback(
            "match deadlines % 4 { 0 => Err(wasmtime::Error::msg(\"the callback fails\")), _ => Ok(Continue(1)) }",
        )),
        Epochs::Trap => all.push(callback(
            "match deadlines % 4 { 0 => Ok(Interrupt), _ => Ok(Continue(1)) }",
        )),
    }
    if let Some(bytes) = configuration.gc_heap.bytes() {
        let limits = format!("StoreLimitsBuilder::new().memory_size({bytes}).build()");
        all.push(format!("store.data_mut().limits = {limits};"));
        all.push("store.limiter(|seen| &mut seen.limits);".to_owned());
    }
    all
}

/// The callback for the epoch's deadline: what it answers, by the number of the deadline.
fn callback(answer: &str) -> String {
    format!(
        "let mut deadlines = 0;\n    \
         store.epoch_deadline_callback(move |_| {{\n        \
         use wasmtime::UpdateDeadline::*;\n        \
         deadlines += 1;\n        \
         {answer}\n    \
         }});"
    )
}
