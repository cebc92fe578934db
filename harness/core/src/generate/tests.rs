//! Whole cases: that there always is one, that it is valid, and that it does something.

use super::matrix::trial;
use super::*;
use crate::case::{StepAction, Stub};
use crate::causes::pulley_registers;
use crate::configuration::Target;
use lockstep_oracles::opcode::Opcode;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of the case of a number, as a generator gets them.
fn data(number: u64) -> Vec<u8> {
    seed::bytes(0x5eed, number)
}

/// The modules of a case, but for components.
fn core_modules(case: &Case) -> impl Iterator<Item = &CaseModule> {
    case.modules.iter().filter(|module| !module.is_component())
}

#[test]
fn the_module_of_last_resort_is_valid() {
    assert!(Module::new(PLAIN, FEATURES).is_ok());
}

/// Given a module of two instances, of which the second imports from the first, no provider has the first's name.
#[test]
fn a_provider_has_a_name_of_its_own() {
    let import = |name: &str| format!("(import {name:?} \"f\" (func))");
    let provider = |names: &[&str]| {
        let imports: String = names.iter().map(|name| import(name)).collect();
        let wasm = wat::parse_str(format!("(module {imports})")).unwrap();
        let module = Module::new(&wasm, FEATURES).unwrap();
        linked(&module, Sight::Global).map(|(name, ..)| name)
    };
    for taken in [FIRST, MAIN, link::SEEN_IN, AGAIN[0], AGAIN[1]] {
        assert_eq!(provider(&[taken]), None);
        assert_eq!(provider(&[taken, "env"]).as_deref(), Some("env"));
    }
}

#[test]
fn each_generator_makes_valid_modules_but_for_two_in_a_hundred() {
    const DRAWS: u64 = 300;
    for row in GENERATORS {
        let refused = (0..DRAWS).filter(|&number| {
            let features =
                features::draw(&mut Unstructured::new(&data(number)), Proposals::All).unwrap();
            let made = (row.what)(&mut Unstructured::new(&data(number)), features);
            made.is_ok_and(|wasm| {
                Module::new(&wasm, features).is_ok_and(|module| can_run(&wasm, &module))
            })
        });
        let refused = DRAWS - refused.count() as u64;
        println!("{:<8} {refused} of {DRAWS} refused", row.name);
        assert!(refused * 50 < DRAWS, "{}: {refused}", row.name);
    }
}

#[test]
fn a_third_of_the_cases_on_pulley_has_neither_floats_nor_vectors() {
    let cases = (0..600).map(|number| with_proposals(0x5eed, number, Proposals::All));
    let cases: Vec<Case> = cases
        .filter(|case| case.configuration.target == Target::Pulley64)
        .collect();
    let without = cases.iter().filter(|case| {
        case.modules.iter().all(|module| {
            let module = Module::new(&module.wasm, FEATURES).unwrap();
            !module.functions().iter().any(pulley_registers::has_changed)
        })
    });
    let without = without.count();
    println!("{without} of {}", cases.len());
    assert!(without * 4 > cases.len(), "{without} of {}", cases.len());
}

#[test]
fn no_module_has_what_its_configuration_lacks() {
    let mut lacking = 0;
    for number in 0..600 {
        let case = with_proposals(0x5eed, number, Proposals::All);
        let lacks = configuration::lacking(&case.configuration);
        lacking += usize::from(!lacks.is_empty());
        for module in core_modules(&case) {
            let module = Module::new(&module.wasm, FEATURES.difference(lacks));
            assert!(module.is_ok(), "case {number}");
        }
    }
    assert!(lacking > 100, "{lacking}");
}

