//! Holds every claim of the official scripts that needs no execution against an
//! independent validator: what they instantiate is valid, what they call malformed or invalid is
//! rejected. What does not hold is exactly what [`KNOWN_INCONSISTENT`] says validation shows.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_spec_tests::{
    CommandKind, KNOWN_INCONSISTENT, ModuleSource, SUITES, ScriptFile, Selection, ShownBy,
};
use wasmparser::{Validator, WasmFeatures};

/// What a command says about its module, whatever happens when it runs.
enum Claim<'a> {
    Valid(&'a ModuleSource),
    Rejected(&'a ModuleSource),
}

fn claim(kind: &CommandKind) -> Option<Claim<'_>> {
    match kind {
        CommandKind::Module { module, .. }
        | CommandKind::ModuleDefinition { module, .. }
        | CommandKind::AssertUninstantiable { module, .. }
        | CommandKind::AssertUnlinkable { module, .. } => Some(Claim::Valid(module)),
        CommandKind::AssertMalformed { module, .. } | CommandKind::AssertInvalid { module, .. } => {
            Some(Claim::Rejected(module))
        }
        _ => None,
    }
}

/// What the text parser and the validator say about a module.
fn validate(module: &ModuleSource, features: WasmFeatures) -> Result<(), String> {
    match module {
        ModuleSource::BadText { error } => Err(error.clone()),
        ModuleSource::Binary(bytes) => Validator::new_with_features(features)
            .validate_all(bytes)
            .map(drop)
            .map_err(|error| error.to_string()),
    }
}

/// Counts of claims by kind of command, and those that do not hold, each with the finding.
#[derive(Default)]
struct Outcome {
    counts: BTreeMap<&'static str, u32>,
    failures: BTreeMap<(String, u32), String>,
}

impl Outcome {
    fn of(files: impl Iterator<Item = ScriptFile>) -> Self {
        let mut outcome = Outcome::default();
        for file in files {
            outcome.check(&file);
        }
        outcome
    }

    fn check(&mut self, file: &ScriptFile) {
        let script = file.parse().expect("an official script parses");
        for command in &script.commands {
            let Some(claim) = claim(&command.kind) else {
                continue;
            };
            *self.counts.entry(command.kind.name()).or_default() += 1;
            let finding = match claim {
                Claim::Valid(module) => validate(module, script.features).err(),
                Claim::Rejected(module) => validate(module, script.features)
                    .is_ok()
                    .then(|| "it was accepted".to_owned()),
            };
            if let Some(finding) = finding {
                let name = command.kind.name();
                let key = (script.name.clone(), command.line);
                self.failures.insert(key, format!("{name}: {finding}"));
            }
        }
    }
}

#[test]
fn exactly_the_known_inconsistent_assertions_do_not_hold() {
    let mut failures = BTreeMap::new();
    for suite in &SUITES {
        let outcome = Outcome::of(suite.scripts());
        println!("{}: {:?}", suite.name, outcome.counts);
        failures.extend(outcome.failures);
    }

    let known: BTreeSet<(String, u32)> = KNOWN_INCONSISTENT
        .iter()
        .filter(|row| row.shown_by == ShownBy::Validation)
        .map(|row| (row.script.to_owned(), row.line))
        .collect();
    let unlisted: Vec<_> = failures
        .iter()
        .filter(|(key, _)| !known.contains(key))
        .collect();
    let holding: Vec<_> = known
        .iter()
        .filter(|key| !failures.contains_key(key))
        .collect();

    assert!(
        unlisted.is_empty(),
        "not listed and does not hold: {unlisted:#?}"
    );
    assert!(
        holding.is_empty(),
        "listed, but holds or is not there: {holding:#?}"
    );
}

#[test]
fn all_static_claims_of_webassembly_2_hold() {
    let outcome = Outcome::of(Selection::Wasm2.scripts());
    for (kind, count) in &outcome.counts {
        println!("{kind:>22} {count:6}");
    }
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    let count = |kind| outcome.counts.get(kind).copied().unwrap_or(0);
    assert!(count("assert_malformed") > 1_000 && count("assert_invalid") > 1_000);
}

#[test]
fn known_inconsistent_rows_are_distinct_and_have_reasons() {
    let rows: BTreeSet<_> = KNOWN_INCONSISTENT
        .iter()
        .map(|row| (row.script, row.line))
        .collect();
    assert_eq!(rows.len(), KNOWN_INCONSISTENT.len());
    assert!(KNOWN_INCONSISTENT.iter().all(|row| !row.reason.is_empty()));
}
