//! Modules of the official suites, mutated by `wasm-mutate`.
//!
//! The mutator's own random numbers are the same on every machine of 64 bits.

use super::weights::{below, between, chance};
use super::{FEATURES, fuel, hosted};
use arbitrary::{Error, Result, Unstructured};
use lockstep_oracles::module::{Export, ExternKind, Module};
use lockstep_oracles::{MemoryType, WasmFeatures};
use lockstep_spec_tests::script::{CommandKind, ModuleSource, Script};
use lockstep_spec_tests::suite::{ScriptFile, Suite};
use std::sync::{Arc, OnceLock};
use wasm_mutate::WasmMutate;

/// The suites, those of Wasm 2.0 first.
const SUITES: &[&str] = &[
    "wasm-v2",
    "simd",
    "wasm-v3",
    "threads",
    "wide-arithmetic",
    "custom-page-sizes",
];
/// Mutations of a module at most.
const MUTATIONS: u32 = 8;
/// What one mutation may cost, in the mutator's own measure.
const EFFORT: u64 = 300;
/// Bytes of a script at most: reading one takes time that no module is worth.
const SCRIPT: usize = 128 << 10;
/// Bytes of a module at most.
const MODULE: usize = 16 << 10;

/// Mutates a module.
///
/// # Errors
///
/// When the drawn script has no module to call.
pub(super) fn module(u: &mut Unstructured<'_>, features: WasmFeatures) -> Result<Vec<u8>> {
    let mut wasm = original(u, features)?.to_vec();
    let fuel = between(u, 64, 512)?;
    for _ in 0..between(u, 1, MUTATIONS)? {
        // Not every mutation is possible, and not every result is valid.
        if let Some(mutated) = mutate(&wasm, features, u.arbitrary()?, chance(u, 1, 2)?) {
            wasm = mutated;
        }
    }
    fuel::limit(&wasm, fuel).map_err(|_| Error::IncorrectFormat)
}

fn mutate(
    wasm: &[u8],
    features: WasmFeatures,
    seed: u32,
    preserve_semantics: bool,
) -> Option<Vec<u8>> {
    if !can_mutate(wasm, features) {
        return None;
    }
    let mut mutator = WasmMutate::default();
    mutator
        .seed(seed.into())
        .preserve_semantics(preserve_semantics)
        .fuel(EFFORT);
    let mutated = mutator.run(wasm).ok()?.next()?.ok()?;
    (mutated.len() <= MODULE && is_usable(&mutated, features)).then_some(mutated)
}

/// Whether the mutator knows what the module has; it panics on an export of a tag.
fn can_mutate(wasm: &[u8], features: WasmFeatures) -> bool {
    let tag = |export: &Export| export.kind == ExternKind::Tag;
    Module::new(wasm, features).is_ok_and(|module| !module.exports().iter().any(tag))
}

/// A module of the suites, from a drawn script on the first that has one.
fn original(u: &mut Unstructured<'_>, features: WasmFeatures) -> Result<Arc<[u8]>> {
    let shelves = shelves();
    // Those after Wasm 2.0 are behind: without proposals they are not looked at.
    let plain = shelves.iter().filter(|shelf| shelf.is_plain()).count();
    let count = match features == WasmFeatures::WASM2 {
        true => plain,
        false => shelves.len(),
    };
    let shelves = shelves.get(..count).unwrap_or_default();
    let first = below(u, shelves.len() as u32)? as usize;
    let turns = shelves.iter().cycle().skip(first).take(shelves.len());
    let mut modules = turns
        .map(|shelf| shelf.modules_for(features))
        .filter(|modules| !modules.is_empty());
    let modules = modules.next().ok_or(Error::EmptyChoose)?;
    let which = below(u, modules.len() as u32)? as usize;
    Ok(modules[which].clone())
}

/// A script and, once it has been read, its modules.
struct Shelf {
    file: ScriptFile,
    modules: OnceLock<Vec<Arc<[u8]>>>,
}

impl Shelf {
    fn modules(&self) -> &[Arc<[u8]>] {
        self.modules
            .get_or_init(|| self.file.parse().map_or_else(|_| Vec::new(), modules_of))
    }

    fn is_plain(&self) -> bool {
        WasmFeatures::WASM2.contains(self.file.features)
    }

    /// Those that are valid with these features.
    fn modules_for(&self, features: WasmFeatures) -> Vec<Arc<[u8]>> {
        let modules = self.modules().iter();
        let valid = modules.filter(|wasm| Module::new(wasm, features).is_ok());
        valid.cloned().collect()
    }
}

fn shelves() -> &'static [Shelf] {
    static SHELVES: OnceLock<Vec<Shelf>> = OnceLock::new();
    SHELVES.get_or_init(|| {
        let suites = SUITES.iter().filter_map(|name| Suite::by_name(name));
        let scripts = suites.flat_map(Suite::scripts);
        let small = scripts.filter(|file| file.text.len() <= SCRIPT);
        small
            .map(|file| Shelf {
                file,
                modules: OnceLock::new(),
            })
            .collect()
    })
}

/// The valid modules of a script that export a function, without duplicates.
fn modules_of(script: Script) -> Vec<Arc<[u8]>> {
    let mut modules: Vec<Arc<[u8]>> = Vec::new();
    for command in script.commands {
        let CommandKind::Module {
            module: ModuleSource::Binary(wasm),
            ..
        } = command.kind
        else {
            continue;
        };
        if wasm.len() <= MODULE && is_usable(&wasm, FEATURES) && !modules.contains(&wasm) {
            modules.push(wasm);
        }
    }
    modules
}

/// Whether the module is valid, has something to call, imports what a host can provide, and holds
/// nothing larger than a case can.
fn is_usable(wasm: &[u8], features: WasmFeatures) -> bool {
    const BYTES: u64 = 64 << 16;
    const ELEMENTS: u64 = 4096;
    let Ok(module) = Module::new(wasm, features) else {
        return false;
    };
    let calls = |export: &Export| export.kind == ExternKind::Func;
    let small = |ty: &MemoryType| {
        let page = ty.page_size_log2.unwrap_or(16);
        ty.initial <= BYTES >> page
    };
    module.exports().iter().any(calls)
        && hosted::can_provide(wasm)
        && module.memories().iter().all(small)
        && module.tables().iter().all(|ty| ty.initial <= ELEMENTS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::seed::bytes;

    #[test]
    fn the_suite_has_modules_to_mutate() {
        let count: usize = shelves().iter().map(|shelf| shelf.modules().len()).sum();
        assert!(count > 300, "{count}");
    }

    #[test]
    fn the_same_data_makes_the_same_module_and_most_differ_from_the_original() {
        for features in [WasmFeatures::WASM2, FEATURES] {
            let mut mutated = 0;
            for number in 0..100 {
                let bytes = bytes(3, number);
                let data = || Unstructured::new(&bytes);
                let module = module(&mut data(), features).unwrap();
                assert_eq!(module, super::module(&mut data(), features).unwrap());
                mutated += u32::from(*module != *original(&mut data(), features).unwrap());
            }
            assert!(mutated > 80, "{mutated}");
        }
    }
}
