//! `harness/docs/scenarios.md` says which rules and cases do what Wasmtime's own tests do: each of them is there.

use lockstep_core::rules::RuleId;
use std::path::Path;

#[test]
fn every_rule_and_case_that_is_named_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("harness/docs/scenarios.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ")).skip(2);
    let mut counts = (0, 0);
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let [_, rules, places] = cells[..] else {
            panic!("three cells: {row}")
        };
        for name in words(rules) {
            let known = RuleId::ALL.iter().any(|rule| rule.id() == name);
            assert!(known, "no rule {name}: {row}");
            counts.0 += 1;
        }
        for file in words(places).filter(|word| word.ends_with(".toml")) {
            assert!(root.join("fuzz/regressions").join(file).is_file(), "{file}");
            counts.1 += 1;
        }
    }
    assert!(counts.0 > 20 && counts.1 > 10, "{counts:?}");
}

/// What is between backquotes.
fn words(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}
