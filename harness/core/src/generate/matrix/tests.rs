use super::trial::{self, Trial};
use lockstep_oracles::opcode::Opcode;
use std::collections::BTreeSet;

fn trials() -> Vec<Trial> {
    let modules = (0..800).map(|seed| {
        let features = trial::features(seed);
        let data = trial::data(seed, 4096);
        let module = super::module(&mut arbitrary::Unstructured::new(&data), features);
        (module.unwrap(), features)
    });
    modules
        .map(|(wasm, features)| trial::run(&wasm, features))
        .collect()
}

#[test]
fn every_opcode_is_generated_and_executed() {
    let trials = trials();
    for (name, opcodes) in [
        (
            "generated",
            trials.iter().map(|t| &t.present).collect::<Vec<_>>(),
        ),
        ("executed", trials.iter().map(|t| &t.executed).collect()),
    ] {
        let covered: BTreeSet<Opcode> = opcodes.into_iter().flatten().copied().collect();
        let missing: Vec<String> = Opcode::implemented()
            .filter(|op| !covered.contains(op))
            .map(|op| op.name())
            .collect();
        assert!(missing.is_empty(), "not {name}: {missing:?}");
    }
}

#[test]
fn most_calls_return_and_execute_something() {
    let trials = trials();
    let calls: u32 = trials.iter().map(|trial| trial.calls).sum();
    let traps: usize = trials.iter().map(|trial| trial.traps.len()).sum();
    assert!(traps as u32 * 5 < calls, "{traps} of {calls}");
    let points = trials.iter().map(|trial| trial.points).collect();
    let median = trial::median(points);
    assert!(median > 200, "{median}");
    let longest = trials.iter().map(|trial| trial.longest).max();
    assert!(longest < Some(2_000), "{longest:?}");
}

#[test]
fn any_data_makes_a_valid_module() {
    for length in [0, 1, 7, 50, 300, 1000] {
        for seed in 0..40 {
            let features = trial::features(seed);
            let data = trial::data(seed, length);
            let wasm = super::module(&mut arbitrary::Unstructured::new(&data), features).unwrap();
            trial::run(&wasm, features);
        }
    }
}

#[test]
fn the_same_data_makes_the_same_module() {
    let data = trial::data(1, 2000);
    let features = trial::features(1);
    let module = || super::module(&mut arbitrary::Unstructured::new(&data), features).unwrap();
    assert_eq!(module(), module());
}
