//! One script a mistake of our own that was found: each must run without an unexplained divergence.

use lockstep::case::{CaseOptions, Status, run};
use lockstep_oracles::WasmFeatures;
use lockstep_spec_tests::parse_dir;
use std::path::Path;

#[test]
fn regressions_stay_fixed() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions");
    for script in parse_dir(dir, WasmFeatures::WASM2).expect("the scripts parse") {
        let report = run(&script, &CaseOptions::default()).expect("the engine runs");
        assert!(
            report.divergences.is_empty(),
            "{}: {:#?}",
            script.name,
            report.divergences
        );
        for command in &report.commands {
            assert_eq!(
                command.status,
                Status::Passed,
                "{} line {}",
                script.name,
                command.line
            );
        }
        assert!(report.tally.sequence_points > 0, "{}", script.name);
    }
}
