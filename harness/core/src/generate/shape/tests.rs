use super::super::FEATURES;
use super::super::matrix::trial::{self, Trial};
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::trap::Trap;
use std::collections::BTreeSet;

fn wasm(seed: u64, length: usize) -> Vec<u8> {
    let data = trial::data(seed, length);
    super::module(
        &mut arbitrary::Unstructured::new(&data),
        trial::features(seed),
    )
    .unwrap()
}

fn run(seed: u64, length: usize) -> Trial {
    trial::run(&wasm(seed, length), trial::features(seed))
}

fn trials() -> Vec<Trial> {
    (0..800).map(|seed| run(seed, 6000)).collect()
}

#[test]
fn programs_end_soon_and_most_calls_return() {
    let trials = trials();
    let calls: u32 = trials.iter().map(|trial| trial.calls).sum();
    let traps: usize = trials.iter().map(|trial| trial.traps.len()).sum();
    assert!(traps as u32 * 4 < calls, "{traps} of {calls}");
    assert!(traps > 50, "{traps}");
    let median = trial::median(trials.iter().map(|trial| trial.points).collect());
    assert!(median > 200, "{median}");
    let longest = trials.iter().map(|trial| trial.longest).max();
    assert!(longest < Some(5_000), "{longest:?}");
    println!("{calls} calls, {traps} traps, median {median}, longest {longest:?}");
}

#[test]
fn little_data_makes_programs_too() {
    let points = (0..100).map(|seed| run(seed, 1_000).points);
    let median = trial::median(points.collect());
    assert!(median > 200, "{median}");
}

#[test]
fn stacks_are_deep_and_every_trap_comes() {
    let trials = trials();
    let deep = trials.iter().filter(|trial| trial.operands >= 30).count();
    assert!(deep > trials.len() / 4, "{deep}");
    let called = trials.iter().filter(|trial| trial.depth >= 4).count();
    assert!(called > trials.len() / 8, "{called}");
    let traps: BTreeSet<&str> = trials
        .iter()
        .flat_map(|trial| &trial.traps)
        .map(|(trap, _)| trap.message())
        .collect();
    // These two are not asked of the shapes.
    let never = [Trap::NullI31Reference, Trap::NullExceptionReference];
    let every = Trap::ALL.into_iter().filter(|trap| !never.contains(trap));
    for trap in every {
        assert!(traps.contains(trap.message()), "{trap} ({trap:?})");
    }
}

#[test]
fn control_of_every_kind_is_executed() {
    let trials = trials();
    for opcode in [
        Opcode::Block,
        Opcode::Loop,
        Opcode::If,
        Opcode::Else,
        Opcode::Br,
        Opcode::BrIf,
        Opcode::BrTable,
        Opcode::Return,
        Opcode::Call,
        Opcode::CallIndirect,
        Opcode::MemoryGrow,
        Opcode::TableGrow,
        Opcode::ReturnCall,
        Opcode::ReturnCallIndirect,
        Opcode::ReturnCallRef,
        Opcode::CallRef,
        Opcode::TryTable,
        Opcode::Throw,
        Opcode::ThrowRef,
        Opcode::BrOnCast,
        Opcode::BrOnNull,
        Opcode::RefEq,
    ] {
        let count = trials
            .iter()
            .filter(|t| t.executed.contains(&opcode))
            .count();
        assert!(count > 15, "{}: {count}", opcode.name());
    }
}

#[test]
fn exceptions_are_caught_and_not_caught() {
    let trials = trials();
    let with = trials
        .iter()
        .filter(|t| t.executed.contains(&Opcode::Throw));
    let with = with.count() as u32;
    let caught: u32 = trials.iter().map(|trial| trial.caught).sum();
    let uncaught: u32 = trials.iter().map(|trial| trial.uncaught).sum();
    println!("{with} modules throw: {caught} caught, {uncaught} not");
    assert!(with > 100 && caught > 2 * with && uncaught > 20);
    assert!(caught > 2 * uncaught, "{caught} and {uncaught}");
}

#[test]
fn programs_end_in_every_way_frames_in() {
    let trials: Vec<Trial> = (0..600)
        .map(|seed| {
            let data = trial::data(seed, 3000);
            let features = trial::features(seed);
            let mut u = arbitrary::Unstructured::new(&data);
            trial::run(&super::ending(&mut u, features).unwrap(), features)
        })
        .collect();
    let calls: u32 = trials.iter().map(|trial| trial.calls).sum();
    let traps: usize = trials.iter().map(|trial| trial.traps.len()).sum();
    assert!(traps as u32 * 6 > calls, "{traps} of {calls}");
    let deep = trials.iter().filter(|trial| trial.depth >= 4).count();
    assert!(deep > trials.len() / 2, "{deep}");
    let caught: u32 = trials.iter().map(|trial| trial.caught).sum();
    let uncaught: u32 = trials.iter().map(|trial| trial.uncaught).sum();
    assert!(caught > 50 && uncaught > 100, "{caught} and {uncaught}");
    let seen: BTreeSet<&str> = trials
        .iter()
        .flat_map(|trial| &trial.traps)
        .map(|(trap, _)| trap.message())
        .collect();
    assert!(seen.len() > 16, "{seen:?}");
    // A few go deep.
    let longest = trials.iter().map(|trial| trial.longest).max();
    assert!(longest < Some(100_000), "{longest:?}");
    println!("{calls} calls, {traps} traps, {caught} caught, {uncaught} not, longest {longest:?}");
}

#[test]
fn any_data_makes_a_valid_module() {
    for length in [0, 1, 7, 50, 300, 1000, 20_000] {
        for seed in 0..40 {
            run(seed, length);
            let data = trial::data(seed, length);
            let features = trial::features(seed);
            for make in [super::ending, super::exhausting] {
                let mut u = arbitrary::Unstructured::new(&data);
                let wasm = make(&mut u, features).unwrap();
                lockstep_oracles::module::Module::new(&wasm, features).unwrap();
            }
        }
    }
}

#[test]
fn the_same_data_makes_the_same_module() {
    assert_eq!(wasm(1, 3000), wasm(1, 3000));
}

/// Objects in every place are asked for their numbers, and the programs return.
#[test]
fn what_one_place_keeps_is_asked_for() {
    let trials: Vec<Trial> = (0..400)
        .map(|seed| {
            let features = [FEATURES, WasmFeatures::WASM3][seed as usize % 2];
            let data = trial::data(seed, 6000);
            let wasm = super::keeping(&mut arbitrary::Unstructured::new(&data), features);
            trial::run(&wasm.unwrap(), features)
        })
        .collect();
    let calls: u32 = trials.iter().map(|trial| trial.calls).sum();
    let traps: usize = trials.iter().map(|trial| trial.traps.len()).sum();
    assert!(traps as u32 * 10 < calls, "{traps} of {calls}");
    for opcode in [
        Opcode::GlobalGet,
        Opcode::TableGet,
        Opcode::TableInit,
        Opcode::ArrayGet,
        Opcode::StructGet,
        Opcode::AnyConvertExtern,
        Opcode::ThrowRef,
    ] {
        let ran = trials
            .iter()
            .filter(|trial| trial.executed.contains(&opcode));
        let ran = ran.count();
        assert!(ran > trials.len() / 8, "{opcode:?}: {ran}");
    }
}
