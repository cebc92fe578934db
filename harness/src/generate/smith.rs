//! Modules made by `wasm-smith`: any shape of Wasm 2.0, under a configuration drawn for each.

use super::weights::{between, chance};
use super::{fuel, rewrite};
use arbitrary::{Error, Result, Unstructured};
use wasm_smith::{Config, InstructionKind, InstructionKinds, MemoryOffsetChoices};

/// Bytes of the largest memory: four pages.
const MEMORY_BYTES: u64 = 4 * 65536;
/// Elements of the largest table.
const TABLE_ELEMENTS: u64 = 64;

/// Makes a module.
///
/// # Errors
///
/// When the data does not make one.
pub(super) fn module(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let config = config(u)?;
    let fuel = between(u, 16, 128)?;
    let data = u.bytes(u.len())?;
    let make = |config| wasm_smith::Module::new(config, &mut Unstructured::new(data));
    // What is imported may leave no room for what is asked for at least.
    let module = make(config.clone()).or_else(|_| {
        make(Config {
            min_memories: 0,
            min_tables: 0,
            ..config
        })
    })?;
    let tidied = rewrite::tidy(&module.to_bytes());
    let limited = tidied.and_then(|bytes| fuel::limit(&bytes, fuel));
    limited.map_err(|_| Error::IncorrectFormat)
}

/// What may be in the module: each feature and each kind of instruction is left out at times, so
/// that the others come more often together.
fn config(u: &mut Unstructured<'_>) -> Result<Config> {
    let wide = chance(u, 1, 4)?;
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
        max_memories: 1,
        min_tables: u32::from(chance(u, 1, 2)?),
        max_tables: 3,
        max_memory32_bytes: MEMORY_BYTES,
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
        allow_floats: !chance(u, 1, 8)?,
        simd_enabled: !chance(u, 1, 3)?,
        bulk_memory_enabled: !chance(u, 1, 8)?,
        reference_types_enabled: !chance(u, 1, 8)?,
        multi_value_enabled: !chance(u, 1, 8)?,
        saturating_float_to_int_enabled: !chance(u, 1, 8)?,
        sign_extension_ops_enabled: !chance(u, 1, 8)?,
        min_uleb_size: if chance(u, 1, 16)? { 5 } else { 1 },
        ..wasm_2_0()
    };
    Ok(config)
}

/// Everything later than Wasm 2.0 switched off. NaNs are made canonical by the engine.
fn wasm_2_0() -> Config {
    Config {
        acquire_release_atomics_enabled: false,
        allow_invalid_funcs: false,
        canonicalize_nans: false,
        compact_imports_enabled: false,
        custom_descriptors_enabled: false,
        custom_page_sizes_enabled: false,
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        generate_custom_sections: false,
        max_tags: 0,
        memory64_enabled: false,
        multibyte_array_access_enabled: false,
        relaxed_simd_enabled: false,
        shared_everything_threads_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
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
    ];
    let mut kinds = ALWAYS.to_vec();
    for &kind in OFTEN {
        if !chance(u, 1, 4)? {
            kinds.push(kind);
        }
    }
    Ok(InstructionKinds::new(&kinds))
}