#[test]
fn every_generator_step_and_behaviour_occurs_and_every_case_is_valid() {
    let mut seen = BTreeSet::new();
    for number in 0..500 {
        let case = with_proposals(0x5eed, number, Proposals::All);
        for module in core_modules(&case) {
            Module::new(&module.wasm, FEATURES).unwrap();
        }
        seen.insert(generator_of(&case.name).unwrap().to_owned());
        seen.insert(format!("{} modules", case.modules.len()));
        seen.insert(format!("frames {:?}", case.frames));
        for step in &case.steps {
            seen.insert(match step.action {
                StepAction::Call { .. } => "call".to_owned(),
                StepAction::Write { .. } => "write".to_owned(),
                StepAction::Set { .. } => "set".to_owned(),
                StepAction::Invoke { .. } => "invoke".to_owned(),
            });
            seen.extend(step.module.map(|_| "step of another module".to_owned()));
        }
        let host = &case.host;
        for stub in host.functions.values() {
            seen.insert(match stub {
                Stub::Seeded => "seeded".to_owned(),
                Stub::Constant(_) => "constant".to_owned(),
                Stub::Fail => "fail".to_owned(),
                Stub::Trap => "trap".to_owned(),
                Stub::WrappedTrap => "wrapped trap".to_owned(),
                Stub::Call(_) => "call back".to_owned(),
                Stub::Relay(_) => "pass errors on".to_owned(),
                Stub::Through(_) => "call through".to_owned(),
                Stub::Throw(_) => "throw".to_owned(),
                Stub::Calls(_) => "call by call".to_owned(),
            });
        }
        let main = core_modules(&case).last();
        let main = main.map(|main| Module::new(&main.wasm, FEATURES).unwrap());
        for import in main.iter().flat_map(|main| main.imports()) {
            seen.extend(matches!(import.ty, ExternType::Tag(_)).then(|| "imported tag".to_owned()));
        }
        seen.extend(host.memories.keys().map(|_| "imported memory".to_owned()));
        seen.extend(host.tables.keys().map(|_| "imported table".to_owned()));
        seen.extend(host.globals.keys().map(|_| "imported global".to_owned()));
    }
    let seen: Vec<String> = seen.into_iter().collect();
    insta::assert_snapshot!(seen.join("\n"), @r"
    1 modules
    2 modules
    3 modules
    4 modules
    5 modules
    6 modules
    7 modules
    8 modules
    call
    call back
    component
    constant
    ends
    exhaust
    fail
    frames All
    frames Sampled
    imported global
    imported memory
    imported table
    imported tag
    invoke
    keep
    matrix
    mutate
    pass errors on
    set
    shape
    smith
    step of another module
    throw
    trap
    wrapped trap
    write
    ");
}

/// Proposals without which a module is not valid.
fn needed(wasm: &[u8]) -> Vec<String> {
    let proposals = features::PROPOSALS.iter();
    let needs = proposals.filter(|&&proposal| {
        // Typed function references are there with GC, too.
        let without = match proposal {
            WasmFeatures::FUNCTION_REFERENCES => proposal | WasmFeatures::GC,
            _ => proposal & !WasmFeatures::FUNCTION_REFERENCES,
        };
        Module::new(wasm, FEATURES & !without).is_err()
    });
    let names = needs.map(|proposal| {
        let names: Vec<_> = proposal.iter_names().map(|(name, _)| name).collect();
        names.join(" and ")
    });
    names.collect()
}

#[test]
fn every_proposal_is_used_by_a_tenth_of_the_cases_and_many_use_none() {
    const CASES: u64 = 400;
    let mut counts = BTreeMap::<String, u64>::new();
    for number in 0..CASES {
        let case = with_proposals(0x5eed, number, Proposals::All);
        if case.is_of_components() {
            continue;
        }
        let needed = needed(case.main_module());
        if needed.is_empty() {
            *counts.entry("none".to_owned()).or_default() += 1;
        }
        needed
            .into_iter()
            .for_each(|name| *counts.entry(name).or_default() += 1);
    }
    println!("{counts:#?} of {CASES}");
    assert_eq!(counts.len(), features::PROPOSALS.len() + 1);
    for (name, count) in counts {
        assert!(count * 10 > CASES, "{name}: {count} of {CASES}");
    }
}

/// The modules of each generator for a few hundred numbers, run by the oracle alone: each ends, and
/// together they execute every opcode that the oracle implements.
#[test]
fn every_module_ends_and_every_opcode_is_executed() {
    let mut covered = [BTreeSet::new(), BTreeSet::new()];
    for row in GENERATORS.iter().filter(|row| row.name != EXHAUST) {
        let mut own = [BTreeSet::new(), BTreeSet::new()];
        for number in 0..400 {
            let data = data(number);
            let features = trial::features(number);
            let Ok(wasm) = (row.what)(&mut Unstructured::new(&data), features) else {
                continue;
            };
            if Module::new(&wasm, features).is_ok_and(|module| can_run(&wasm, &module)) {
                let trial = trial::run(&wasm, features);
                own[0].extend(trial.present);
                own[1].extend(trial.executed);
            }
        }
        let [emitted, executed] = own.each_ref().map(BTreeSet::len);
        println!(
            "{:<8} {emitted} opcodes emitted, {executed} executed",
            row.name
        );
        covered
            .iter_mut()
            .zip(own)
            .for_each(|(all, own)| all.extend(own));
    }
    for (name, covered) in ["emitted", "executed"].into_iter().zip(covered) {
        let missing: Vec<String> = Opcode::implemented()
            .filter(|op| !covered.contains(op))
            .map(|op| op.name())
            .collect();
        assert!(missing.is_empty(), "not {name}: {missing:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_case_and_always_the_same(
        bytes in proptest::collection::vec(any::<u8>(), 0..3000)
    ) {
        let case = from_bytes(&bytes, Proposals::All);
        prop_assert!(generator_of(&case.name).is_some());
        if !case.is_of_components() {
            prop_assert!(Module::new(case.main_module(), FEATURES).is_ok());
        }
        prop_assert_eq!(case, from_bytes(&bytes, Proposals::All));
    }
}
