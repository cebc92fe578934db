//! Pins what the official scripts hold, so that a new version of the data, or of the parser,
//! cannot take a directive away unseen.

use std::collections::BTreeMap;
use std::fmt::Write;

use lockstep_spec_tests::{CommandKind, Pattern, SUITES, Script, ScriptError, Selection, Suite};

/// One line a kind of command, then the total.
fn counts(suite: &str) -> String {
    let suite = Suite::by_name(suite).expect("the suite exists");
    let mut counts = BTreeMap::<_, usize>::new();
    for file in suite.scripts() {
        for command in file.parse().expect("it parses").commands {
            *counts.entry(command.kind.name()).or_default() += 1;
        }
    }
    let mut table = String::new();
    let total = counts.values().sum();
    for (kind, count) in counts.iter().chain([(&"total", &total)]) {
        writeln!(table, "{kind:<22}{count:>6}").expect("a string can be written");
    }
    table
}

#[test]
fn wasm_v2_directives_by_kind() {
    insta::assert_snapshot!(counts("wasm-v2"));
}

#[test]
fn simd_directives_by_kind() {
    insta::assert_snapshot!(counts("simd"));
}

#[test]
fn suites_by_size() {
    let mut table = String::new();
    for suite in &SUITES {
        let scripts: Vec<Script> = suite
            .scripts()
            .filter_map(|file| file.parse().ok())
            .collect();
        let commands = || scripts.iter().flat_map(|script| &script.commands);
        let assertions = commands().filter(|command| command.kind.is_assertion());
        writeln!(
            table,
            "{:<38}{:>3} scripts {:>6} commands {:>6} assertions",
            suite.name,
            scripts.len(),
            commands().count(),
            assertions.count(),
        )
        .expect("a string can be written");
    }
    insta::assert_snapshot!(table);
}

/// What a script has that is not translated, one line each.
fn gaps(script: &Script) -> Vec<String> {
    let at = |line| format!("{}:{line}", script.name);
    let mut gaps = Vec::new();
    for command in &script.commands {
        match &command.kind {
            CommandKind::Unsupported { directive, reason } => {
                gaps.push(format!("{}: {directive}: {reason}", at(command.line)));
            }
            CommandKind::AssertReturn { expected, .. } => {
                let others = expected.iter().filter_map(|pattern| match pattern {
                    Pattern::Other(name) => Some(name),
                    _ => None,
                });
                gaps.extend(others.map(|name| format!("{}: pattern {name}", at(command.line))));
            }
            _ => {}
        }
    }
    gaps
}

#[test]
fn every_directory_is_translated_without_a_gap() {
    let gaps: Vec<_> = Selection::All
        .scripts()
        .flat_map(|file| match file.parse() {
            Ok(script) => gaps(&script),
            Err(error) => vec![error.to_string()],
        })
        .collect();
    insta::assert_snapshot!(gaps.join("\n"), @"");
}

#[test]
fn a_script_cut_short_is_an_error_with_a_place_or_a_shorter_script() {
    for file in Selection::Wasm2.scripts().step_by(7) {
        for cut in 1..40 {
            let end = file
                .text
                .floor_char_boundary(file.text.len().min(40_000) * cut / 40);
            let text = &file.text[..end];
            match lockstep_spec_tests::parse_script(&file.name, text, file.features) {
                Ok(_) | Err(ScriptError::Syntax { .. }) => {}
                Err(other) => panic!("cut at {end}: {other}"),
            }
        }
    }
}
