//! What the targets share: how a finding ends one, and the referee of the oracle.

pub mod referee;

use libfuzzer_sys::Corpus;
use lockstep::fuzzing::{Failure, Judged};
// Links the engine in, which registers itself.
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use subject as _;

/// Where the case files of findings go, beside libFuzzer's own artifacts.
pub fn keep() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/artifacts/cases"))
}

/// Takes back libFuzzer's hook, which ends the process at every panic: Lockstep catches the subject's
/// and judges them. A panic that leaves a target still ends the process.
pub fn leave_panics_to_lockstep() {
    drop(std::panic::take_hook());
}

/// Cases that were rejected, by the hazard.
static REJECTED: Mutex<BTreeMap<&'static str, u64>> = Mutex::new(BTreeMap::new());

/// Ends a target: a rejected case is counted and not kept in the corpus.
///
/// # Panics
///
/// With the report, if there is a finding: that is how libFuzzer learns of it.
pub fn settle(result: Result<Judged, Failure>) -> Corpus {
    match result {
        Ok(Judged::Fine) => Corpus::Keep,
        Ok(Judged::Rejected(hazard)) => {
            count(hazard.id());
            Corpus::Reject
        }
        Err(failure) => panic!("{failure}"),
    }
}

/// Counts a rejected case. libFuzzer ends without a word to the target, so the count is told
/// whenever it has doubled.
fn count(hazard: &'static str) {
    let Ok(mut rejected) = REJECTED.lock() else {
        return;
    };
    let number = rejected.entry(hazard).or_insert(0);
    *number += 1;
    if number.is_power_of_two() {
        eprintln!("rejected before the subject ran: {number} cases ({hazard})");
    }
}
