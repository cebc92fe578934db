//! Modules of the official suite, mutated by `wasm-mutate`.
//!
//! The mutator's own random numbers are the same on every machine of 64 bits.

use super::fuel;
use super::weights::{below, between, chance};
use crate::check;
use arbitrary::{Error, Result, Unstructured};
use lockstep_oracles::module::{ExternKind, Module};
use lockstep_spec_tests::script::{CommandKind, ModuleSource, Script};
use lockstep_spec_tests::suite::{ScriptFile, Selection};
use std::sync::{Arc, OnceLock};
use wasm_mutate::WasmMutate;

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
pub(super) fn module(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut wasm = original(u)?.to_vec();
    let fuel = between(u, 64, 512)?;
    for _ in 0..between(u, 1, MUTATIONS)? {
        // Not every mutation is possible, and not every result is valid.
        if let Some(mutated) = mutate(&wasm, u.arbitrary()?, chance(u, 1, 2)?) {
            wasm = mutated;
        }
    }
    fuel::limit(&wasm, fuel).map_err(|_| Error::IncorrectFormat)
}

fn mutate(wasm: &[u8], seed: u32, preserve_semantics: bool) -> Option<Vec<u8>> {
    let mut mutator = WasmMutate::default();
    mutator
        .seed(seed.into())
        .preserve_semantics(preserve_semantics)
        .fuel(EFFORT);
    let mutated = mutator.run(wasm).ok()?.next()?.ok()?;
    let module = Module::new(&mutated, check::FEATURES).ok()?;
    (mutated.len() <= MODULE && is_callable(&module)).then_some(mutated)
}

/// A module of the suite, from a drawn script on the first that has one.
fn original(u: &mut Unstructured<'_>) -> Result<Arc<[u8]>> {
    let shelves = shelves();
    let first = below(u, shelves.len() as u32)? as usize;
    let turns = shelves.iter().cycle().skip(first).take(shelves.len());
    let mut modules = turns
        .map(Shelf::modules)
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
}

fn shelves() -> &'static [Shelf] {
    static SHELVES: OnceLock<Vec<Shelf>> = OnceLock::new();
    SHELVES.get_or_init(|| {
        let scripts = Selection::Wasm2.scripts();
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
        let valid = Module::new(&wasm, check::FEATURES);
        if wasm.len() <= MODULE
            && valid.is_ok_and(|module| is_callable(&module))
            && !modules.contains(&wasm)
        {
            modules.push(wasm);
        }
    }
    modules
}

/// Whether there is something to call, and nothing larger than a case can hold.
fn is_callable(module: &Module) -> bool {
    const PAGES: u64 = 64;
    const ELEMENTS: u64 = 4096;
    module
        .exports()
        .iter()
        .any(|export| export.kind == ExternKind::Func)
        && module.memories().iter().all(|ty| ty.initial <= PAGES)
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
        let mut mutated = 0;
        for number in 0..100 {
            let bytes = bytes(3, number);
            let data = || Unstructured::new(&bytes);
            let module = module(&mut data()).unwrap();
            assert_eq!(module, super::module(&mut data()).unwrap());
            mutated += u32::from(*module != *original(&mut data()).unwrap());
        }
        assert!(mutated > 80, "{mutated}");
    }
}
