//! Cases that this program cannot run: all of them are run in one process, with a layer that looks at every stack.
//!
//! Some end the process: on Pulley events change registers, and on 42 also those that hold addresses
//! (`PULLEY-REGISTERS`). From 46 on a look at a stack leaves references to be traced, so that the engine collects
//! where `STARTUP-ROOT` corrupts its heap; of these looks the driver does not know. That it is the layer, and not the
//! case, is held: without it each must be clean, in a process of its own.

use crate::jobs::in_order;
use crate::options::On;
use lockstep::configuration::Target;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::process::{Command, Stdio};
use std::thread;

/// What a survey prints before a case is run, with its number.
pub(crate) const BEGINS: &str = "begins";

/// What it prints of a case in which something differs.
pub(crate) const DIFFERS: &str = "differs";

/// What it prints behind its last case.
pub(crate) const ENDS: &str = "ends";

/// Numbers of the first cases of a seed that end the process, or differ, although the subject has no fault.
pub(crate) fn fatal(seed: u64, on: On, count: u64) -> BTreeSet<u64> {
    if on.target == Target::Native && on.subject.release() < 46 {
        return BTreeSet::new();
    }
    let middle = count / 2;
    let (mut first, second) = thread::scope(|scope| {
        let first = scope.spawn(|| surveyed(seed, on, 0..middle));
        let second = surveyed(seed, on, middle..count);
        (first.join().expect("the survey goes on"), second)
    });
    first.extend(second);
    first
}

/// What is wrong with these cases without the layer, each in a process of its own.
pub(crate) fn unclean_without_layer(
    seed: u64,
    on: On,
    cases: &BTreeSet<u64>,
    threads: NonZeroUsize,
) -> Vec<String> {
    let cases: Vec<u64> = cases.iter().copied().collect();
    let mut complaints = Vec::new();
    let plainly = |number: &u64| {
        let mut command = this_program(seed, on);
        let output = command.args(["--plain", &number.to_string()]).output();
        let output = output.expect("this program runs");
        (!output.status.success()).then(|| {
            let said = String::from_utf8_lossy(&output.stdout);
            format!(
                "case {number} without the layer: {}: {}",
                output.status,
                said.trim()
            )
        })
    };
    let keep = |complaint| {
        complaints.extend(complaint);
        Ok(())
    };
    in_order(&cases, threads, plainly, keep).expect("the threads start");
    complaints
}

/// This program, on these cases.
fn this_program(seed: u64, on: On) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command
        .args(["--seed", &seed.to_string()])
        .args(["--subject", &on.subject.release().to_string()])
        .args((on.target == Target::Pulley64).then_some("--pulley"));
    command
}

/// Surveys these cases in processes of their own; behind a case that ends one the next goes on.
fn surveyed(seed: u64, on: On, cases: Range<u64>) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    let mut next = cases.start;
    while next < cases.end {
        let mut command = this_program(seed, on);
        command.args(["--survey", &format!("{next}..{}", cases.end)]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut survey = command.spawn().expect("this program runs");
        let output = BufReader::new(survey.stdout.take().expect("it is piped"));
        // The case that is run, until the next begins.
        let mut running = None;
        for line in output.lines().map_while(Result::ok) {
            match line.split_once(' ') {
                Some((BEGINS, number)) => running = number.parse().ok(),
                Some((DIFFERS, number)) => found.extend(number.parse::<u64>()),
                _ if line == ENDS => running = None,
                _ => {}
            }
        }
        survey.wait().expect("it has ended");
        let Some(ended) = running else {
            break;
        };
        found.insert(ended);
        next = ended + 1;
    }
    found
}
