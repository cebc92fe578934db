//! Cases that end the process: this program runs all of them in one.

use crate::options::On;
use lockstep::configuration::Target;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// Numbers of the first cases of a seed of which a worker process has no report, on Pulley: there events change
/// registers, and on 42 also those that hold addresses (`PULLEY-REGISTERS`).
pub(crate) fn fatal(seed: u64, on: On, count: u64) -> BTreeSet<u64> {
    if on.target == Target::Native {
        return BTreeSet::new();
    }
    let ran = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(["run", "--only", "generated", "--proposals", "all"])
        .args(["--config", "target=pulley64", "--format", "json"])
        .args(["--seed", &seed.to_string(), "--cases", &count.to_string()])
        .args(["--subject", &on.subject.release().to_string()])
        .output()
        .expect("the program runs");
    let text = String::from_utf8(ran.stdout).expect("its output is text");
    text.lines().filter_map(without_report).collect()
}

/// The number of the case that a line is about, if nothing of it was run.
fn without_report(line: &str) -> Option<u64> {
    let object: Value = serde_json::from_str(line).ok()?;
    let mut undecided = object["undecided"].as_array()?.iter();
    let is_whole = undecided.any(|entry| entry["kind"] == "case");
    let name = object["case"].as_str().filter(|_| is_whole)?;
    name.rsplit('/').next()?.parse().ok()
}
