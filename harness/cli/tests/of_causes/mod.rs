//! What the tests of each version's causes have in common.

use lockstep::case::{CaseReport, run_case_on};
use lockstep::causes::Cause;
use lockstep::corpus;
use lockstep::version::Version;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Defines the tests, and a table of the causes they are about.
macro_rules! causes {
    ($($cause:ident => $test:ident $body:block)*) => {
        const TESTS: &[(Cause, &str)] = &[$((Cause::$cause, stringify!($test)),)*];
        $(#[test] fn $test() $body)*
    };
}

/// Every cause that the version has is one of the table's, with the test that its row names.
pub(crate) fn assert_complete(subject: Version, tests: &[(Cause, &str)]) {
    let own = Cause::ALL.iter().filter(|cause| cause.is_of(subject));
    let causes: BTreeSet<(Cause, &str)> = own.map(|cause| (*cause, cause.row().test)).collect();
    assert_eq!(causes, tests.iter().copied().collect());
}

/// A file of the regression corpus.
pub(crate) fn corpus_file(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/regressions");
    root.join(name)
}

/// The report of a corpus case that its expectation holds for.
pub(crate) fn agreeing(subject: Version, name: &str) -> CaseReport {
    let loaded = corpus::load(&corpus_file(name)).unwrap();
    let report = run_case_on(subject, &loaded.case).unwrap();
    let judged = loaded.expect.judge(&report, subject);
    judged.unwrap_or_else(|message| panic!("{message}: {report:#?}"));
    report
}

/// The same of a case in which the cause matched.
pub(crate) fn explained(subject: Version, name: &str, cause: Cause) -> CaseReport {
    let report = agreeing(subject, name);
    assert!(report.known.contains_key(&cause), "{report:#?}");
    report
}

/// The outcome of a future that nothing else wakes.
pub(crate) fn block_on<R>(future: impl Future<Output = R>) -> R {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result;
        }
    }
}
