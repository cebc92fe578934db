//! A case is executed as far as it is asked for: so what came before a worker's end is found again.

use lockstep::campaign::perform::perform;
use lockstep::campaign::protocol::{Request, What, Wishes};
use lockstep::case::{CaseReport, Cuts, Status};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// The second call is not what is expected; the first two commands make the instance.
const CASE: &str = include_str!("../cases/ends-at-the-third.toml");

/// The same case, executed as far as this.
fn cut(cuts: Cuts) -> CaseReport {
    let directory = TempDir::new().unwrap();
    let path: PathBuf = directory.path().join("a.toml");
    fs::write(&path, CASE).unwrap();
    let request = Request {
        cuts,
        ..Request::of(What::File(path), Wishes::default())
    };
    perform(&request, &mut |_| {}).unwrap()
}

#[test]
fn a_case_is_executed_as_far_as_each_execution_goes() {
    let passed = |report: &CaseReport| report.count(|status| *status == Status::Passed);
    let left_out = |report: &CaseReport| report.count(|s| matches!(s, Status::NotRun(_)));
    let both = |instrumented, uninstrumented| {
        let report = cut(Cuts {
            instrumented,
            uninstrumented,
        });
        let counts = (passed(&report), left_out(&report));
        (counts, report.tally.sequence_points)
    };
    assert_eq!(both(Some(3), Some(3)), ((3, 3), 2));
    // The instrumented execution is whole.
    let (counts, points) = both(None, Some(3));
    assert_eq!((counts, points), ((3, 2), both(None, None).1));
    let (counts, points) = both(Some(4), Some(0));
    assert_eq!((counts, points), ((0, 5), 4));
}
