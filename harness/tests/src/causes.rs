//! What the tests of each version's causes share.

use lockstep::case::{CaseReport, run_case_on};
use lockstep::causes::Cause;
use lockstep::corpus;
use lockstep_subject::VERSION;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Defines the tests, and a table of the causes they are about: `TESTS`.
#[macro_export]
macro_rules! causes {
    ($($cause:ident => $test:ident $body:block)*) => {
        pub(crate) const TESTS: &[(Cause, &str)] = &[$((Cause::$cause, stringify!($test)),)*];
        $(#[test] fn $test() $body)*
    };
}

/// Every cause that the version has is in one of these tables, with the test that its row names.
pub fn assert_complete(tables: &[&[(Cause, &str)]]) {
    let own = Cause::ALL.iter().filter(|cause| cause.is_of(VERSION));
    let causes: BTreeSet<(Cause, &str)> = own.map(|cause| (*cause, cause.row().test)).collect();
    assert_eq!(causes, tables.iter().copied().flatten().copied().collect());
}

/// A file of the regression corpus.
pub fn corpus_file(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/regressions");
    root.join(name)
}

/// The report of a corpus case that its expectation holds for.
pub fn agreeing(name: &str) -> CaseReport {
    let loaded = corpus::load(&corpus_file(name)).unwrap();
    let report = run_case_on(VERSION, &loaded.case).unwrap();
    let judged = loaded.expect.judge(&report, VERSION);
    judged.unwrap_or_else(|message| panic!("{message}: {report:#?}"));
    report
}

/// The same of a case in which the cause matched.
pub fn explained(name: &str, cause: Cause) -> CaseReport {
    let report = agreeing(name);
    assert!(report.known.contains_key(&cause), "{report:#?}");
    report
}
