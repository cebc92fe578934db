//! Modules made by `wasm-smith`: any shape of the proposals that a case may use, under a
//! configuration drawn for each.

use super::weights::{between, chance};
use super::{fuel, hosted, rewrite};
use arbitrary::{Error, Result, Unstructured};
use lockstep_oracles::WasmFeatures;
use wasm_smith::{Config, InstructionKind, InstructionKinds, MemoryOffsetChoices};
use wasmparser::{Parser, Payload};

/// Bytes of the largest memory: four pages.
const MEMORY_BYTES: u64 = 4 * 65536;
/// Elements of the largest table.
const TABLE_ELEMENTS: u64 = 64;

/// Makes a module.
///
/// # Errors
///
/// When the data does not make one.
pub(super) fn module(u: &mut Unstructured<'_>, features: WasmFeatures) -> Result<Vec<u8>> {
    let config = config(u, features)?;
    let fuel = between(u, 16, 128)?;
    let data = u.bytes(u.len())?;
    let make = |config| wasm_smith::Module::new(config, &mut Unstructured::new(data));
    // What is imported may leave no room for what is asked for at least.
    let made = make(config.clone()).or_else(|_| {
        make(Config {
            min_memories: 0,
            min_tables: 0,
            ..config.clone()
        })
    })?;
    let mut module = made.to_bytes();
    // What cannot be provided is not asked for; without structures there are types of functions.
    for gc_enabled in [config.gc_enabled, false] {
        if hosted::can_provide(&module) && has_functions(&module) {
            break;
        }
        let alone = make(Config {
            max_imports: 0,
            gc_enabled,
            ..config.clone()
        })?;
        module = alone.to_bytes();
    }
    let tidied = rewrite::tidy(&module);
    let limited = tidied.and_then(|bytes| fuel::limit(&bytes, fuel));
    limited.map_err(|_| Error::IncorrectFormat)
}

fn has_functions(wasm: &[u8]) -> bool {
    let mut sections = Parser::new(0).parse_all(wasm);
    sections.any(|section| matches!(section, Ok(Payload::FunctionSection(_))))
}

/// What may be in the module: each feature and each kind of instruction is left out at times, so
/// that the others come more often together.
fn config(u: &mut Unstructured<'_>, features: WasmFeatures) -> Result<Config> {
    let wide = chance(u, 1, 4)?;
    let has = |feature| features.contains(feature);
    let config = Config {
        min_types: 3,
        max_types: 12,
        min_imports: 0,
        max_imports: between(u, 0, 6)? as usize,
        min_funcs: between(u, 1, 4)? as usize,
        max_funcs: if wide { 24 } else { 8 },
        min_globals: 1,
        max_globals: 8,
        min_memories: u32::from(!chance(u, 1, 8)?),
        max_memories: if has(WasmFeatures::MULTI_MEMORY) {
            3
        } else {
            1
        },
        min_tables: u32::from(chance(u, 1, 2)?),
        max_tables: 3,
        max_memory32_bytes: MEMORY_BYTES,
        max_memory64_bytes: MEMORY_BYTES.into(),
        // One that grows without bounds is compared as a whole, again and again.
        memory_max_size_required: !chance(u, 1, 16)?,
        table_max_size_required: !chance(u, 1, 16)?,
        max_table_elements: TABLE_ELEMENTS,
        max_element_segments: 4,
        max_elements: 16,
        max_data_segments: 4,
        max_instructions: if wide { 400 } else { 120 },
        // Everything is exported afterwards, under short names.
        max_exports: 0,
        export_everything: false,
        allow_start_export: chance(u, 1, 8)?,
        disallow_traps: chance(u, 3, 4)?,
        memory_offset_choices: MemoryOffsetChoices(90, 9, 1),
        allowed_instructions: instructions(u)?,
        allow_floats: has(WasmFeatures::FLOATS) && !chance(u, 1, 8)?,
        simd_enabled: has(WasmFeatures::RELAXED_SIMD)
            || has(WasmFeatures::SIMD) && !chance(u, 1, 3)?,
        bulk_memory_enabled: !chance(u, 1, 8)?,
        reference_types_enabled: has(WasmFeatures::GC) || !chance(u, 1, 8)?,
        multi_value_enabled: !chance(u, 1, 8)?,
        saturating_float_to_int_enabled: !chance(u, 1, 8)?,
        sign_extension_ops_enabled: !chance(u, 1, 8)?,
        min_uleb_size: if chance(u, 1, 16)? { 5 } else { 1 },
        custom_page_sizes_enabled: has(WasmFeatures::CUSTOM_PAGE_SIZES),
        exceptions_enabled: has(WasmFeatures::EXCEPTIONS),
        extended_const_enabled: has(WasmFeatures::EXTENDED_CONST),
        // Typed function references without the rest is nothing that can be asked for.
        gc_enabled: has(WasmFeatures::GC),
        limit_arrays_in_const_exprs: true,
        max_tags: if has(WasmFeatures::EXCEPTIONS) { 4 } else { 0 },
        memory64_enabled: has(WasmFeatures::MEMORY64),
        relaxed_simd_enabled: has(WasmFeatures::RELAXED_SIMD),
        tail_call_enabled: has(WasmFeatures::TAIL_CALL),
        threads_enabled: has(WasmFeatures::THREADS),
        wide_arithmetic_enabled: has(WasmFeatures::WIDE_ARITHMETIC),
        ..without_proposals()
    };
    Ok(config)
}

/// What the oracle does not implement switched off. NaNs are made canonical by the engine.
fn without_proposals() -> Config {
    Config {
        acquire_release_atomics_enabled: false,
        allow_invalid_funcs: false,
        canonicalize_nans: false,
        compact_imports_enabled: false,
        custom_descriptors_enabled: false,
        generate_custom_sections: false,
        multibyte_array_access_enabled: false,
        shared_everything_threads_enabled: false,
        ..Config::default()
    }
}

fn instructions(u: &mut Unstructured<'_>) -> Result<InstructionKinds> {
    const ALWAYS: &[InstructionKind] = &[
        InstructionKind::NumericInt,
        InstructionKind::Variable,
        InstructionKind::Control,
    ];
    const OFTEN: &[InstructionKind] = &[
        InstructionKind::Numeric,
        InstructionKind::Vector,
        InstructionKind::Reference,
        InstructionKind::Parametric,
        InstructionKind::Table,
        InstructionKind::Memory,
        InstructionKind::Aggregate,
    ];
    let mut kinds = ALWAYS.to_vec();
    for &kind in OFTEN {
        if !chance(u, 1, 4)? {
            kinds.push(kind);
        }
    }
    Ok(InstructionKinds::new(&kinds))
}
